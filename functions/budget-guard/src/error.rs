//! Everything that can go wrong, each with what to do about it.

use crate::{
    channels::PostError,
    commands::Disobeyed,
    config::PolicyError,
    google::CallError,
    guard::GuardError,
    message::{InvalidEnvelope, Malformed},
    state::document::StateError,
    store::StoreError,
};
use nightshift_runtime::{
    ExitStatus, auth::AuthError, clock::ClockError, config::ConfigError, gcp::GcpError,
    metrics::MetricsError, pubsub::PullError, serve::ServeError,
};
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
    /// Nowhere to remember anything.
    #[error("the configuration names no `state`")]
    NoState,
    /// Where memory is kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Google's clients cannot be built.
    #[error(transparent)]
    Gcp(#[from] GcpError),
    /// What time it is.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// Google's APIs.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The channels.
    #[error(transparent)]
    Post(#[from] PostError),
    /// What is commanded is not done.
    #[error(transparent)]
    Disobeyed(#[from] Disobeyed),
    /// The guard cannot work.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// Who may call is not settled.
    #[error(transparent)]
    Door(#[from] AuthError),
    /// Figures cannot be kept.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The service does not run.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Messages cannot be pulled.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// Signals.
    #[error("listen for signals")]
    Signals(#[source] io::Error),
    /// Something that an emergency would need is missing.
    #[error("{0} of the things that were looked at are not as they must be")]
    Unready(usize),
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
            | Self::NoState
            | Self::Clock(_)
            | Self::Door(_)
            | Self::Disobeyed(Disobeyed::NoBudget(_) | Disobeyed::WhichBudget(_))
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
            Self::Store(error) => return error.advice(),
            Self::Guard(error) | Self::Disobeyed(Disobeyed::Guard(error)) => {
                return error.advice();
            }
            Self::Disobeyed(Disobeyed::WhichBudget(_) | Disobeyed::NoBudget(_)) => {
                "name one with --budget ID or --budget ACCOUNT/ID"
            }
            Self::Disobeyed(Disobeyed::Rejected(reason)) => return rejected(reason),
            _ => return None,
        })
    }

    /// The whole chain in one line, with what to do next at the end.
    pub fn one_line(&self) -> String {
        let line = chain(self);
        match self.advice() {
            Some(advice) => format!("{line}; next: {advice}"),
            None => line,
        }
    }
}

/// What a person may command instead.
fn rejected(reason: &str) -> Option<&'static str> {
    match reason {
        "reason_required" => Some("say why with --reason"),
        "until_in_the_past" => Some("give a time that is yet to come with --until"),
        "unknown_step" => Some("`budget-guard status` names the steps"),
        "nothing_to_release" => Some("a step that only notifies takes nothing; name one that does"),
        _ => None,
    }
}

/// An error and its causes in one line, each said once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let mut said: Vec<String> = Vec::new();
    for part in chain.map(ToString::to_string) {
        let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        if !said.iter().any(|before| before.contains(&part)) {
            said.push(part);
        }
    }
    said.join(": ")
}
