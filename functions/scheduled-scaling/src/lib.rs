//! The right number of instances at every hour.
//!
//! ```text
//! config ──▶ schedule ──┐
//!            overrides ─┼─▶ desired ──▶ decide ──▶ what to write, and why
//!            instant ───┘      │          ▲
//!                              ▼          │
//!                          timeline     what was seen
//!                              │
//!                              ▼
//!                plan: pictures, changes, money
//! ```
//!
//! What should hold is a pure function of schedule, overrides and instant ([`desired`]), and so is what to do about it
//! ([`decide`]): no clock, no network. A trigger only means "look at the clock and converge", so one that is missed, doubled
//! or late does no harm. Local times become instants by one rule ([`zone::Zone::resolve`]) that never goes backwards, on
//! nights when clocks change too.

pub mod announcement;
pub mod apply;
pub mod check;
pub mod cli;
pub mod commands;
pub mod config;
pub mod convert;
pub mod cron;
pub mod decide;
pub mod desired;
pub mod error;
pub mod event;
pub mod explain;
pub mod findings;
pub mod fleet;
pub mod google;
pub mod history;
pub mod memory;
pub mod metrics;
pub mod observe;
pub mod overrides;
pub mod plan;
pub mod price;
pub mod report;
pub mod request;
pub mod schedule;
pub mod timeline;
pub mod zone;

pub use error::Error;
