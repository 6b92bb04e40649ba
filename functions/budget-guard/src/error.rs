//! Everything that can go wrong, each with what to do about it.

use crate::{
    config::PolicyError,
    message::{InvalidEnvelope, Malformed},
    state::document::StateError,
};
use nightshift_runtime::{ExitStatus, config::ConfigError};
use std::{io, path::PathBuf};

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The configuration is no policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A file or a stream.
    #[error("{doing} `{}`", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Nothing to judge.
    #[error("`{}` holds no message", .0.display())]
    NoMessages(PathBuf),
    /// More than one message for a command that judges one.
    #[error("`{}` holds {count} messages, and `evaluate` judges one", path.display())]
    TooManyMessages {
        /// Which file.
        path: PathBuf,
        /// How many.
        count: usize,
    },
    /// A part of a file is no message.
    #[error("`{}`, message {number}", path.display())]
    Envelope {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        number: usize,
        /// What is wrong.
        source: InvalidEnvelope,
    },
    /// A message of a known kind cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The memory cannot be read.
    #[error("read `{}`", path.display())]
    State {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: StateError,
    },
    /// The chart is for something else than a name says.
    #[error("write a chart to `{}`: its name ends neither in .svg nor in .html", .0.display())]
    ChartForm(PathBuf),
    /// One chart shows one budget.
    #[error("the messages are about {0} budgets, and a chart shows one")]
    ChartBudgets(usize),
    /// Standard output.
    #[error("write the result")]
    Print(#[source] io::Error),
}

impl Error {
    /// How the process ends.
    pub fn exit(&self) -> ExitStatus {
        match self {
            Self::Config(_)
            | Self::Policy(_)
            | Self::ChartForm(_)
            | Self::TooManyMessages { .. } => ExitStatus::Usage,
            _ => ExitStatus::Failed,
        }
    }

    fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::TooManyMessages { .. } => {
                "judge them in their order with `budget-guard simulate`"
            }
            Self::NoMessages(_) | Self::Envelope { .. } => {
                "give the bodies that Pub/Sub pushes, one after the other or as a JSON array"
            }
            Self::ChartForm(_) => "call it something.svg or something.html",
            Self::ChartBudgets(_) => "choose one with --budget ID",
            Self::State { source, .. } => source.advice(),
            _ => return None,
        })
    }

    /// The whole chain in one line, with what to do next at the end.
    pub fn one_line(&self) -> String {
        let error: &dyn std::error::Error = self;
        let chain = std::iter::successors(Some(error), |error| error.source());
        let mut said: Vec<String> = Vec::new();
        for part in chain.map(ToString::to_string) {
            let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
            if !said.iter().any(|before| before.contains(&part)) {
                said.push(part);
            }
        }
        let line = said.join(": ");
        match self.advice() {
            Some(advice) => format!("{line}; next: {advice}"),
            None => line,
        }
    }
}
