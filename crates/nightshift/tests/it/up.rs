//! `nightshift up` as a person starts it, with the program `local-gcp` as it is built.

use crate::{
    bed::{self, DEADLINE, POLL, command_lines, said, send},
    programs,
};
use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::{
    fs,
    io::{self, BufRead, BufReader},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command},
    thread,
    time::Instant,
};
use tempfile::TempDir;

/// A running `nightshift up` in a temporary folder of its own.
pub(crate) struct Up {
    child: Child,
    said: BufReader<ChildStdout>,
    /// Read all the time: whoever writes into a pipe that is full stands still.
    errors: Option<thread::JoinHandle<io::Result<String>>>,
    folder: TempDir,
    pub(crate) url: String,
    pub(crate) greeting: String,
}

pub(crate) fn command(folder: &Path, options: &[&str]) -> Result<Command> {
    programs::program("local-gcp")?;
    programs::program("backup")?;
    programs::program("rotate-secrets")?;
    programs::program("scheduled-scaling")?;
    programs::program("budget-guard")?;
    let mut command = bed::nightshift(folder);
    command.arg("up").args(options).env_remove("LOCAL_GCP_PORT");
    Ok(command)
}

impl Up {
    /// Returns once it has said where everything is.
    pub(crate) fn start() -> Result<Self> {
        Self::with(&[])
    }

    /// Its clock stands still, so that nothing is done but what the test asks for: no job of Scheduler comes in between.
    pub(crate) fn stopped() -> Result<Self> {
        Self::with(&["--stopped"])
    }

    fn with(options: &[&str]) -> Result<Self> {
        // When root runs the tests, PostgreSQL runs as somebody else, who has to get through.
        let folder = tempfile::Builder::new()
            .prefix("up-test-")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()?;
        let mut child = command(folder.path(), &[&["--port", "0"], options].concat())?.spawn()?;
        let mut said = BufReader::new(child.stdout.take().context("its output")?);
        let errors = child.stderr.take().context("its errors")?;
        let errors = thread::spawn(move || io::read_to_string(errors));
        let mut greeting = String::new();
        while !greeting.contains("Ctrl-C stops") {
            if said.read_line(&mut greeting)? == 0 {
                let errors = errors.join().ok().context("a reader of its errors")??;
                bail!("it ended after: {greeting}{errors}");
            }
        }
        let url = greeting
            .split_whitespace()
            .find(|word| word.starts_with("http://"));
        let url = url.context("an address")?.trim_end_matches('/').to_owned();
        Ok(Self {
            child,
            said,
            errors: Some(errors),
            folder,
            url,
            greeting,
        })
    }

    /// Sends a request as any client would, and reads the JSON of the answer.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail-with-body", "-X", method]);
        if let Some(body) = body {
            curl.args([
                "-H",
                "content-type: application/json",
                "-d",
                &body.to_string(),
            ]);
        }
        let output = curl.arg(format!("{}{path}", self.url)).output()?;
        ensure!(
            output.status.success(),
            "{method} {path}: {}",
            said(&output)
        );
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{method} {path}: {}", said(&output)))
    }

    /// Files in its folder, and processes that work there or name it.
    fn remains(&self) -> Result<Vec<String>> {
        let mut remains = vec![];
        for entry in fs::read_dir(self.folder.path())? {
            remains.push(entry?.path().display().to_string());
        }
        let folder = self.folder.path().display().to_string();
        remains.extend(
            command_lines()?
                .into_iter()
                .filter(|line| line.contains(&folder)),
        );
        Ok(remains)
    }

    fn wait_until_nothing_remains(&mut self) -> Result<()> {
        self.child.wait()?;
        let begun = Instant::now();
        loop {
            let remains = self.remains()?;
            if remains.is_empty() {
                return Ok(());
            }
            ensure!(begun.elapsed() < DEADLINE, "still there: {remains:#?}");
            thread::sleep(POLL);
        }
    }

    pub(crate) fn ends_with(mut self, signal: Signal) -> Result<()> {
        send(&self.child, signal)?;
        let status = self.child.wait()?;
        ensure!(status.code() == Some(0), "it ended with {status}");
        let mut rest = String::new();
        self.said.read_line(&mut rest)?;
        self.said.read_line(&mut rest)?;
        ensure!(rest.contains("nothing is kept"), "{rest}");
        assert_eq!(self.remains()?, Vec::<String>::new());
        Ok(())
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // In the tests of ends it has been waited for, and its number may be somebody else's.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = send(&self.child, Signal::SIGTERM);
            let _ = self.child.wait();
        }
    }
}

