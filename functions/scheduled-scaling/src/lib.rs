//! The right number of instances at every hour.

pub mod cli;
pub mod commands;
pub mod config;
pub mod convert;
pub mod cron;
pub mod decide;
pub mod desired;
pub mod error;
pub mod explain;
pub mod findings;
pub mod overrides;
pub mod plan;
pub mod price;
pub mod report;
pub mod schedule;
pub mod timeline;
pub mod zone;
