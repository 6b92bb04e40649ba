//! Streams a consistent `PostgreSQL` backup to Cloud Storage, and proves that it restores.

pub mod backup_id;
pub mod chunk;
pub mod fingerprint;
pub mod manifest;
pub mod name;
pub mod source;
pub mod store;
