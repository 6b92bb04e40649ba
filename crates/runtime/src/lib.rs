//! What every Nightshift function shares: how it reads its configuration, tells what it does, retries, keeps time
//! and ends.

#[cfg(feature = "auth")]
pub mod auth;
pub mod clock;
pub mod command_line;
pub mod config;
pub mod event;
pub mod exit;
#[cfg(feature = "gcp")]
pub mod gcp;
pub mod handler;
#[cfg(feature = "serve")]
pub mod metrics;
#[cfg(feature = "postgres-tls")]
pub mod postgres_tls;
pub mod progress;
#[cfg(feature = "pubsub")]
pub mod pubsub;
pub mod report;
pub mod retry;
#[cfg(feature = "serve")]
pub mod serve;
#[cfg(all(feature = "serve", feature = "pubsub"))]
pub mod service;
pub mod shutdown;
pub mod telemetry;

#[cfg(any(feature = "auth", feature = "gcp"))]
mod endpoint;
mod terminal;
#[cfg(any(feature = "serve", feature = "pubsub", feature = "otlp"))]
mod trace;

pub use clock::{Clock, SystemClock};
pub use event::{Event, EventError, EventId};
pub use exit::ExitStatus;
pub use handler::{Context, Handler, Outcome, Problem};
pub use progress::Progress;
pub use report::{Output, Report};
pub use retry::{RetryPolicy, Verdict};
pub use shutdown::Shutdown;
