//! Google's own Pub/Sub emulator, where gcloud has brought it, for as long as a test lasts.
//!
//! It is the one other program that sends pushes as Pub/Sub does, and serves its gRPC. It comes with
//! `gcloud components install pubsub-emulator` and needs Java; it may not be handed on, so tests skip where it is missing.

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use std::{
    env,
    io::{self, BufRead, BufReader},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

/// The program, from the folder that gcloud is installed in.
const PROGRAM: &str = "platform/pubsub-emulator/bin/cloud-pubsub-emulator";
/// It cannot be told to choose a port, and somebody may be quicker to take the one that was free.
const ATTEMPTS: usize = 5;

/// The emulator on a port of the system's choice. Its state is in memory, and it ends when this is dropped.
#[derive(Debug)]
pub struct Emulator {
    url: String,
    child: Child,
}

impl Emulator {
    /// Starts it and waits until it listens, some seconds. `None` where it is not installed.
    ///
    /// Fails where it is installed but does not start.
    pub fn start() -> io::Result<Option<Self>> {
        let Some(program) = program() else {
            return Ok(None);
        };
        for _ in 0..ATTEMPTS {
            if let Some(emulator) = Self::listening(&program)? {
                return Ok(Some(emulator));
            }
        }
        let program = program.display();
        Err(io::Error::other(format!(
            "{program} ended {ATTEMPTS} times before it listened; is there a Java on the PATH?"
        )))
    }

    /// The endpoint of REST and of gRPC: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `None` when it ends before it listens.
    fn listening(program: &Path) -> io::Result<Option<Self>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut child = Command::new(program)
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            // The program is a script that starts Java: its group holds both.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take();
        let emulator = Self {
            url: format!("http://127.0.0.1:{port}"),
            child,
        };
        let Some(stderr) = stderr else {
            return Ok(None);
        };
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
        if !lines.any(|line| line.contains("listening on")) {
            return Ok(None);
        }
        // What it goes on to say must go somewhere.
        thread::spawn(move || lines.for_each(drop));
        Ok(Some(emulator))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Ok(group) = i32::try_from(self.child.id()) {
            // It may have ended by itself.
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }
}

/// Beside gcloud's own, wherever the PATH finds that.
fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let gcloud = env::split_paths(&path)
        .map(|folder| folder.join("gcloud"))
        .find_map(|file| file.canonicalize().ok())?;
    let program = gcloud.parent()?.parent()?.join(PROGRAM);
    program.exists().then_some(program)
}
