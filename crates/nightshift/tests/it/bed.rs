//! What every test here needs: the two programs, a temporary folder of their own, and eyes for what they leave behind.

use crate::programs;
use anyhow::{Context, Result, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    env, fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long anything here may take.
pub(crate) const DEADLINE: Duration = Duration::from_mins(2);

/// How often something is looked at that changes by itself.
pub(crate) const POLL: Duration = Duration::from_millis(50);

/// A temporary folder that one run of the demo has to itself.
pub(crate) struct Bed {
    folder: TempDir,
    backup: PathBuf,
}

impl Bed {
    pub(crate) fn new() -> Result<Self> {
        // When root runs the tests, the server runs as somebody else, who has to get through.
        let folder = tempfile::Builder::new()
            .prefix("demo-test-")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()?;
        let backup = programs::program("backup")?;
        Ok(Self { folder, backup })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The smallest demo, with more options after it.
    pub(crate) fn demo(&self, options: &[&str]) -> Command {
        self.demo_of(&self.backup, options)
    }

    /// The same with another program for `backup`.
    pub(crate) fn demo_of(&self, backup: &Path, options: &[&str]) -> Command {
        let mut command = nightshift(self.folder());
        command
            .args(["demo", "backup", "--scale", "1", "--backup-program"])
            .arg(backup)
            .args(options);
        command
    }

    /// Starts the demo and returns when it has begun the act of this number.
    ///
    /// Nobody reads what it says later: enough fits into a pipe for the rest of an act.
    pub(crate) fn start_until_act(&self, number: u8) -> Result<Child> {
        let mut child = self.demo(&[]).spawn()?;
        let mut said = BufReader::new(child.stdout.take().context("its output")?);
        let mut line = String::new();
        while !line.starts_with(&format!("{number}  ")) {
            line.clear();
            ensure!(
                said.read_line(&mut line)? > 0,
                "it ended before act {number}"
            );
        }
        // Not closed: a program that cannot speak ends for another reason than the test's.
        child.stdout = Some(said.into_inner());
        Ok(child)
    }

    /// Files in the temporary folder, and processes whose command line names it: what may not be there in the end.
    pub(crate) fn remains(&self) -> Result<Vec<String>> {
        let mut remains = Vec::new();
        for entry in fs::read_dir(self.folder())? {
            remains.push(entry?.path().display().to_string());
        }
        let folder = self.folder().display().to_string();
        let named = command_lines()?
            .into_iter()
            .filter(|line| line.contains(&folder));
        remains.extend(named);
        Ok(remains)
    }

    /// Waits until nothing remains; a killed program's watchdog needs a moment.
    pub(crate) fn wait_until_nothing_remains(&self) -> Result<()> {
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
}

pub(crate) fn send(child: &Child, signal: Signal) -> Result<()> {
    Ok(kill(Pid::from_raw(child.id().cast_signed()), signal)?)
}

/// Both streams as text.
pub(crate) fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes))
        .concat()
}

/// `nightshift` with this temporary folder, and pipes for what it says.
pub(crate) fn nightshift(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightshift"));
    command
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The command line of every process of this machine.
pub(crate) fn command_lines() -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for entry in fs::read_dir("/proc")? {
        // A process may end while we look.
        if let Ok(line) = fs::read(entry?.path().join("cmdline")) {
            lines.push(String::from_utf8_lossy(&line).replace('\0', " "));
        }
    }
    Ok(lines)
}
