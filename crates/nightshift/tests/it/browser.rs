//! Headless Chromium, told what to do over a pipe in the protocol of its developer tools: nothing in between.

use anyhow::{Context, Result, bail, ensure};
use nix::unistd::geteuid;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

use crate::bed::POLL;

/// How long anything in a page may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    last_id: u64,
    session: String,
    complaints: Vec<String>,
    _profile: TempDir,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dark: bool,
}

pub(crate) const DESKTOP: Look = Look {
    width: 1440,
    height: 900,
    dark: false,
};

pub(crate) const PHONE: Look = Look {
    width: 390,
    height: 844,
    dark: false,
};

impl Browser {
    /// Starts Debian's Chromium.
    pub(crate) fn start() -> Result<Self> {
        let profile = tempfile::Builder::new().prefix("console-test-").tempdir()?;
        // Chromium reads commands from descriptor 3 and writes to 4, each message ended by a NUL.
        let plumbing = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;
        let mut command = Command::new("/bin/sh");
        command
            .args([
                "-c",
                plumbing,
                "chromium",
                "--headless=new",
                "--remote-debugging-pipe",
            ])
            .args([
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
            ])
            .args([
                "--no-first-run",
                "--disable-background-networking",
                "--lang=en",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if geteuid().is_root() {
            // Its sandbox refuses to run as root.
            command.arg("--no-sandbox");
        }
        let mut child = command.spawn()?;
        let to = child.stdin.take().context("its input")?;
        let from = listen(BufReader::new(child.stdout.take().context("its output")?));
        let mut browser = Self {
            child,
            to,
            from,
            last_id: 0,
            session: String::new(),
            complaints: vec![],
            _profile: profile,
        };
        browser
            .open_page()
            .context("drive `chromium`; `make setup` installs it where it is missing")?;
        Ok(browser)
    }

    fn open_page(&mut self) -> Result<()> {
        let target = self.call("Target.createTarget", &json!({ "url": "about:blank" }))?;
        let to = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", &to)?;
        self.session = text(&attached["sessionId"])?;
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), &json!({}))?;
        }
        Ok(())
    }

    /// Opens an address, and waits until the page says that it is ready.
    pub(crate) fn open(&mut self, url: &str) -> Result<()> {
        self.call("Page.navigate", &json!({ "url": url }))?;
        self.until("document.body?.dataset.ready === 'yes'")
    }

    pub(crate) fn look(&mut self, look: Look) -> Result<()> {
        let Look {
            width,
            height,
            dark,
        } = look;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", &size)?;
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", &media)?;
        Ok(())
    }

    /// The value of a JavaScript expression; promises are waited for.
    pub(crate) fn value(&mut self, expression: &str) -> Result<Value> {
        let how = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", &how)?;
        ensure!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {}",
            answer["exceptionDetails"]
        );
        Ok(answer["result"]["value"].clone())
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&mut self, expression: &str) -> Result<()> {
        let begun = Instant::now();
        while self.value(expression)? != true {
            if begun.elapsed() > DEADLINE {
                let page = self.value("document.body.innerText")?;
                bail!(
                    "never true: {expression}\nconsole: {:#?}\npage: {page}",
                    self.complaints
                );
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Presses what a selector finds, with the mouse.
    pub(crate) fn press(&mut self, selector: &str) -> Result<()> {
        // Nobody presses what still moves: two frames must show it in one place.
        let place = self.value(&format!(
            "(async () => {{ const one = document.querySelector({selector:?}); let before = null;
             for (;;) {{ one.scrollIntoView({{block: 'center', behavior: 'instant'}}); await new Promise(requestAnimationFrame);
             const box = one.getBoundingClientRect(); const at = [box.x + box.width / 2, box.y + box.height / 2];
             if (before && before[0] === at[0] && before[1] === at[1]) return at; before = at; }} }})()"
        ))?;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &event)?;
        }
        Ok(())
    }

    /// Presses a key on the keyboard, such as `Tab` or `Enter`.
    pub(crate) fn key(&mut self, key: &str) -> Result<()> {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            " " => (32, " "),
            _ => bail!("no code for the key {key}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", &event)?;
        }
        Ok(())
    }

    /// Writes what the page looks like, all of it, into the build's folder for temporary files.
    pub(crate) fn photograph(&mut self, name: &str) -> Result<()> {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let how = json!({ "format": "png", "captureBeyondViewport": true });
        let shot = self.call("Page.captureScreenshot", &how)?;
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("console");
        fs::create_dir_all(&folder)?;
        let png = STANDARD.decode(text(&shot["data"])?)?;
        Ok(fs::write(folder.join(format!("{name}.png")), png)?)
    }

    /// What went wrong in the page so far: exceptions, `console.error`, requests that failed.
    pub(crate) fn complaints(&mut self) -> Result<&[String]> {
        // What happened before this answer has been told before it.
        self.value("0")?;
        Ok(&self.complaints)
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Result<Value> {
        self.last_id += 1;
        let mut message = json!({ "id": self.last_id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes())?;
        self.to.flush()?;
        loop {
            let message = self
                .from
                .recv_timeout(DEADLINE)
                .with_context(|| format!("wait for {method}"))?;
            if message["id"] == self.last_id {
                ensure!(message["error"].is_null(), "{method}: {}", message["error"]);
                return Ok(message["result"].clone());
            }
            self.complaints.extend(complaint(&message));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The pipe's end is what it ends by; the rest is for one that hangs.
        let _ = self.call("Browser.close", &json!({}));
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && begun.elapsed() < Duration::from_secs(5)
        {
            thread::sleep(POLL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(mut output: BufReader<std::process::ChildStdout>) -> Receiver<Value> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut message = vec![];
        while output
            .read_until(0, &mut message)
            .is_ok_and(|read| read > 0)
        {
            message.pop();
            let Ok(value) = serde_json::from_slice(&message) else {
                return;
            };
            if sender.send(value).is_err() {
                return;
            }
            message.clear();
        }
    });
    receiver
}

fn complaint(message: &Value) -> Option<String> {
    let parameters = &message["params"];
    match message["method"].as_str()? {
        "Runtime.exceptionThrown" => Some(parameters["exceptionDetails"].to_string()),
        "Runtime.consoleAPICalled"
            if matches!(parameters["type"].as_str()?, "error" | "warning") =>
        {
            Some(parameters["args"].to_string())
        }
        "Log.entryAdded"
            if matches!(parameters["entry"]["level"].as_str()?, "error" | "warning") =>
        {
            Some(parameters["entry"].to_string())
        }
        _ => None,
    }
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().context("a string")?.to_owned())
}
