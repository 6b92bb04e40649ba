//! `POST /`: from a request to an event, and from its outcome to an answer.

use super::answer;
use crate::{
    Event, Handler, Outcome, Problem, Shutdown,
    auth::{Caller, Guard},
    handler::{Context, work},
    metrics::{InFlight, Metrics},
};
use axum::{body::Body, extract::State, http::Request, response::Response};
use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_LENGTH};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};
use tokio_util::task::TaskTracker;
use tracing::{Instrument, warn};

/// Everything that taking an event needs.
pub(super) struct Intake<H> {
    pub(super) handler: Arc<H>,
    pub(super) guard: Guard,
    /// One permit for each event that may be handled at once.
    pub(super) places: Arc<Semaphore>,
    pub(super) deadline: Duration,
    pub(super) max_body: usize,
    pub(super) shutdown: Shutdown,
    /// The work on each event, up to its outcome.
    pub(super) begun: TaskTracker,
    /// How many events have begun and were not finished, be it yet or because the end came first.
    pub(super) unfinished: Arc<AtomicUsize>,
    pub(super) metrics: Metrics,
}

/// How soon somebody is told to come again who found no place.
const COME_AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn take<H: Handler>(
    State(intake): State<Arc<Intake<H>>>,
    request: Request<Body>,
) -> Response {
    let deadline = Instant::now() + intake.deadline;
    let (head, body) = request.into_parts();
    // Before anything is done for a stranger.
    let caller = match intake.guard.check(&head.headers).await {
        Ok(caller) => caller,
        Err(rejection) => {
            warn!(
                event = "caller.refused",
                code = rejection.code(),
                "{rejection}"
            );
            return answer::to_rejected(&rejection);
        }
    };
    let place = match intake.place() {
        Ok(place) => place,
        Err(full) => return answer::to(&full),
    };
    intake.unfinished.fetch_add(1, Ordering::Relaxed);
    let begun = intake.begun.clone();
    // A task of its own: whoever asked may hang up, and what has begun is finished all the same.
    let work = async move {
        let outcome = intake
            .work(head.headers, body, caller, deadline, place)
            .await;
        if outcome
            .problem()
            .is_none_or(|problem| problem.code != work::STOPPING)
        {
            intake.unfinished.fetch_sub(1, Ordering::Relaxed);
        }
        outcome
    };
    let outcome = begun.spawn(work.in_current_span()).await;
    answer::to(
        &outcome.unwrap_or_else(|_| Outcome::failed("panicked", "the request was not answered")),
    )
}

impl<H: Handler> Intake<H> {
    /// A place to work at, if there is one and we are not about to end.
    fn place(&self) -> Result<OwnedSemaphorePermit, Outcome> {
        if self.shutdown.requested() {
            return Err(Outcome::later(
                work::STOPPING,
                "the process is about to end",
            ));
        }
        self.places
            .clone()
            .try_acquire_owned()
            .map_err(|_| Outcome::Later {
                problem: Problem::new("busy", "as many events are being handled as may be at once"),
                after: Some(COME_AGAIN),
            })
    }

    async fn work(
        &self,
        headers: HeaderMap,
        body: Body,
        caller: Caller,
        deadline: Instant,
        place: OwnedSemaphorePermit,
    ) -> Outcome {
        let read = async {
            let body = self.read(&headers, body, deadline).await?;
            Event::parse(&headers, body).map_err(Outcome::from)
        };
        let event = match read.await {
            Ok(event) => event,
            Err(outcome) => {
                if let Some(problem) = outcome.problem() {
                    warn!(
                        event = "event.unreadable",
                        code = problem.code,
                        "{}",
                        problem.message
                    );
                }
                return outcome;
            }
        };
        let context = Context {
            deadline,
            shutdown: self.shutdown.clone(),
            caller,
        };
        let held = (place, InFlight::begin());
        work::run(self.handler.clone(), event, context, held).await
    }

    /// The body, which has the same deadline as the work: it may be sent slowly.
    async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        deadline: Instant,
    ) -> Result<Bytes, Outcome> {
        let most = self.max_body;
        let too_large = || {
            let message = format!("the body has more than {most} bytes, which are the most");
            Outcome::refused("body_too_large", message)
        };
        let announced = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > most as u64) {
            return Err(too_large());
        }
        match timeout_at(deadline, Limited::new(body, most).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(error)) => Err(Outcome::refused(
                "body_unreadable",
                format!("read the body: {error}"),
            )),
            Err(_) => Err(Outcome::later(
                "deadline",
                "the body did not arrive in the time it has",
            )),
        }
    }
}
