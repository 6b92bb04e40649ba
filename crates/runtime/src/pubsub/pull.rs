//! `serve --pull`: a subscription instead of a port.
//!
//! A message is acknowledged when its work is done. Everything else gives it back at once, and the subscription's retry
//! policy says when it comes again, or its dead-letter policy where it goes.

use crate::{
    Event, Handler, Outcome, Shutdown,
    config::HumanDuration,
    gcp::Gcp,
    handler::{Context, work},
    trace::{self, TraceContext},
};
use futures::FutureExt;
use google_cloud_gax::client_builder;
use google_cloud_pubsub::{
    client::Subscriber,
    error::AckError,
    model::Message,
    subscriber::{MessageStream, ShutdownBehavior, handler::Handler as Receipt},
};
use std::{num::NonZeroU16, sync::Arc, time::Duration};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};
use tracing::{Instrument, info, warn};

/// Where the client library writes the trace of whoever published:
/// <https://docs.cloud.google.com/pubsub/docs/open-telemetry-tracing>.
const TRACE: &str = "googclient_traceparent";
/// How long after the end was asked for the last acknowledgements may take. Cloud Run kills after ten seconds.
const LAST_ANSWER: Duration = Duration::from_millis(9_500);
/// How far a message's lease is extended at a time: after a crash it comes again no later than this.
const LEASE: Duration = Duration::from_secs(30);
/// How much longer than its work a message is held.
const MARGIN: Duration = Duration::from_mins(1);

/// How a subscription is pulled.
#[derive(Debug, Clone)]
pub struct PullOptions {
    /// `projects/P/subscriptions/S`.
    pub subscription: String,
    /// How many messages are worked on at once. No more are taken from the subscription.
    pub concurrency: NonZeroU16,
    /// Time that the work on a message has, which no ack deadline limits.
    pub deadline: HumanDuration,
    /// Project whose traces the log lines belong to.
    pub project: Option<String>,
}

/// Why pulling ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// The client cannot be built.
    #[error("prepare pulling `{subscription}`")]
    Client {
        /// What was to be pulled.
        subscription: String,
        /// Why not.
        source: client_builder::Error,
    },
    /// The subscription cannot be pulled: it is not there, or not for us.
    #[error("pull `{subscription}`")]
    Pull {
        /// Which.
        subscription: String,
        /// Why not.
        source: google_cloud_pubsub::Error,
    },
}

/// How pulling ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything taken was worked on and answered.
    Clean,
    /// This many messages were given back in the middle of work, or not answered at all. They come again.
    CutShort {
        /// How many.
        messages: usize,
    },
}

/// Handles the messages of a subscription until the end is asked for, then finishes what has begun: within ten seconds,
/// whatever happens. Fails only where trying again does not help.
pub async fn pull<H: Handler>(
    gcp: &Gcp,
    options: &PullOptions,
    handler: H,
    shutdown: Shutdown,
) -> Result<Ended, PullError> {
    let subscription = options.subscription.clone();
    let mut stream = match open(gcp, options).await {
        Ok(stream) => stream,
        Err(source) => {
            return Err(PullError::Client {
                subscription,
                source,
            });
        }
    };
    let worker = Arc::new(Worker {
        handler: Arc::new(handler),
        options: options.clone(),
        shutdown: shutdown.clone(),
    });
    info!(event = "pull.started", subscription, "pulling");
    let mut works = JoinSet::new();
    let failure = loop {
        tokio::select! {
            () = shutdown.wait() => break None,
            next = stream.next() => match next {
                Some(Ok((message, receipt))) => {
                    let worker = worker.clone();
                    works.spawn(async move { worker.work(message, receipt).await });
                }
                Some(Err(source)) => break Some(source),
                None => break None,
            },
            // So that what is done does not pile up.
            Some(_) = works.join_next() => {}
        }
    };
    let ended = drain(stream, works).await;
    if let Some(source) = failure {
        return Err(PullError::Pull {
            subscription,
            source,
        });
    }
    info!(
        event = "pull.ended",
        subscription,
        ?ended,
        "no longer pulling"
    );
    Ok(ended)
}

