//! The program as a shell sees it: arguments in, exit code and one line of error out.

use crate::bed::{Bed, bin_dir};
use std::process::Command;

/// What a run of the program ended with.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program with nothing in its environment that would tell it of a server or a configuration.
pub(crate) fn backup(arguments: &[&str]) -> Ran {
    run(&mut command(arguments))
}

/// The program, for tests that set something in its environment.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backup"));
    command.env_clear().env("HOME", "/nonexistent");
    command.args(arguments);
    command
}

pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

impl Ran {
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// It failed with `code`, and its last word is one error line that holds every one of `parts`.
    pub(crate) fn failed(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        let errors: Vec<_> = self
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        let [error] = errors[..] else {
            panic!("not one error line: {}", self.stderr);
        };
        assert_eq!(self.stderr.lines().last(), Some(error));
        for part in parts {
            assert!(error.contains(part), "`{part}` is not in: {error}");
        }
        self
    }
}

impl Bed {
    /// The target as an argument.
    pub(crate) fn target(&self) -> String {
        format!("file://{}", self.folder.path().display())
    }

    /// The program against this server and folder.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = command(arguments);
        let (target, programs) = (self.target(), bin_dir(&self.server));
        command.args(["--to", &target]);
        if matches!(arguments[0], "run" | "restore" | "verify" | "drill") {
            command.arg("--pg-bin-dir").arg(programs);
        }
        command.env("PATH", "/usr/bin:/bin");
        if let Some(file) = self.server.password_file() {
            command.env("PGPASSFILE", file);
        }
        command
    }
}
