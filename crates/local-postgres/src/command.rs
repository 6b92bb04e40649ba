//! Running PostgreSQL's programs.

use crate::error::{Error, Result};
use std::{
    env,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

/// A command that the caller's environment does not steer.
///
/// `PGHOST`, `PGSERVICE`, `PGOPTIONS` and their kin would point a client elsewhere, and so would
/// `.pgpass`, `.pg_service.conf` and `.postgresql` in the home folder. Messages are English, so
/// that they can be read by programs and found on the web.
pub(crate) fn of(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C")
        .env("TZ", "UTC");
    command
}

/// Runs a command to its end; an exit status other than zero is an error.
pub(crate) fn run(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| spawn(command, source))?;
    checked(command, output)
}

/// Runs a command to its end with this text as its standard input.
pub(crate) fn run_with_input(command: &mut Command, input: &str) -> Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| spawn(command, source))?;
    let stdin = child.stdin.take();
    let output = thread::scope(|scope| {
        // A program that ends early breaks the pipe; what it wrote to stderr says why.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
        child.wait_with_output()
    })
    .map_err(|source| spawn(command, source))?;
    checked(command, output)
}

fn spawn(command: &Command, source: std::io::Error) -> Error {
    Error::Spawn {
        program: command.get_program().into(),
        source,
    }
}

fn checked(command: &Command, output: Output) -> Result<Output> {
    if output.status.success() {
        return Ok(output);
    }
    let program = Path::new(command.get_program());
    Err(Error::Program {
        program: program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        status: output.status,
        stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
