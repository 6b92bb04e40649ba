//! What a function does with an event, and what it says about it.
//!
//! | outcome | HTTP | Pub/Sub, pushed or pulled |
//! | --- | --- | --- |
//! | [`Done`](Outcome::Done), [`Answer`](Outcome::Answer) | 204, 200 | acknowledged |
//! | [`Refused`](Outcome::Refused) | 400 | delivered again, until the dead-letter topic takes it |
//! | [`Conflict`](Outcome::Conflict) | 409 | delivered again |
//! | [`Later`](Outcome::Later) | 503 | delivered again |
//! | [`Failed`](Outcome::Failed) | 500 | delivered again |
//!
//! Pub/Sub knows two answers, taken and not taken. What can never succeed is not taken either: only the dead-letter topic
//! keeps it for a person to look at.

#[cfg(any(feature = "serve", feature = "pubsub"))]
pub(crate) mod work;

use crate::{Event, EventError, Shutdown};
use http::StatusCode;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// A function, as everything that wakes it sees it.
///
/// The same event may come twice, late, or to two instances at once. The future may be dropped at any of its `await`s: at
/// its deadline, and when the process ends.
pub trait Handler: Send + Sync + 'static {
    /// Looks at the world and converges.
    fn handle(&self, event: Event, context: Context) -> impl Future<Output = Outcome> + Send;
}

impl<F, Handling> Handler for F
where
    F: Fn(Event, Context) -> Handling + Send + Sync + 'static,
    Handling: Future<Output = Outcome> + Send,
{
    fn handle(&self, event: Event, context: Context) -> impl Future<Output = Outcome> + Send {
        self(event, context)
    }
}

/// What a handler may want to know beside the event.
#[derive(Debug, Clone)]
pub struct Context {
    /// When the work is cut short and answered as [`Outcome::Later`].
    pub deadline: Instant,
    /// Turns when the process is asked to end. Eight seconds later the work is cut short.
    pub shutdown: Shutdown,
    /// The e-mail address of the caller, where a token proved one.
    pub caller: Option<Arc<str>>,
}

/// How the handling of an event ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is done, or there was nothing to do.
    Done,
    /// It is done, and whoever asked gets this.
    Answer(Value),
    /// It can never succeed as it is.
    Refused(Problem),
    /// Somebody else is at it, or changed what it is about in the meantime: the next attempt sees another world.
    Conflict(Problem),
    /// Something that is needed is not there now, or there was no time.
    Later {
        /// What.
        problem: Problem,
        /// When trying again makes sense, if that is known.
        after: Option<Duration>,
    },
    /// It failed, and why is not understood well enough to say whether it will again.
    Failed(Problem),
}

/// Why something did not happen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// A constant word for programs: `busy`, `invalid_event`.
    pub code: &'static str,
    /// A sentence for people. The caller gets to see it: nothing secret.
    pub message: String,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl Outcome {
    /// It can never succeed as it is.
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused(Problem::new(code, message))
    }

    /// Somebody else is at it.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::Conflict(Problem::new(code, message))
    }

    /// Not now.
    pub fn later(code: &'static str, message: impl Into<String>) -> Self {
        Self::Later {
            problem: Problem::new(code, message),
            after: None,
        }
    }

    /// It failed.
    pub fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::Failed(Problem::new(code, message))
    }

    /// The HTTP status that says so.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Done => StatusCode::NO_CONTENT,
            Self::Answer(_) => StatusCode::OK,
            Self::Refused(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Later { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A constant word for metrics and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done | Self::Answer(_) => "done",
            Self::Refused(_) => "refused",
            Self::Conflict(_) => "conflict",
            Self::Later { .. } => "later",
            Self::Failed(_) => "failed",
        }
    }

    /// What went wrong, if something did. Without, the event is dealt with.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Done | Self::Answer(_) => None,
            Self::Refused(problem)
            | Self::Conflict(problem)
            | Self::Later { problem, .. }
            | Self::Failed(problem) => Some(problem),
        }
    }
}

impl From<EventError> for Outcome {
    fn from(error: EventError) -> Self {
        Self::refused(error.code(), error.to_string())
    }
}
