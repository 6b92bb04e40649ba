//! Delivery by pull, over REST: pull, acknowledge, change the deadline. The gRPC methods share the steps.

use super::{
    push, queue,
    queue::Delivery,
    redelivery::{self, Failure},
    subscription::Subscription,
    subscriptions::{find, pulled},
};
use crate::{
    app::App,
    http::{Answer, ApiError, Call, Code, Reply},
    store::Tx,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// How long (real time) a pull waits for a first message.
const PULL_WAIT: Duration = Duration::from_secs(5);
const MOST_PULLED: i64 = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PullRequest {
    #[serde(default)]
    max_messages: i64,
    #[serde(default)]
    return_immediately: bool,
}

pub(super) async fn pull(call: Call) -> Answer {
    let request: PullRequest = call.json()?;
    let wait = if request.return_immediately {
        Duration::ZERO
    } else {
        PULL_WAIT
    };
    let (subscription, deliveries) = take(
        &call.app,
        call.param("subscription")?,
        request.max_messages,
        wait,
    )
    .await?;
    if deliveries.is_empty() {
        return Ok(Reply::empty_json());
    }
    let messages: Vec<Value> = deliveries
        .iter()
        .map(|delivery| pulled(&subscription, delivery))
        .collect();
    Reply::json(&json!({ "receivedMessages": messages }))
}

/// Leases up to `most` messages, waiting for the first.
pub(super) async fn take(
    app: &App,
    name: &str,
    most: i64,
    wait: Duration,
) -> Result<(Subscription, Vec<Delivery>), ApiError> {
    let most = usize::try_from(most.min(MOST_PULLED))
        .ok()
        .filter(|most| *most > 0);
    let most = most.ok_or_else(|| ApiError::invalid("max_messages must be at least 1"))?;
    let deadline = tokio::time::Instant::now() + wait;
    let mut commits = app.store.commits();
    loop {
        commits.borrow_and_update();
        let subscription = find(&app.store.view(), name)?;
        refuse_push(&subscription)?;
        let deliveries = lease_now(app, &subscription, most, subscription.ack_deadline(), 0)?;
        let commit = commits.changed();
        if !deliveries.is_empty() || tokio::time::timeout_at(deadline, commit).await.is_err() {
            return Ok((subscription, deliveries));
        }
    }
}

pub(super) fn refuse_push(subscription: &Subscription) -> Result<(), ApiError> {
    if subscription.detached {
        return Err(ApiError::precondition(
            "The subscription is detached from its topic",
        ));
    }
    if subscription.is_push() {
        return Err(ApiError::precondition(
            "This method is not supported for this subscription type: it pushes",
        ));
    }
    Ok(())
}

/// Leases what is ready. No transaction is made when nothing is.
pub(super) fn lease_now(
    app: &App,
    subscription: &Subscription,
    most: usize,
    deadline: SignedDuration,
    holder: u64,
) -> Result<Vec<Delivery>, ApiError> {
    if !queue::has_ready(&app.store.view(), &subscription.name) {
        return Ok(vec![]);
    }
    let until = app
        .clock
        .now()
        .saturating_add(deadline)
        .unwrap_or(Timestamp::MAX);
    app.store
        .write(|tx| Ok(queue::lease(tx, &subscription.name, most, until, holder)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AcknowledgeRequest {
    #[serde(default)]
    ack_ids: Vec<String>,
}

pub(super) async fn acknowledge(call: Call) -> Answer {
    let request: AcknowledgeRequest = call.json()?;
    acknowledge_all(&call.app, call.param("subscription")?, &request.ack_ids)?;
    Ok(Reply::empty_json())
}

/// Acknowledges messages. Late acknowledgements count, except with exactly-once delivery, which names those it refuses.
pub(super) fn acknowledge_all(app: &App, name: &str, ack_ids: &[String]) -> Result<(), ApiError> {
    for_each(app, name, ack_ids, |tx, _, key, _| {
        queue::acknowledge(tx, key);
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ModifyAckDeadlineRequest {
    #[serde(default)]
    ack_ids: Vec<String>,
    #[serde(default)]
    ack_deadline_seconds: i64,
}

pub(super) async fn modify_ack_deadline(call: Call) -> Answer {
    let request: ModifyAckDeadlineRequest = call.json()?;
    let seconds = request.ack_deadline_seconds;
    modify_deadlines(
        &call.app,
        call.param("subscription")?,
        &request.ack_ids,
        seconds,
    )?;
    Ok(Reply::empty_json())
}

/// Moves the deadlines of messages; 0 gives them back at once.
pub(super) fn modify_deadlines(
    app: &App,
    name: &str,
    ack_ids: &[String],
    seconds: i64,
) -> Result<(), ApiError> {
    if !(0..=600).contains(&seconds) {
        return Err(ApiError::invalid(format!(
            "Invalid ack deadline given: {seconds} (seconds); 0 to 600 are possible"
        )));
    }
    let until = app
        .clock
        .now()
        .saturating_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX);
    for_each(app, name, ack_ids, |tx, subscription, key, attempt| {
        if !queue::is_current(tx, key, attempt) {
            return Ok(());
        }
        if seconds == 0 {
            return redelivery::fail(app, tx, subscription, key, Failure::Refused);
        }
        queue::extend(tx, key, until);
        Ok(())
    })
}

/// Runs `change` for each message that was meant. With exactly-once delivery the others are named in the error's
/// `ErrorInfo`, which is how Google's clients learn of them; the rest is done nevertheless.
fn for_each(
    app: &App,
    name: &str,
    ack_ids: &[String],
    mut change: impl FnMut(&mut Tx, &Subscription, &str, u32) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    if ack_ids.is_empty() {
        return Err(ApiError::invalid("No ack ids specified in the request"));
    }
    let mut refused = vec![];
    app.store.write(|tx| {
        let subscription = find(tx, name)?;
        for ack_id in ack_ids {
            let Some((key, attempt)) = queue::parse_ack_id(name, ack_id) else {
                return Err(ApiError::invalid(format!(
                    "You have passed an invalid ack ID to the service (ack_id={ack_id})"
                )));
            };
            if subscription.enable_exactly_once_delivery && !queue::is_current(tx, &key, attempt) {
                refused.push(ack_id.clone());
            } else {
                change(tx, &subscription, &key, attempt)?;
            }
        }
        push::pump(app, tx, &subscription);
        Ok(())
    })?;
    if refused.is_empty() {
        Ok(())
    } else {
        Err(permanent_failure(&refused))
    }
}

fn permanent_failure(refused: &[String]) -> ApiError {
    let metadata = refused
        .iter()
        .map(|id| (id.clone(), "PERMANENT_FAILURE_INVALID_ACK_ID".into()));
    let mut error = ApiError::new(
        Code::FailedPrecondition,
        "Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids have expired or the acknowledgement ids were malformed.",
    )
    .with_info("EXACTLY_ONCE_ACKID_FAILURE", "pubsub.googleapis.com");
    if let Some(info) = error.details.first_mut() {
        info["metadata"] = Value::Object(metadata.collect());
    }
    error
}
