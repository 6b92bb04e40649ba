//! What every Nightshift function shares: how it reads its configuration, tells what it does, retries, keeps time
//! and ends.

pub mod clock;
pub mod config;
pub mod exit;
pub mod progress;
pub mod report;
pub mod retry;
pub mod shutdown;
pub mod telemetry;

mod terminal;

pub use clock::{Clock, SystemClock};
pub use exit::ExitStatus;
pub use progress::Progress;
pub use report::{Output, Report};
pub use retry::{RetryPolicy, Verdict};
pub use shutdown::Shutdown;
