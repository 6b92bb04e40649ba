//! The right number of instances at every hour.

pub mod config;
pub mod cron;
pub mod decide;
pub mod desired;
pub mod overrides;
pub mod schedule;
pub mod zone;
