//! What can go wrong.

use std::{error::Error as _, io, iter, path::PathBuf, process::ExitStatus};

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Somebody asked for the end.
    #[error("interrupted; what had been started is stopped, and what had been made is removed")]
    Interrupted,
    /// A program that is to be started is not there.
    #[error(
        "no program {}; build it with `cargo build --release -p {package}`, or name it with {option}", program.display()
    )]
    NoProgram {
        /// Where it should be.
        program: PathBuf,
        /// The package that builds it.
        package: &'static str,
        /// The option that names another file.
        option: &'static str,
    },
    /// Somebody else listens there.
    #[error("listen on 127.0.0.1:{port}; choose another port with --port, or 0 for any")]
    Port {
        /// The port that was asked for.
        port: u16,
        /// The system's answer.
        source: io::Error,
    },
    /// A program that should run until it is stopped has ended.
    #[error("{program} ended by itself with {status}; what it said is above")]
    Ended {
        /// Its name.
        program: &'static str,
        /// How it ended.
        status: ExitStatus,
    },
    /// A program did not answer.
    #[error("{doing}")]
    Asking {
        /// The request.
        doing: String,
        /// Why there was no answer.
        source: reqwest::Error,
    },
    /// The folder for the backups has something in it.
    #[error("{} is not empty; name a new folder with --keep", .0.display())]
    Used(PathBuf),
    /// PostgreSQL could not be found, started or stopped.
    #[error("run a throw-away PostgreSQL")]
    Server(#[from] local_postgres::Error),
    /// The operating system refused something.
    #[error("{doing}")]
    Io {
        /// What was being done, to what.
        doing: String,
        /// The system's answer.
        source: io::Error,
    },
    /// A command ended otherwise than the story needs.
    #[error("`{command}` ended with {status}{}", after_colon(.said))]
    Command {
        /// As a person would type it.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to standard error, where that was not shown already.
        said: String,
    },
    /// A command ended well, and what it should have done is not so.
    #[error("{0}")]
    Unproven(String),
    /// The demo failed, and so did its clearing away.
    #[error("{first}; and clearing away failed: {}", .then.one_line())]
    Left {
        /// Why the demo ended.
        first: String,
        /// What went wrong afterwards.
        then: Box<Error>,
    },
    /// What a program printed is not what was expected.
    #[error("read what `{command}` printed")]
    Unreadable {
        /// As a person would type it.
        command: String,
        /// Where reading failed.
        source: serde_json::Error,
    },
}

impl Error {
    /// An [`Error::Io`] for a `map_err` with the rest already said.
    pub fn io(doing: impl Into<String>, source: io::Error) -> Self {
        let doing = doing.into();
        Self::Io { doing, source }
    }

    /// An [`Error::Left`]: what failed first, and what failed while clearing away.
    pub(crate) fn and_then(first: Self, then: Self) -> Self {
        let first = match first {
            Self::Interrupted => "interrupted".to_owned(),
            first => first.one_line(),
        };
        Self::Left {
            first,
            then: Box::new(then),
        }
    }

    /// The error and its causes in one line.
    pub fn one_line(&self) -> String {
        let causes = iter::successors(self.source(), |cause| (*cause).source());
        causes.fold(self.to_string(), |line, cause| format!("{line}: {cause}"))
    }
}

fn after_colon(said: &str) -> String {
    match said.trim() {
        "" => String::new(),
        said => format!(": {said}"),
    }
}
