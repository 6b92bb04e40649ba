//! Rotates secrets: a credential changes and nobody notices.
//!
//! `main → cli → commands → rotation (decide) → apply (secret_manager, target, consumers) → report`

pub mod announcement;
pub mod apply;
pub mod check;
pub mod cli;
pub mod commands;
pub mod config;
pub mod consumers;
pub mod error;
pub mod event;
pub mod managed;
pub mod metrics;
pub mod password;
pub mod payload;
pub mod plan;
pub mod report;
pub mod request;
pub mod rotation;
pub mod scram;
pub mod secret_manager;
pub mod status;
pub mod target;
pub mod time;
