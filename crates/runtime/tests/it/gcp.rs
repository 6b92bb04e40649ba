//! Google's own clients against a server that fails on demand.

mod clients;
mod flaky;
mod retries;

use flaky::{Act, Flaky};
use google_cloud_secretmanager_v1::client::SecretManagerService;
use nightshift_runtime::{
    RetryPolicy,
    gcp::{Gcp, Options},
    retry::Jitter,
};
use std::time::Duration;

const SECRET: &str = "projects/demo/secrets/s";

/// Five attempts, and no time lost between them.
fn quick() -> RetryPolicy {
    RetryPolicy {
        max_attempts: 5,
        initial_delay: Duration::from_millis(1),
        jitter: Jitter::None,
        ..RetryPolicy::default()
    }
}

fn gcp(server: &Flaky) -> Gcp {
    let options = Options {
        endpoint: Some(server.url.clone()),
    };
    Gcp::from_options(&options).unwrap().with_retry(quick())
}

async fn secrets(gcp: &Gcp) -> SecretManagerService {
    gcp.client(SecretManagerService::builder())
        .build()
        .await
        .unwrap()
}
