//! Both ways against local-gcp, and against Google's own emulator where gcloud has brought it.

mod broker;
mod kept;
mod publishing;
mod pulling;

use broker::{Broker, on_both};
use nightshift_runtime::{
    gcp::{Gcp, Options},
    pubsub::PullOptions,
};
use std::{num::NonZeroU16, time::Duration};

const TOPIC: &str = "projects/demo/topics/outcomes";
const SUBSCRIPTION: &str = "projects/demo/subscriptions/function";

fn gcp(endpoint: &str) -> Gcp {
    let options = Options {
        endpoint: Some(endpoint.to_owned()),
    };
    Gcp::from_options(&options).unwrap()
}

fn options() -> PullOptions {
    PullOptions {
        subscription: SUBSCRIPTION.to_owned(),
        concurrency: NonZeroU16::new(4).unwrap(),
        deadline: Duration::from_mins(1).into(),
        project: None,
    }
}
