//! Climbs a ladder notify → throttle → stop → cap as spend grows, and gives everything back.

pub mod action;
pub mod decide;
pub mod decision;
pub mod input;
pub mod message;
pub mod money;
pub mod period;
pub mod policy;
pub mod projection;
pub mod series;
pub mod state;

pub use decide::decide;
