//! Streaming pull: messages flow to a client as long as it keeps up.

use super::{
    grpc::{received, status},
    pull, queue,
    queue::Delivery,
    subscription::Subscription,
    subscriptions::{find, pulled},
};
use crate::{
    app::App,
    bench::journal::{Note, Payload},
    http::ApiError,
};
use futures::Stream;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{
    StreamingPullRequest, StreamingPullResponse, streaming_pull_response::SubscriptionProperties,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

/// At most so many messages are out on one stream when its client names no limit.
const UNLIMITED: usize = 1000;
/// A response is closed once its data reach this many bytes.
const RESPONSE_BYTES: usize = 1 << 20;

type Sender = mpsc::Sender<Result<StreamingPullResponse, Status>>;

/// Serves a stream until one side ends it.
pub(super) fn open(
    app: App,
    requests: Streaming<StreamingPullRequest>,
) -> impl Stream<Item = Result<StreamingPullResponse, Status>> {
    let (responses, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        if let Err(end) = serve(&app, requests, &responses).await {
            // The client may be gone already; then there is nobody to tell.
            let _ = responses.send(Err(end)).await;
        }
    });
    futures::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|item| (item, receiver))
    })
}

/// What the first request of a stream settles.
struct Terms {
    subscription: String,
    deadline: SignedDuration,
    most: usize,
    /// Names the stream, so that its outstanding messages can be counted.
    holder: u64,
}

async fn serve(
    app: &App,
    mut requests: Streaming<StreamingPullRequest>,
    responses: &Sender,
) -> Result<(), Status> {
    let Some(first) = requests.message().await? else {
        return Ok(());
    };
    let mut terms = terms(&first)?;
    let mut commits = app.store.commits();
    loop {
        commits.borrow_and_update();
        let subscription = find(&app.store.view(), &terms.subscription).map_err(|e| status(&e))?;
        pull::refuse_push(&subscription).map_err(|e| status(&e))?;
        if hand_out(app, &subscription, &terms, responses).await? {
            continue;
        }
        tokio::select! {
            request = requests.message() => match request? {
                Some(request) => handle(app, &mut terms, &request).map_err(|e| status(&e))?,
                None => return Ok(()),
            },
            commit = commits.changed() => if commit.is_err() { return Ok(()) },
            () = responses.closed() => return Ok(()),
            () = app.stopping.cancelled() => return Err(Status::unavailable("local-gcp is stopping")),
        }
    }
}

fn terms(first: &StreamingPullRequest) -> Result<Terms, Status> {
    let seconds = i64::from(first.stream_ack_deadline_seconds);
    if !(10..=600).contains(&seconds) {
        return Err(Status::invalid_argument(format!(
            "stream_ack_deadline_seconds is {seconds}; it must be between 10 and 600"
        )));
    }
    Ok(Terms {
        subscription: first.subscription.clone(),
        deadline: SignedDuration::from_secs(seconds),
        most: usize::try_from(first.max_outstanding_messages)
            .ok()
            .filter(|most| *most > 0)
            .unwrap_or(UNLIMITED),
        holder: rand::random_range(1..u64::MAX),
    })
}

/// A later request: acknowledgements, other deadlines, or nothing but a sign of life.
fn handle(app: &App, terms: &mut Terms, request: &StreamingPullRequest) -> Result<(), ApiError> {
    if !request.ack_ids.is_empty() {
        pull::acknowledge_all(app, &terms.subscription, &request.ack_ids)?;
    }
    for (ack_id, seconds) in request
        .modify_deadline_ack_ids
        .iter()
        .zip(&request.modify_deadline_seconds)
    {
        pull::modify_deadlines(
            app,
            &terms.subscription,
            std::slice::from_ref(ack_id),
            i64::from(*seconds),
        )?;
    }
    if request.stream_ack_deadline_seconds != 0 {
        terms.deadline = SignedDuration::from_secs(request.stream_ack_deadline_seconds.into());
    }
    Ok(())
}

/// Sends what is ready and fits. `false` when there was nothing.
async fn hand_out(
    app: &App,
    subscription: &Subscription,
    terms: &Terms,
    responses: &Sender,
) -> Result<bool, Status> {
    let view = app.store.view();
    if !queue::has_ready(&view, &terms.subscription) {
        return Ok(false);
    }
    let room = terms.most.saturating_sub(queue::outstanding(
        &view,
        &terms.subscription,
        Some(terms.holder),
    ));
    let leased = pull::lease_now(app, subscription, room, terms.deadline, terms.holder)
        .map_err(|e| status(&e))?;
    let mut batch: Vec<Delivery> = vec![];
    let mut bytes = 0;
    let some = !leased.is_empty();
    for delivery in leased {
        bytes += delivery.message.data.len();
        batch.push(delivery);
        if bytes >= RESPONSE_BYTES {
            send(app, subscription, &std::mem::take(&mut batch), responses).await;
            bytes = 0;
        }
    }
    send(app, subscription, &batch, responses).await;
    Ok(some)
}

async fn send(app: &App, subscription: &Subscription, batch: &[Delivery], responses: &Sender) {
    if batch.is_empty() {
        return;
    }
    let mut note = Note::out(
        "pubsub.Subscriber.StreamingPull",
        "POST",
        &subscription.name,
        app.clock.now(),
    );
    let shown: Vec<Value> = batch
        .iter()
        .map(|delivery| pulled(subscription, delivery))
        .collect();
    note.request = Payload::Json(json!({ "receivedMessages": shown }));
    note.status = 200;
    app.journal.record(note);
    let response = StreamingPullResponse {
        received_messages: batch
            .iter()
            .map(|delivery| received(subscription, delivery))
            .collect(),
        subscription_properties: Some(SubscriptionProperties {
            exactly_once_delivery_enabled: subscription.enable_exactly_once_delivery,
            message_ordering_enabled: subscription.enable_message_ordering,
        }),
        ..StreamingPullResponse::default()
    };
    // A client that is gone gets its messages again when their deadlines have passed.
    let _ = responses.send(Ok(response)).await;
}
