//! Climbs a ladder notify → throttle → stop → cap as spend grows, and gives everything back.
//!
//! ```text
//! Pub/Sub message ─ message ─▶ input ─┐
//! a person's command ─────────────────┼─▶ decide(policy, state, event) ─▶ (state, decision) ─▶ explain, report
//! the clock's tick ───────────────────┘        ▲
//! configuration ─ config ─▶ policy ────────────┘
//! ```
//!
//! Google reports spend several times a day, hours late, at least once and in any order. [`decide()`] turns each report into
//! a decision by itself: what fires, what lets go, the difference between what is in force and what should be, and what is
//! said. It is a pure function over integers, so a month can be rehearsed in a moment (`simulate`) before it is armed.

pub mod action;
pub mod actions;
pub mod alert;
pub mod apply;
pub mod channels;
pub mod chart;
pub mod check;
pub mod cli;
pub mod commands;
pub mod config;
pub mod decide;
pub mod decision;
pub mod error;
pub mod event;
pub mod explain;
pub mod google;
pub mod guard;
pub mod input;
pub mod message;
pub mod metrics;
pub mod money;
pub mod period;
pub mod policy;
pub mod projection;
pub mod rehearsal;
pub mod report;
pub mod repository;
pub mod request;
pub mod series;
pub mod state;
pub mod store;

pub use decide::decide;
pub use error::Error;