#[test]
fn it_opens_with_a_project_and_ctrl_c_leaves_nothing() -> Result<()> {
    let up = Up::start()?;
    let names = |value: &Value, field: &str| value[field].as_array().map_or(0, Vec::len);
    for (path, field, count) in [
        (
            "/v2/projects/demo/locations/europe-west1/services",
            "services",
            3,
        ),
        (
            "/v2/projects/demo/locations/us-central1/services",
            "services",
            2,
        ),
        (
            "/v2/projects/demo/locations/europe-west1/workerPools",
            "workerPools",
            1,
        ),
        ("/v1/projects/demo/secrets", "secrets", 4),
        ("/v1/projects/demo/locations/europe-west1/jobs", "jobs", 5),
        ("/v1/projects/demo/topics", "topics", 6),
        ("/v1/projects/demo/subscriptions", "subscriptions", 9),
        ("/storage/v1/b?project=demo", "items", 2),
        ("/v1/projects/demo/instances", "items", 3),
    ] {
        assert_eq!(names(&up.ask("GET", path, None)?, field), count, "{path}");
    }
    let billing = up.ask("GET", "/v1/projects/demo/billingInfo", None)?;
    assert_eq!(billing["billingEnabled"], true);
    let service = up.ask(
        "GET",
        "/v2/projects/demo/locations/us-central1/services/search",
        None,
    )?;
    assert_eq!(service["terminalCondition"]["state"], "CONDITION_SUCCEEDED");
    up.ends_with(Signal::SIGINT)
}

#[test]
fn sigterm_ends_it_as_ctrl_c_does() -> Result<()> {
    Up::start()?.ends_with(Signal::SIGTERM)
}

#[test]
fn killed_outright_it_leaves_nothing_after_a_moment() -> Result<()> {
    let mut up = Up::start()?;
    assert!(!up.remains()?.is_empty());
    up.child.kill()?;
    up.wait_until_nothing_remains()
}

#[test]
fn killed_after_its_folder_was_removed_it_leaves_no_process() -> Result<()> {
    let mut up = Up::start()?;
    for entry in fs::read_dir(up.folder.path())? {
        let entry = entry?;
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with("nightshift-up-")
        {
            fs::remove_dir_all(entry.path())?;
        }
    }
    up.child.kill()?;
    up.wait_until_nothing_remains()
}
#[test]
fn an_end_of_local_gcp_is_told_and_ends_it() -> Result<()> {
    let mut up = Up::start()?;
    let folder = up.folder.path().display().to_string();
    let pid = fs::read_dir("/proc")?
        .flatten()
        .map(|entry| entry.path())
        .find(|process| {
            let line = fs::read(process.join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains("local-gcp --port") && line.contains(&folder)
        });
    let pid: i32 = pid
        .and_then(|process| process.file_name()?.to_str()?.parse().ok())
        .context("its process")?;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL)?;
    assert_eq!(up.child.wait()?.code(), Some(1));
    let reading = up.errors.take().context("its errors")?;
    let errors = reading.join().ok().context("a reader of its errors")??;
    assert!(
        errors.contains("error: local-gcp ended by itself with signal: 9"),
        "{errors}"
    );
    assert_eq!(up.remains()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_port_in_use_is_named_with_the_way_out() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    let output = command(folder.path(), &["--port", &port])?.output()?;
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    assert!(
        said.contains(&format!(
            "error: listen on 127.0.0.1:{port}; choose another port with --port"
        )),
        "{said}"
    );
    assert_eq!(fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}

#[test]
fn a_missing_local_gcp_is_named_with_the_command_that_builds_it() -> Result<()> {
    let nowhere = PathBuf::from("/nowhere");
    let output = Command::new(env!("CARGO_BIN_EXE_nightshift"))
        .args(["up", "--port", "0", "--programs"])
        .arg(nowhere)
        .output()?;
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    assert!(
        said.contains("error: no program /nowhere/local-gcp; build it with `cargo build"),
        "{said}"
    );
    Ok(())
}

#[test]
fn the_commands_of_the_greeting_do_what_they_say() -> Result<()> {
    let up = Up::start()?;
    for line in up
        .greeting
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("curl "))
    {
        let output = Command::new("/bin/sh").args(["-c", line]).output()?;
        let answer: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{line}: {}", said(&output)))?;
        assert!(answer["error"].is_null(), "{line}: {answer}");
    }
    // Its rotation was due in the first night, and the last command was given the message.
    let pulled = up.ask("GET", "/_local/journal?api=pubsub.*.pull", None)?;
    let attributes = &pulled[0]["resp"]["receivedMessages"][0]["message"]["attributes"];
    assert_eq!(attributes["eventType"], "SECRET_ROTATE");
    let secret = attributes["secretId"].as_str().unwrap_or_default();
    assert!(secret.ends_with("/secrets/shop-db-password"), "{secret}");
    Ok(())
}

#[test]
fn a_published_command_wakes_backup_with_a_token_and_the_backup_is_in_the_bucket() -> Result<()> {
    let up = Up::start()?;
    let run = json!({ "messages": [{ "data": "eyJjb21tYW5kIjoicnVuIn0=" }] });
    up.ask(
        "POST",
        "/v1/projects/demo/topics/backup-runs:publish",
        Some(run),
    )?;
    let begun = Instant::now();
    loop {
        let objects = up.ask(
            "GET",
            "/storage/v1/b/demo-shop-backups/o?prefix=shop/",
            None,
        )?;
        let objects = objects["items"].as_array().cloned().unwrap_or_default();
        let name = |object: &Value| object["name"].as_str().unwrap_or_default().to_owned();
        if objects
            .iter()
            .any(|object| name(object).ends_with("/manifest.json"))
        {
            return up.ends_with(Signal::SIGINT);
        }
        ensure!(begun.elapsed() < DEADLINE, "no manifest in {objects:#?}");
        thread::sleep(POLL);
    }
}
