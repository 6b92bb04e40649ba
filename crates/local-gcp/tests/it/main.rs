//! Local-gcp, asked over real HTTP and by Google's own clients.

mod bench;
mod gcloud;
mod identity;
mod persistence;
mod pubsub;
mod pubsub_client;
mod pubsub_push;
mod receiver;
mod run_jobs;
mod run_services;
mod run_v1;
mod scheduler;
mod storage;
mod storage_client;
mod storage_object_store;
mod storage_protection;
mod support;
