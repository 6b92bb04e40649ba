//! What became of each run, on a topic: for dashboards, chat rooms, the next function.
//!
//! Publishing is told about and never decides: a run that did its work and could not say so has done its work.

use crate::gcp::Gcp;
use google_cloud_gax::{client_builder, retry_policy::RetryPolicyExt};
use google_cloud_pubsub::{
    client::Publisher, model::Message, publisher::PublishFuture, retry_policy::RetryableErrors,
};
use serde::Serialize;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{task::JoinSet, time::timeout};
use tracing::{Instrument, debug, warn};

/// How long publishing one outcome is tried. The client's own ten minutes outlast every instance.
const TRY: Duration = Duration::from_secs(30);

/// Publishes outcomes to one topic.
#[derive(Debug)]
pub struct Outcomes {
    publisher: Publisher,
    topic: String,
    /// Outcomes on their way, each of which says in the end whether it arrived.
    under_way: Mutex<JoinSet<bool>>,
}

/// What became of the outcomes that were waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Published {
    /// The topic has them.
    pub sent: usize,
    /// It does not, or nobody knows. Each is told in the log.
    pub lost: usize,
}

impl Outcomes {
    /// Publishes to `projects/P/topics/T`. Asks nothing of Google yet.
    pub async fn to(gcp: &Gcp, topic: &str) -> Result<Self, client_builder::Error> {
        let builder = Publisher::builder(topic)
            .with_credentials(gcp.credentials().clone())
            .with_retry_policy(RetryableErrors.with_time_limit(TRY));
        let builder = match gcp.endpoint() {
            Some(endpoint) => builder.with_endpoint(endpoint),
            None => builder,
        };
        Ok(Self {
            publisher: builder.build().await?,
            topic: topic.to_owned(),
            under_way: Mutex::default(),
        })
    }

    /// Sends `outcome` as JSON without waiting for it. `event` names its kind (`"backup.completed"`) and becomes the
    /// attribute `event`, by which subscriptions can filter. Outcomes with the same `about` (a secret, a service) arrive in
    /// order where the subscription asks for order.
    ///
    /// Must be called within a tokio runtime.
    pub fn publish(&self, event: &'static str, about: &str, outcome: &impl Serialize) {
        let data = match serde_json::to_vec(outcome) {
            Ok(data) => data,
            Err(error) => {
                warn!(event = "publish.failed", outcome = event, about, %error, "the outcome cannot be written as JSON");
                self.begin(async { false });
                return;
            }
        };
        let message = Message::new()
            .set_data(data)
            .set_attributes([("event", event)])
            .set_ordering_key(about);
        let sent = self.publisher.publish(message);
        let publisher = self.publisher.clone();
        let (topic, about) = (self.topic.clone(), about.to_owned());
        self.begin(async move { arrived(publisher, topic, event, about, sent).await });
    }

    fn begin(&self, sending: impl Future<Output = bool> + Send + 'static) {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        under_way.spawn(sending.in_current_span());
    }

    /// Waits for what has been published, for `patience` at most. To be called before the process ends: what is still on
    /// its way then is lost.
    pub async fn flush(&self, patience: Duration) -> Published {
        let mut under_way = {
            let mut under_way = self
                .under_way
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *under_way)
        };
        let mut published = Published::default();
        let waiting = async {
            self.publisher.flush().await;
            while let Some(arrived) = under_way.join_next().await {
                match arrived {
                    Ok(true) => published.sent += 1,
                    Ok(false) | Err(_) => published.lost += 1,
                }
            }
        };
        if timeout(patience, waiting).await.is_err() {
            let outcomes = under_way.len();
            warn!(
                event = "publish.failed",
                outcomes,
                topic = self.topic,
                "no time to wait until the outcomes are published"
            );
            published.lost += outcomes;
        }
        published
    }
}

/// Waits for Pub/Sub's answer and tells a failure.
async fn arrived(
    publisher: Publisher,
    topic: String,
    event: &'static str,
    about: String,
    sent: PublishFuture,
) -> bool {
    match sent.await {
        Ok(id) => {
            debug!(outcome = event, about, id, "published the outcome");
            true
        }
        Err(error) => {
            warn!(
                event = "publish.failed",
                outcome = event,
                about,
                topic,
                error = &error as &dyn std::error::Error,
                "the outcome was not published"
            );
            // The client holds the key back after a failure; each of our outcomes stands for itself.
            publisher.resume_publish(about);
            false
        }
    }
}
