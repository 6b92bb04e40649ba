//! The program as a shell, a machine or Cloud Run runs it.

use super::Google;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// After this long a test has failed.
const DEADLINE: Duration = Duration::from_secs(50);

/// A configuration, and a Google for it.
pub(crate) struct Program {
    pub(crate) google: Google,
    folder: TempDir,
}

/// What a run of the program ended with.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A service that is running.
pub(crate) struct Serving {
    child: Child,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    said: Arc<Mutex<String>>,
}

impl Program {
    /// `session-key` and `api-key` with one version each, of kind `random`, with `more` in their tables.
    pub(crate) async fn new(more: &str) -> Self {
        Self::configured("", more).await
    }

    /// The same, with tables of the test's own before those of the secrets.
    pub(crate) async fn configured(tables: &str, more: &str) -> Self {
        let google = Google::start().await;
        let secret = |id: &str, versions: Value| {
            let name = format!("projects/demo/secrets/{id}");
            json!({"name": name, "replication": {"automatic": {}}, "versions": versions})
        };
        google
            .gcp
            .seed(json!({"secretmanager": {"secrets": [
                secret("session-key", json!([{"text": "planted-first-session-key"}])),
                secret("session-key-next", json!([])),
                secret("api-key", json!([{"text": "planted-first-api-key"}])),
                secret("api-key-next", json!([])),
            ]}}))
            .unwrap();
        let number = google
            .project_number("projects/demo/secrets/session-key")
            .await;
        let text = format!(
            "project = \"demo\"\nproject_number = {number}\n{tables}\
             [secrets.session-key]\ntarget.random = {{}}\ngrace = \"0s\"\n{more}\n\
             [secrets.api-key]\ntarget.random = {{}}\ngrace = \"0s\"\n{more}\n"
        );
        Self::with(google, &text)
    }

    /// With a configuration of the test's own.
    pub(crate) fn with(google: Google, config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rotate"), config).unwrap();
        Self { google, folder }
    }

    /// Changes the configuration.
    pub(crate) fn rewrite(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.config()).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(self.config(), text.replace(from, to)).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("rotate")
    }

    /// The program with `arguments`, and with nothing in its environment that the test has not put there.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rotate-secrets"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.config())
            .env_clear()
            .env("HOME", "/nonexistent")
            .env("NO_COLOR", "1")
            .env("NIGHTSHIFT_GCP_ENDPOINT", self.google.url());
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    pub(crate) async fn serve(&self, arguments: &[&str]) -> Serving {
        let mut command = self.command(&["serve", "--log-format", "json"]);
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        let mut serving = Serving::start(command);
        let address = serving.until("serve.started").await["address"].clone();
        serving.url = format!("http://{}", address.as_str().unwrap());
        serving
    }

    /// Pulls a subscription in place of listening.
    pub(crate) async fn pull(&self, subscription: &str) -> Serving {
        let serving = Serving::start(self.command(&[
            "serve",
            "--log-format",
            "json",
            "--pull",
            subscription,
        ]));
        serving.until("pull.started").await;
        serving
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

impl Serving {
    /// Starts the program, and keeps what it says.
    fn start(mut command: Command) -> Self {
        command.stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (kept, lines) = (said.clone(), BufReader::new(child.stderr.take().unwrap()));
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        Self {
            child,
            url: String::new(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            said,
        }
    }

    /// The line of the log that tells this event, once it has come through the pipe.
    pub(crate) async fn until(&self, event: &str) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.said().lines().find_map(|line| {
                let line: Value = serde_json::from_str(line).ok()?;
                (line["event"] == event).then_some(line)
            });
            if let Some(line) = found {
                return line;
            }
            assert!(begun.elapsed() < DEADLINE, "{}", self.said());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asks it to end, and returns its exit code.
    pub(crate) async fn terminate(&mut self) -> Option<i32> {
        let process = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(process), Signal::SIGTERM).unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < DEADLINE, "{}", self.said());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Everything that was logged so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Its number.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) async fn post(&self, body: &Value) -> (u16, Value) {
        let answer = self.http.post(&self.url).json(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
