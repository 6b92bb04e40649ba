//! One event's work: bounded in time, and apart from everything else in the process.

use super::{Context, Handler, Outcome};
use crate::{Event, Shutdown};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{Instrument, error, info, warn};

/// How long work may go on after the end has been asked for. Cloud Run kills after ten seconds; the rest is for the
/// answers to leave and the last lines to be written.
pub(crate) const LAST_WORK: Duration = Duration::from_secs(8);

/// The code of what was not done because the process ends.
pub(crate) const STOPPING: &str = "stopping";

/// Handles `event` until the context's deadline, or until [`LAST_WORK`] after the end was asked for. A panic is an outcome
/// like any other. Tells the outcome, and counts it where metrics are kept.
///
/// `held` is let go when the work has really stopped, which a handler that blocks its thread can delay beyond the answer.
pub(crate) async fn run<H: Handler>(
    handler: Arc<H>,
    event: Event,
    context: Context,
    held: impl Send + 'static,
) -> Outcome {
    let started = Instant::now();
    let source = event.source.name();
    let Context {
        deadline,
        ref shutdown,
        ..
    } = context;
    let shutdown = shutdown.clone();
    let handling = async move {
        let _held = held;
        handler.handle(event, context).await
    };
    // A task of its own, because that is where tokio stops a panic.
    let mut work = tokio::spawn(handling.in_current_span());
    let outcome = tokio::select! {
        done = &mut work => done.unwrap_or_else(|_| {
            // The panic hook has told where and why; the caller need not know.
            Outcome::failed("panicked", "the function has a defect; its log says which")
        }),
        () = sleep_until(deadline) => {
            work.abort();
            Outcome::later("deadline", "the work was not done in the time it has")
        }
        () = last_work_is_over(&shutdown) => {
            work.abort();
            Outcome::later(STOPPING, "the process had to end before the work was done")
        }
    };
    tell(&outcome, source, started.elapsed());
    outcome
}

async fn last_work_is_over(shutdown: &Shutdown) {
    shutdown.wait().await;
    sleep(LAST_WORK).await;
}

/// One line for what went wrong, as loud as somebody must look at it. What went well, the function itself tells.
fn tell(outcome: &Outcome, source: &'static str, took: Duration) {
    #[cfg(feature = "serve")]
    crate::metrics::event_handled(source, outcome, took);
    let Some(problem) = outcome.problem() else {
        return;
    };
    let (code, took) = (problem.code, crate::report::duration(took));
    let message = &problem.message;
    match outcome {
        Outcome::Failed(_) => error!(event = "event.failed", code, source, took, "{message}"),
        Outcome::Conflict(_) => info!(event = "event.conflict", code, source, took, "{message}"),
        other => warn!(
            event = "event.refused",
            outcome = other.name(),
            code,
            source,
            took,
            "{message}"
        ),
    }
}
