//! Makes things happen when they are due, and moves the clock.

pub(crate) mod clock;
pub(crate) mod timers;

use crate::{app::App, http::ApiError, store::Record};
use clock::Mode;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::time::Duration;
use timers::Timer;

/// The clock as it stood, for the next start.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct SavedClock(pub(crate) Mode);

impl Record for SavedClock {
    const TABLE: &'static str = "engine.clock";
}

/// Where the clock is to go, and how.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Move {
    /// Go to this instant (earlier ones allowed: nothing fires then).
    pub(crate) set: Option<Timestamp>,
    /// Go forward by so much, `36h`, `PT36H` or `P7D`; a day is 24 hours.
    #[serde(default, deserialize_with = "days_and_less")]
    pub(crate) advance: Option<SignedDuration>,
    /// Run or stand still afterwards; as it was when absent.
    pub(crate) running: Option<bool>,
    /// How long (of real time) to wait at each step for work in flight, such as a push that a function is busy with.
    pub(crate) settle: Option<SignedDuration>,
}

fn days_and_less<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SignedDuration>, D::Error> {
    let span = Option::<Span>::deserialize(from)?;
    span.map(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
        .transpose()
        .map_err(D::Error::custom)
}

/// A timer that is to fire before its time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Early {
    api: String,
    key: String,
}

/// What a move did.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Moved {
    pub(crate) now: Timestamp,
    pub(crate) running: bool,
    /// How many timers fired.
    pub(crate) fired: usize,
}

const DEFAULT_SETTLE: Duration = Duration::from_secs(30);

/// Fires timers as the clock reaches them, until the server stops.
pub(crate) async fn run(app: App) {
    let mut commits = app.store.commits();
    loop {
        commits.borrow_and_update();
        let next = timers::first(&app.store.view());
        let due = async {
            match &next {
                Some(timer) => app.clock.wait_until(timer.at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = app.stopping.cancelled() => return,
            changed = commits.changed() => if changed.is_err() { return },
            () = due => {
                // Held by whoever moves the clock: then the timers are theirs to fire.
                let _turn = app.engine.lock().await;
                fire_due(&app);
            }
        }
    }
}

fn fire_due(app: &App) -> usize {
    let mut fired = 0;
    while let Some(timer) = timers::first(&app.store.view()) {
        if timer.at > app.clock.now() {
            break;
        }
        fire(app, &timer);
        fired += 1;
    }
    fired
}

/// Fires one timer. It is gone afterwards, even if its API failed, so that one bad timer cannot stop the clock.
fn fire(app: &App, timer: &Timer) {
    let handler = app
        .apis
        .iter()
        .find(|api| api.name == timer.api)
        .and_then(|api| api.on_timer);
    let result = app.store.write(|tx| {
        timers::cancel(tx, &timer.api, &timer.key);
        handler.map_or(Ok(()), |handler| handler(app, tx, &timer.key, timer.at))
    });
    if let Err(error) = result {
        tracing::error!(api = timer.api, key = timer.key, %error, "a timer failed and is dropped");
        let dropped = app.store.write(|tx| {
            timers::cancel(tx, &timer.api, &timer.key);
            Ok::<_, ApiError>(())
        });
        if let Err(error) = dropped {
            tracing::error!(api = timer.api, key = timer.key, %error, "a timer cannot be dropped");
        }
    }
}

/// Fires a timer now, as if it had been due now.
pub(crate) async fn fire_early(app: &App, early: &Early) -> Result<(), ApiError> {
    let _turn = app.engine.lock().await;
    let Early { api, key } = early;
    if timers::at(&app.store.view(), api, key).is_none() {
        return Err(ApiError::not_found(format!(
            "{api} has no timer {key:?}; GET /_local/clock shows the one that is due next"
        )));
    }
    let now = app.clock.now();
    fire(
        app,
        &Timer {
            api: api.clone(),
            key: key.clone(),
            at: now,
        },
    );
    Ok(())
}

/// Moves the clock, firing on the way all that becomes due, in order, each at its own time.
pub(crate) async fn move_clock(app: &App, to: Move) -> Result<Moved, ApiError> {
    let settle = to
        .settle
        .map_or(DEFAULT_SETTLE, SignedDuration::unsigned_abs);
    let _turn = app.engine.lock().await;
    let begin = app.clock.now();
    let running = to.running.unwrap_or(app.clock.is_running());
    let target = target(begin, &to)?;
    let _moving = app.clock.moving(running);
    app.clock.set(begin.min(target), false);
    let mut fired = 0;
    loop {
        app.settled(settle).await;
        let Some(timer) = timers::first(&app.store.view()).filter(|timer| timer.at <= target)
        else {
            break;
        };
        app.clock.set(timer.at.max(app.clock.now()), false);
        fire(app, &timer);
        fired += 1;
    }
    app.clock.set(target, running);
    app.store.write(|tx| {
        tx.put("clock", SavedClock(app.clock.mode()));
        Ok::<_, ApiError>(())
    })?;
    Ok(Moved {
        now: app.clock.now(),
        running,
        fired,
    })
}

fn target(begin: Timestamp, to: &Move) -> Result<Timestamp, ApiError> {
    let base = match (to.set, to.advance) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid("give either set or advance, not both"));
        }
        (Some(set), None) => set,
        (None, _) => begin,
    };
    let advance = to.advance.unwrap_or_default();
    if advance.is_negative() {
        return Err(ApiError::invalid(
            "advance goes forward only; use set to go back",
        ));
    }
    base.checked_add(advance)
        .map_err(|e| ApiError::invalid(format!("the clock cannot go there: {e}")))
}
