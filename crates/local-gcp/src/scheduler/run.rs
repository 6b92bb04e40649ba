//! Runs: a job's schedule become due, and the attempts that this takes.

use super::{
    NAME,
    job::{Job, Outcome},
    target,
};
use crate::{
    app::App,
    engine::timers,
    http::{ApiError, Code},
    outbound::Undelivered,
    pubsub,
    store::{Record, Tx, View},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A run that has not ended. Its key is the job's name and its number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    job: String,
    key: String,
    /// When it was due, which all of its attempts are told.
    scheduled: Timestamp,
    /// When the first attempt was made.
    first: Timestamp,
    /// The number of the attempt that is or was made last, from 1.
    attempt: u32,
    /// Whether it is being made; otherwise the run waits for its next one.
    in_flight: bool,
}

impl Record for Run {
    const TABLE: &'static str = "cloudscheduler.runs";
}

/// The timer of a job's schedule.
pub(super) fn due_key(job: &str) -> String {
    format!("due {job}")
}

fn retry_key(run: &str) -> String {
    format!("retry {run}")
}

fn of_job(job: &str) -> String {
    format!("{job} ")
}

/// When a job's failed runs are attempted again.
pub(super) fn retries<'a>(view: &'a View, job: &str) -> impl Iterator<Item = Timestamp> + 'a {
    runs(view, job)
        .into_iter()
        .filter_map(|run| timers::at(view, NAME, &retry_key(&run.key)))
}

fn runs(view: &View, job: &str) -> Vec<Run> {
    let prefix = of_job(job);
    let rows = view.with_prefix::<Run>(&prefix);
    rows.map(|(_, run)| (**run).clone()).collect()
}

/// Sets the timer of a job anew, or takes it back when the job is paused.
pub(super) fn plan(app: &App, tx: &mut Tx, job: &Job) -> Result<(), ApiError> {
    let key = due_key(&job.name);
    match job
        .schedule()?
        .after(app.clock.now())
        .filter(|_| !job.paused)
    {
        Some(at) => timers::set(tx, NAME, &key, at),
        None => drop(timers::cancel(tx, NAME, &key)),
    }
    Ok(())
}

/// Forgets the runs of a job that wait for another attempt; with `all`, also those under way.
pub(super) fn forget(tx: &mut Tx, job: &str, all: bool) {
    for run in runs(tx, job) {
        if all || !run.in_flight {
            timers::cancel(tx, NAME, &retry_key(&run.key));
            tx.delete::<Run>(&run.key);
        }
    }
}

pub(super) fn on_timer(app: &App, tx: &mut Tx, key: &str, at: Timestamp) -> Result<(), ApiError> {
    match key.split_once(' ') {
        Some(("due", name)) => due(app, tx, name, at),
        Some(("retry", run)) => again(app, tx, run),
        _ => Err(ApiError::internal(format!("a timer called {key:?}"))),
    }
}

/// Begins a run, or lets it wait for the one that is under way. Retries end when the next run is due.
fn due(app: &App, tx: &mut Tx, name: &str, at: Timestamp) -> Result<(), ApiError> {
    let Some(job) = tx.get::<Job>(name) else {
        return Ok(());
    };
    plan(app, tx, &job)?;
    forget(tx, name, false);
    if runs(tx, name).is_empty() {
        return begin(app, tx, &job, at);
    }
    let waiting = Some(job.waiting.unwrap_or(at));
    tx.put(
        name,
        Job {
            waiting,
            ..(*job).clone()
        },
    );
    Ok(())
}

/// Begins a run and makes its first attempt.
pub(super) fn begin(
    app: &App,
    tx: &mut Tx,
    job: &Job,
    scheduled: Timestamp,
) -> Result<(), ApiError> {
    let number = job.runs + 1;
    let mut job = job.clone();
    job.runs = number;
    tx.put(&job.name.clone(), job.clone());
    let run = Run {
        key: format!("{}{number:010}", of_job(&job.name)),
        job: job.name,
        scheduled,
        first: app.clock.now(),
        attempt: 0,
        in_flight: false,
    };
    attempt(app, tx, run)
}

fn again(app: &App, tx: &mut Tx, key: &str) -> Result<(), ApiError> {
    match tx.get::<Run>(key) {
        Some(run) => attempt(app, tx, (*run).clone()),
        None => Ok(()),
    }
}

