//! Figures about each secret for `GET /metrics`, beside those of the runtime. They hold names, numbers, times and constant
//! words, never anything of a payload.
//!
//! A gauge is what was last read of its secret: by a tick, a `status`, or a call that drove it. The age alone goes on by
//! itself, so that it also grows where no tick comes any more.

use crate::{
    apply::Ended,
    managed::Managed,
    rotation::State,
    status::{Standing, comes_next},
    time::Time,
};
use jiff::Timestamp;
use metrics::{counter, describe_counter, describe_gauge, gauge};
use nightshift_runtime::{
    Shutdown,
    metrics::{MetricsError, install},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Calls that drove a secret, by `secret` and `outcome`; the outcomes are those of the reports.
pub const CALLS: &str = "rotate_secrets_calls_total";
/// Seconds since the value of a `secret` was made.
pub const AGE: &str = "rotate_secrets_value_age_seconds";
/// Seconds that it may be old; only where `max_age` says so.
pub const MAX_AGE: &str = "rotate_secrets_value_max_age_seconds";
/// 1 for the `phase` that a `secret` is in, 0 for those it was in.
pub const PHASE: &str = "rotate_secrets_phase";
/// 1 for the `code` of a secret's last error, 0 for those it had before.
pub const ERROR: &str = "rotate_secrets_error";
/// Unix time at which something is to happen to a `secret` next, NaN where nothing is known.
pub const NEXT: &str = "rotate_secrets_next_timestamp_seconds";
/// 1 while a person keeps a `secret` frozen.
pub const PAUSED: &str = "rotate_secrets_paused";
/// How many things about a `secret` somebody should look at.
pub const PROBLEMS: &str = "rotate_secrets_problems";

/// How often ages are brought up to date.
const EVERY: Duration = Duration::from_secs(1);

/// What the gauges of this process were last set from. Clones are the same gauges.
#[derive(Clone, Default)]
pub struct Figures(Arc<Mutex<BTreeMap<String, Shown>>>);

/// What is shown of one secret: labels that no longer hold have to be set to 0.
#[derive(Default)]
struct Shown {
    since: Option<Timestamp>,
    phase: Option<&'static str>,
    error: Option<String>,
}

impl Figures {
    /// Starts keeping figures, for the rest of the process.
    pub fn install() -> Result<Self, MetricsError> {
        install()?;
        describe_counter!(CALLS, "Calls that drove a secret, by how they ended");
        describe_gauge!(AGE, "Seconds since the secret's value was made");
        describe_gauge!(MAX_AGE, "Seconds that the secret's value may be old");
        describe_gauge!(PHASE, "1 for the phase that the secret is in");
        describe_gauge!(ERROR, "1 for the code of the secret's last error");
        describe_gauge!(
            NEXT,
            "Unix time at which something is to happen to the secret next"
        );
        describe_gauge!(PAUSED, "1 while the secret is frozen");
        describe_gauge!(PROBLEMS, "Things about the secret to look at");
        Ok(Self::default())
    }

    /// A call has ended.
    pub fn ended(&self, managed: &Managed, ended: &Ended) {
        let key = managed.key.clone();
        counter!(CALLS, "secret" => key, "outcome" => ended.outcome()).increment(1);
        let since = ended.state.as_ref().and_then(|state| state.last_done);
        let phase = ended.phase_name();
        self.show(managed, phase, ended.state.as_ref(), since);
    }

    /// A secret was looked at.
    pub fn looked(&self, managed: &Managed, standing: &Standing) {
        let key = || managed.key.clone();
        gauge!(PAUSED, "secret" => key()).set(f64::from(u8::from(standing.paused)));
        let problems = u32::try_from(standing.problems.len()).unwrap_or(u32::MAX);
        gauge!(PROBLEMS, "secret" => key()).set(problems);
        self.show(
            managed,
            standing.phase,
            standing.state.as_ref(),
            standing.since,
        );
    }

    fn show(
        &self,
        managed: &Managed,
        phase: &'static str,
        state: Option<&State>,
        since: Option<Timestamp>,
    ) {
        let key = || managed.key.clone();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = all.entry(key()).or_default();
        if let Some(before) = shown.phase.replace(phase) {
            gauge!(PHASE, "secret" => key(), "phase" => before).set(0);
        }
        gauge!(PHASE, "secret" => key(), "phase" => phase).set(1);
        let error = state.and_then(|state| Some(state.error?.to_string()));
        if let Some(before) = std::mem::replace(&mut shown.error, error.clone()) {
            gauge!(ERROR, "secret" => key(), "code" => before).set(0);
        }
        if let Some(error) = error {
            gauge!(ERROR, "secret" => key(), "code" => error).set(1);
        }
        let next = state.and_then(comes_next);
        gauge!(NEXT, "secret" => key()).set(next.map_or(f64::NAN, seconds));
        if let Some(most) = managed.max_age {
            gauge!(MAX_AGE, "secret" => key()).set(most.as_secs_f64());
        }
        // A state that was never rotated does not know how old its value is; what was known stays.
        shown.since = since.or(shown.since);
    }

    /// Keeps the ages right until the process is asked to end.
    pub async fn keep_ages(self, time: Arc<dyn Time>, shutdown: Shutdown) {
        loop {
            self.age(time.now());
            tokio::select! {
                () = shutdown.wait() => return,
                () = time.sleep(EVERY) => {}
            }
        }
    }

    fn age(&self, now: Timestamp) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (secret, shown) in all.iter() {
            if let Some(since) = shown.since {
                let age = now.duration_since(since).as_secs_f64();
                gauge!(AGE, "secret" => secret.clone()).set(age);
            }
        }
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}
