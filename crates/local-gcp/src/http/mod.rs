//! The road of a request: listener → origin → method → faults → handler → journal.

pub(crate) mod api;
pub(crate) mod call;
pub(crate) mod dispatch;
pub(crate) mod error;
pub(crate) mod origin;
mod query;
pub(crate) mod reply;
pub(crate) mod template;
pub(crate) mod wire;

pub(crate) use api::Api;
pub(crate) use call::Call;
pub use error::{ApiError, Code};
pub(crate) use query::Query;
pub(crate) use reply::{Content, Reply};

/// What every handler returns.
pub(crate) type Answer = Result<Reply, ApiError>;