/// Makes the next attempt of a run.
fn attempt(app: &App, tx: &mut Tx, mut run: Run) -> Result<(), ApiError> {
    let Some(job) = tx.get::<Job>(&run.job) else {
        return Ok(());
    };
    let now = app.clock.now();
    run.attempt += 1;
    run.in_flight = true;
    tx.put(&run.key.clone(), run.clone());
    let job = Job {
        last_attempt: Some(now),
        ..(*job).clone()
    };
    tx.put(&run.job, job.clone());
    if let Some(target) = job.spec.get("pubsubTarget") {
        let published = target::message(target)
            .and_then(|(topic, message)| pubsub::publish(app, tx, topic, vec![message]));
        let outcome = match published {
            Ok(_) => Outcome::Done,
            Err(error) => Outcome::Failed {
                code: error.code,
                message: error.message,
            },
        };
        return settle(app, tx, &run, outcome);
    }
    let app = app.clone();
    tx.afterwards(move || app.clone().spawn(call(app, job, run)));
    Ok(())
}

/// One attempt on an HTTP target, from the request to what follows from the answer.
async fn call(app: App, job: Job, run: Run) {
    let now = app.clock.now();
    let deadline = now.saturating_add(job.deadline()).unwrap_or(Timestamp::MAX);
    let target = job.spec.get("httpTarget").cloned().unwrap_or(Value::Null);
    let outcome = match target::request(&app, &job, &target, run.scheduled, deadline) {
        Ok(request) => outcome(app.deliver(request).await),
        Err(error) => Outcome::Failed {
            code: error.code,
            message: error.message,
        },
    };
    let kept = app.store.write(|tx| settle(&app, tx, &run, outcome));
    if let Err(error) = kept {
        tracing::error!(job = job.name, %error, "the outcome of a run was not kept");
    }
}

fn outcome(answer: Result<axum::http::StatusCode, Undelivered>) -> Outcome {
    let (code, message) = match answer {
        Ok(status) if status.is_success() => return Outcome::Done,
        Ok(status) => (
            Code::from_http(status.as_u16()),
            format!("the target answered {}", status.as_u16()),
        ),
        Err(Undelivered::Deadline) => (
            Code::DeadlineExceeded,
            "the target did not answer within the attempt deadline".to_owned(),
        ),
        Err(error) => (Code::Unavailable, error.to_string()),
    };
    Outcome::Failed { code, message }
}

/// Notes what an attempt came to, and begins what that leads to: a retry, or the run that waited.
fn settle(app: &App, tx: &mut Tx, run: &Run, outcome: Outcome) -> Result<(), ApiError> {
    // Gone when the job was deleted meanwhile, though it may have been made again.
    let current = tx.delete::<Run>(&run.key);
    let Some(job) = tx.get::<Job>(&run.job).filter(|_| current) else {
        return Ok(());
    };
    let mut job = (*job).clone();
    let failed = outcome != Outcome::Done;
    job.outcome = Some(outcome);
    let waiting = job.waiting.take();
    tx.put(&run.job, job.clone());
    let next_run = timers::at(tx, NAME, &due_key(&run.job));
    let retry = job
        .retry()
        .next(run.attempt, run.first, app.clock.now())
        .filter(|_| failed && !job.paused && waiting.is_none())
        .filter(|at| next_run.is_none_or(|next| *at < next));
    if let Some(at) = retry {
        timers::set(tx, NAME, &retry_key(&run.key), at);
        let in_flight = false;
        tx.put(
            &run.key,
            Run {
                in_flight,
                ..run.clone()
            },
        );
    }
    match waiting {
        Some(scheduled) if !job.paused => begin(app, tx, &job, scheduled),
        _ => Ok(()),
    }
}

/// Repeats the attempts that a stop interrupted.
pub(super) fn resume(app: &App) {
    let view = app.store.view();
    let interrupted = view.from::<Run>("").filter(|(_, run)| run.in_flight);
    for (key, run) in interrupted {
        let repeated = app.store.write(|tx| {
            let attempt_before = run.attempt - 1;
            attempt(
                app,
                tx,
                Run {
                    attempt: attempt_before,
                    ..(**run).clone()
                },
            )
        });
        if let Err(error) = repeated {
            tracing::error!(key, %error, "an interrupted run was not taken up");
        }
    }
}
