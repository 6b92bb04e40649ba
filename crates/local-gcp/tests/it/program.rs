//! The program itself, as people start it.

use crate::support::{Context as _, Result};
use serde_json::json;
use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};
use tokio::net::TcpSocket;

/// A running `local-gcp`; killed with SIGKILL when dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) url: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Program {
    /// On a port that the system chooses. Returns once it answers.
    pub(crate) fn start(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_local-gcp"))
            .args(["--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        let stdout = child.stdout.take().context("no stdout")?;
        BufReader::new(stdout).read_line(&mut url)?;
        Ok(Self {
            child,
            url: url.trim().to_owned(),
        })
    }

    pub(crate) fn kill(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn whoever_finds_it_ready_finds_all_of_its_seed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let seed = folder.path().join("seed.json");
    let topics: Vec<_> = (0..2000)
        .map(|number| json!({ "name": format!("projects/demo/topics/topic-{number}") }))
        .collect();
    std::fs::write(&seed, json!({ "pubsub": { "topics": topics } }).to_string())?;
    // Bound and not listened on, a port is kept from everybody but who asks for it.
    let held = TcpSocket::new_v4()?;
    held.set_reuseaddr(true)?;
    held.bind("127.0.0.1:0".parse()?)?;
    let port = held.local_addr()?.port().to_string();
    let child = Command::new(env!("CARGO_BIN_EXE_local-gcp"))
        .args(["--port", &port, "--seed"])
        .arg(&seed)
        .stdout(Stdio::null())
        .spawn()?;
    let program = Program {
        child,
        url: format!("http://127.0.0.1:{port}"),
    };
    let last = format!("{}/v1/projects/demo/topics/topic-1999", program.url);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let first = loop {
        match client.get(&last).send().await {
            Ok(answer) => break answer.status(),
            Err(error) if error.is_connect() => tokio::task::yield_now().await,
            Err(error) => return Err(error.into()),
        }
    };
    assert_eq!(first, 200);
    Ok(())
}
