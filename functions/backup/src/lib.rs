//! Streams a consistent `PostgreSQL` backup to Cloud Storage, and proves that it restores.

pub mod announcement;
pub mod apply;
pub mod backup_id;
pub mod check;
pub mod chunk;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod config;
pub mod copy_format;
pub mod engine;
pub mod error;
pub mod event;
pub mod fingerprint;
pub mod google;
pub mod lease;
pub mod manifest;
pub mod name;
pub mod pg_tools;
pub mod plan;
pub mod preflight;
pub mod prune;
pub mod report;
pub mod repository;
pub mod request;
pub mod restore;
pub mod retention;
pub mod selector;
pub mod snapshot;
pub mod source;
pub mod status;
pub mod store;
pub mod summary;
pub mod verify;

pub use error::Error;
