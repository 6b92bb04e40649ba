//! Everything that can go wrong, each with what to do about it.

use crate::{apply::NotGranted, config::NoSuchTarget, google::GoogleError};
use nightshift_runtime::{
    ExitStatus, auth::AuthError, clock::ClockError, config::ConfigError, gcp::GcpError,
    metrics::MetricsError, pubsub::PullError, serve::ServeError,
};
use std::{error::Error as _, io};

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command line and the configuration do not fit together.
    #[error("{0}")]
    Usage(String),
    /// The configuration cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No target has the name.
    #[error(transparent)]
    Target(#[from] NoSuchTarget),
    /// What is to be converted cannot be.
    #[error(transparent)]
    Convert(#[from] crate::convert::CannotConvert),
    /// Google cannot be asked.
    #[error(transparent)]
    Google(#[from] GoogleError),
    /// A person's wish is not granted.
    #[error(transparent)]
    NotGranted(#[from] NotGranted),
    /// Nothing could be read, so nothing was done.
    #[error("nothing could be read, so nothing was changed: {0}")]
    InTheDark(String),
    /// It is not known what time it is.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The log is not one of ours.
    #[error(transparent)]
    Log(#[from] crate::history::NotOurLog),
    /// Callers are not told apart.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// Figures cannot be kept.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// Events cannot be taken over HTTP.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Events cannot be pulled.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// A file, or a stream of the process.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Names what was being done when the system refused it.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        |source| Self::Io { doing, source }
    }

    /// The status the process ends with.
    pub fn exit(&self) -> ExitStatus {
        match self {
            Self::Usage(_)
            | Self::Config(_)
            | Self::Target(_)
            | Self::Convert(_)
            | Self::Auth(_)
            | Self::Clock(_)
            | Self::NotGranted(NotGranted::Target(_))
            | Self::Google(GoogleError::Gcp(GcpError::UnsafeEndpoint { .. })) => ExitStatus::Usage,
            _ => ExitStatus::Failed,
        }
    }

    /// The error and its causes in one line.
    pub fn one_line(&self) -> String {
        let mut line = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            line.push_str(&format!(": {error}"));
            cause = error.source();
        }
        line.replace('\n', " ")
    }
}
