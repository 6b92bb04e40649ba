//! Pub/Sub by its own client, both ways: events pulled from a subscription where nobody can push to us (worker pools,
//! private networks), and outcomes published for whoever wants to know.

mod outcomes;
mod pull;

pub use outcomes::{Outcomes, Published};
pub use pull::{Ended, PullError, PullOptions, pull};
