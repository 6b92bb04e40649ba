//! The real `gcloud`, where it is installed: the commands that people type, with what they print. Its own idea of a regional
//! endpoint (`REGION-` in front of the host) does not resolve, so local-gcp serves as its HTTP proxy, too.

mod auth;
mod billing;
mod pubsub;
mod run;
mod scheduler;
mod secrets;
mod sql;
mod storage;

use crate::support::{Api, Context as _, Result, ensure};
use serde_json::Value;
use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

/// APIs whose endpoints are the server itself.
const APIS: [&str; 6] = [
    "RUN",
    "CLOUDSCHEDULER",
    "SECRETMANAGER",
    "PUBSUB",
    "SQL",
    "CLOUDBILLING",
];

/// gcloud with a configuration of its own.
struct Gcloud {
    home: tempfile::TempDir,
    port: u16,
}

#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests should see what was not tried"
)]
/// `None`, and a line that says so, where there is no gcloud.
fn gcloud(api: &Api) -> Result<Option<Gcloud>> {
    let there = Command::new("gcloud").arg("--version").output();
    if there.is_err() {
        eprintln!("skipped: gcloud is not installed");
        return Ok(None);
    }
    Ok(Some(Gcloud {
        home: tempfile::tempdir()?,
        port: api.gcp.address().port(),
    }))
}

impl Gcloud {
    /// A folder for what commands read and write.
    fn folder(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let endpoint = format!("http://127.0.0.1:{}/", self.port);
        let mut command = Command::new("gcloud");
        command.args(arguments).current_dir(self.folder());
        for api in APIS {
            command.env(format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}"), &endpoint);
        }
        let storage = format!("{endpoint}storage/v1/");
        command
            .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", storage)
            .env("CLOUDSDK_CONFIG", self.folder().join("configuration"))
            .env("CLOUDSDK_PROXY_TYPE", "http")
            .env("CLOUDSDK_PROXY_ADDRESS", "127.0.0.1")
            .env("CLOUDSDK_PROXY_PORT", self.port.to_string())
            .env("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true")
            .env("CLOUDSDK_CORE_PROJECT", "demo")
            .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
            .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true")
            .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true");
        command
    }

    async fn output(&self, arguments: &[&str], input: &[u8]) -> Result<Output> {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let input = input.to_vec();
        let run = move || {
            let mut child = command.spawn()?;
            // Dropped at once: that is the end of the input.
            let stdin = child.stdin.take();
            stdin.map_or(Ok(()), |mut stdin| stdin.write_all(&input))?;
            child.wait_with_output()
        };
        Ok(tokio::task::spawn_blocking(run).await??)
    }

    /// Runs a command that succeeds, and reads what it prints as JSON.
    async fn run(&self, arguments: &[&str]) -> Result<Value> {
        let json = [arguments, &["--format=json"]].concat();
        let printed = self.piped(&json, b"").await?;
        if printed.is_empty() {
            return Ok(Value::Null);
        }
        let shown = String::from_utf8_lossy(&printed);
        serde_json::from_str(&shown).with_context(|| format!("gcloud {arguments:?}: {shown}"))
    }

    /// Runs a command that succeeds and reads `input`; returns what it prints.
    async fn piped(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>> {
        let output = self.output(arguments, input).await?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "gcloud {arguments:?}: {errors}");
        Ok(output.stdout)
    }

    /// Runs a command that fails, and returns what it says.
    async fn fail(&self, arguments: &[&str]) -> Result<String> {
        let output = self.output(arguments, b"").await?;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success(), "gcloud {arguments:?} succeeds");
        ensure!(!errors.contains("gcloud crashed"), "{errors}");
        Ok(errors)
    }
}
