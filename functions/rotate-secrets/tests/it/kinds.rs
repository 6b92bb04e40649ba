//! Kinds of targets, each against the system that accepts its credential.

pub(crate) mod bed;
mod cloud_sql;
mod http_hook;
mod live_client;
mod postgres;
mod postgres_admin;
mod postgres_log;
mod postgres_preflight;
mod random;
mod service_account_key;
