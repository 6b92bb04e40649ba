//! Everything that can end a command.

use crate::{
    config::InvalidConfig,
    secret_manager::{SecretError, SecretName},
    target::TargetError,
};
use nightshift_runtime::{
    ExitStatus, auth::AuthError, config::ConfigError, gcp::GcpError, metrics::MetricsError,
    pubsub::PullError, serve::ServeError,
};
use std::{error::Error as _, io};

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no usable configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It can be read, and something in it cannot be meant.
    #[error("the configuration is not valid")]
    Invalid(#[from] InvalidConfig),
    /// No client of Google can be built.
    #[error(transparent)]
    Gcp(#[from] GcpError),
    /// A name that is not in the configuration.
    #[error("the configuration has no secret {0:?}")]
    UnknownSecret(String),
    /// Secret Manager did not do what it was asked.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A target cannot be made ready.
    #[error("make the target of {secret} ready")]
    Target {
        /// The secret.
        secret: SecretName,
        /// Why not.
        source: TargetError,
    },
    /// The rotation of a secret did not come to a good end.
    #[error("{sentence}")]
    Ended {
        /// In words.
        sentence: String,
        /// What to do next.
        advice: Option<&'static str>,
    },
    /// Somebody writes the secret all the time.
    #[error("annotate {0}: others have changed it again and again meanwhile")]
    Contended(SecretName),
    /// `status` found a secret out of bounds, or `check` an obstacle.
    #[error("{0}")]
    Found(String),
    /// SIGTERM or SIGINT.
    #[error("stopped on request; the tick goes on where this was")]
    Stopped,
    /// Events cannot be taken over HTTP.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Events cannot be pulled.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// Figures cannot be kept.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// Callers are not told apart.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The result cannot be written, or signals not listened for.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// What the process ends with.
    pub fn exit(&self) -> ExitStatus {
        match self {
            Self::Config(_)
            | Self::Invalid(_)
            | Self::UnknownSecret(_)
            | Self::Auth(_)
            | Self::Gcp(GcpError::UnsafeEndpoint { .. }) => ExitStatus::Usage,
            _ => ExitStatus::Failed,
        }
    }

    /// What to do next, where that is known.
    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Config(ConfigError::NotGiven) => None,
            Self::Config(_) | Self::Invalid(_) => {
                Some("correct it, then see that `rotate-secrets check --offline` reads it")
            }
            Self::UnknownSecret(_) => Some("`rotate-secrets status` shows those that it has"),
            Self::Ended { advice, .. } => *advice,
            Self::Contended(_) => Some("run the command again"),
            _ => None,
        }
    }

    /// The whole chain in one line, with the advice at the end.
    pub fn one_line(&self) -> String {
        let mut line = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let words = error.to_string();
            if !line.ends_with(&words) {
                line = format!("{line}: {words}");
            }
            cause = error.source();
        }
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        match self.advice() {
            Some(advice) => format!("{line}; next: {advice}"),
            None => line,
        }
    }
}
