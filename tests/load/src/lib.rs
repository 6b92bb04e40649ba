//! Load as `users.js` has it for k6, by a program that is built here: users join one after the other, each asks, thinks, and asks
//! again. A service passes when 95 of 100 answers come within a limit and hardly any fails.
//!
//! Users wait for their answers, so a service that is slow is asked less often; what it would do to requests that come
//! regardless is `make bench`'s to find out.

pub mod cli;
mod report;
mod users;

pub use report::{Limits, Report};
pub use users::{Answers, Plan, Target, drive};
