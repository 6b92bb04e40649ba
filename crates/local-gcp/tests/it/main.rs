//! Local-gcp, asked over real HTTP and by Google's own clients.

mod bench;
mod billing;
mod documentation;
mod identity;
mod killed;
mod persistence;
mod pubsub;
mod pubsub_client;
mod pubsub_push;
mod quotas;
mod receiver;
mod run_jobs;
mod run_services;
mod secret_versions;
mod secrets;
mod secrets_client;
mod secrets_events;
mod sql;
mod sql_postgres;
mod storage;
mod storage_client;
mod storage_object_store;
mod storage_protection;
mod support;
