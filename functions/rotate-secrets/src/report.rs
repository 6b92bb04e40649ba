//! What the commands say: a table for people, JSON for programs.

pub mod check;
pub mod ended;
pub mod paused;
pub mod plan;
pub mod status;