async fn open(gcp: &Gcp, options: &PullOptions) -> Result<MessageStream, client_builder::Error> {
    let builder = Subscriber::builder().with_credentials(gcp.credentials().clone());
    let builder = match gcp.endpoint() {
        Some(endpoint) => builder.with_endpoint(endpoint),
        None => builder,
    };
    let subscriber = builder.build().await?;
    Ok(subscriber
        .subscribe(&options.subscription)
        .set_max_outstanding_messages(options.concurrency.get())
        .set_max_lease(Duration::from(options.deadline) + MARGIN)
        .set_max_lease_extension(LEASE)
        .set_shutdown_behavior(ShutdownBehavior::WaitForProcessing)
        .build())
}

/// Waits until what has begun is answered and the answers have left.
async fn drain(mut stream: MessageStream, mut works: JoinSet<bool>) -> Ended {
    // What has arrived and nobody has begun goes back. Until the token is used no more can arrive: only `next` reads.
    while let Some(Some(Ok((_, receipt)))) = stream.next().now_or_never() {
        receipt.nack();
    }
    let token = stream.shutdown_token();
    let mut unfinished = 0;
    let finishing = async {
        let closing = async {
            // Hangs up, so that what is given back does not come to us again.
            let last = stream.next().await;
            debug_assert!(last.is_none(), "the stream is shut down");
        };
        let working = async {
            while let Some(done) = works.join_next().await {
                unfinished += usize::from(!done.unwrap_or(false));
            }
        };
        tokio::join!(token.shutdown(), closing, working);
    };
    let in_time = timeout(LAST_ANSWER, finishing).await.is_ok();
    match unfinished + works.len() {
        0 if in_time => Ended::Clean,
        messages => Ended::CutShort { messages },
    }
}

struct Worker<H> {
    handler: Arc<H>,
    options: PullOptions,
    shutdown: Shutdown,
}

impl<H: Handler> Worker<H> {
    /// Handles one message and answers it. Says whether it was finished, which it is not when the end came first.
    async fn work(&self, message: Message, receipt: Receipt) -> bool {
        let sender = message.attributes.get(TRACE);
        let sender = sender.and_then(|text| TraceContext::from_traceparent(text));
        let span = trace::request(sender, self.options.project.as_deref());
        let id = message.message_id.clone();
        async {
            let outcome = self.outcome(message, receipt.delivery_attempt()).await;
            let done = outcome.problem().is_none();
            if let Err(error) = answer(receipt, done).await {
                warn!(
                    event = "pull.answer_lost",
                    id,
                    done,
                    error = &error as &dyn std::error::Error,
                    "the message comes again"
                );
            }
            outcome
                .problem()
                .is_none_or(|problem| problem.code != work::STOPPING)
        }
        .instrument(span)
        .await
    }

    async fn outcome(&self, message: Message, attempt: Option<i32>) -> Outcome {
        let event = match Event::pulled(&self.options.subscription, message, attempt) {
            Ok(event) => event,
            Err(error) => {
                warn!(event = "event.unreadable", code = error.code(), "{error}");
                return error.into();
            }
        };
        let context = Context {
            deadline: Instant::now() + Duration::from(self.options.deadline),
            shutdown: self.shutdown.clone(),
            // Who may publish is the topic's affair.
            caller: None,
        };
        work::run(self.handler.clone(), event, context, ()).await
    }
}

/// Acknowledges or gives back. Where delivery is exactly once, waits until that is certain.
async fn answer(receipt: Receipt, done: bool) -> Result<(), AckError> {
    match (receipt, done) {
        (Receipt::ExactlyOnce(receipt), true) => receipt.confirmed_ack().await,
        (Receipt::ExactlyOnce(receipt), false) => receipt.confirmed_nack().await,
        (receipt, true) => {
            receipt.ack();
            Ok(())
        }
        (receipt, false) => {
            receipt.nack();
            Ok(())
        }
    }
}
