//! Figures for Prometheus: kept in the process, read by `GET /metrics`.
//!
//! Functions add their own with the `metrics` crate once [`install`] has been called.

use crate::Outcome;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Events handled, by `source` and `outcome`.
pub const EVENTS: &str = "nightshift_events_total";
/// Seconds that handling an event took, by `source`.
pub const EVENT_SECONDS: &str = "nightshift_event_duration_seconds";
/// Events being handled now.
pub const IN_FLIGHT: &str = "nightshift_events_in_flight";
/// Requests answered, by `status`.
pub const REQUESTS: &str = "nightshift_http_requests_total";

/// Upper limits of [`EVENT_SECONDS`]: from deciding that there is nothing to do, to a backup.
const SECONDS: [f64; 12] = [
    0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0, 600.0,
];

/// The figures of this process. Clones are the same figures.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

/// Why figures cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// The exporter does not take our settings.
    #[error("set up the metrics")]
    Settings(#[source] BuildError),
    /// Something else in the process receives them.
    #[error("the metrics of this process already go elsewhere")]
    Taken,
}

static INSTALLED: Mutex<Option<Metrics>> = Mutex::new(None);

/// Starts keeping figures, for the rest of the process. Called again, it returns the same figures.
pub fn install() -> Result<Metrics, MetricsError> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(metrics) = installed.as_ref() {
        return Ok(metrics.clone());
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets(&SECONDS)
        .map_err(MetricsError::Settings)?
        .build_recorder();
    let kept = Metrics(recorder.handle());
    metrics::set_global_recorder(recorder).map_err(|_| MetricsError::Taken)?;
    describe_counter!(EVENTS, "Events handled");
    describe_histogram!(EVENT_SECONDS, "Seconds that handling an event took");
    describe_gauge!(IN_FLIGHT, "Events being handled now");
    describe_counter!(REQUESTS, "Requests answered");
    Ok(installed.insert(kept).clone())
}

impl Metrics {
    /// Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Sums up what was observed since the last time. Must be called now and then: until then every observation is kept.
    pub(crate) fn sum_up(&self) {
        self.0.run_upkeep();
    }
}

pub(crate) fn event_handled(source: &'static str, outcome: &Outcome, took: Duration) {
    counter!(EVENTS, "source" => source, "outcome" => outcome.name()).increment(1);
    histogram!(EVENT_SECONDS, "source" => source).record(took);
}

pub(crate) fn request_answered(status: http::StatusCode) {
    counter!(REQUESTS, "status" => status.as_str().to_owned()).increment(1);
}

/// Counts one event as being handled until it is dropped.
pub(crate) struct InFlight;

impl InFlight {
    pub(crate) fn begin() -> Self {
        gauge!(IN_FLIGHT).increment(1);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!(IN_FLIGHT).decrement(1);
    }
}
