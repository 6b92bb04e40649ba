//! What a run tells while it runs: one line per event, on standard error.
//!
//! On Cloud Run a line is a JSON object in Cloud Logging's form; elsewhere it is for people. Both carry the event's
//! fields and those of the spans around it; where two have the same name, the inner one is shown.
//!
//! Spans are sent to an OpenTelemetry collector as well where `OTEL_EXPORTER_OTLP_ENDPOINT` names one (feature `otlp`).
//!
//! Errors go through `error = &error as &dyn std::error::Error`, which writes the whole chain of causes.

mod cloud;
mod fields;
#[cfg(feature = "otlp")]
pub(crate) mod otlp;
mod record;
mod terminal;

use crate::{clock::SystemClock, terminal as screen};
use record::{Layer, Record};
use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, Write},
    panic::PanicHookInfo,
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
};
use tracing::{dispatcher::SetGlobalDefaultError, level_filters::LevelFilter};
use tracing_subscriber::{
    filter::Targets,
    layer::{Layer as _, SubscriberExt},
    registry::Registry,
};

/// The options of every command that say what is told, and how.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Logging")]
// Several of these meet in one command, where clap would call each group `Options`.
#[group(skip)]
pub struct Options {
    /// Form of the log lines on standard error
    #[arg(
        long = "log-format",
        env = "NIGHTSHIFT_LOG_FORMAT",
        value_enum,
        default_value_t,
        global = true
    )]
    pub format: Format,

    /// What to log: `debug`, or by module as in `info,backup::restore=trace`
    #[arg(
        long = "log-level",
        env = "NIGHTSHIFT_LOG_LEVEL",
        default_value = "info",
        global = true
    )]
    pub level: Level,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// JSON on Cloud Run, text anywhere else
    #[default]
    Auto,
    /// One JSON object a line, as Cloud Logging reads it
    Json,
    /// For people
    Text,
}

/// Which events are told: a level, or levels by module.
///
/// Crates that speak wire protocols stay at `info` unless they are named: what they tell below that can hold
/// credentials.
#[derive(Debug, Clone)]
pub struct Level(Targets);

/// The crates whose `debug` and `trace` quote what goes over the wire.
const WIRE: [&str; 7] = [
    "h2",
    "hyper",
    "hyper_util",
    "object_store",
    "reqwest",
    "rustls",
    "tonic",
];

/// A level that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a level (off, error, warn, info, debug, trace) nor MODULE=LEVEL")]
pub struct InvalidLevel(String);

impl FromStr for Level {
    type Err = InvalidLevel;

    fn from_str(text: &str) -> Result<Self, InvalidLevel> {
        let mut targets = Targets::new().with_default(LevelFilter::INFO);
        let mut named = Vec::new();
        for directive in text
            .split(',')
            .map(str::trim)
            .filter(|directive| !directive.is_empty())
        {
            let invalid = |_| InvalidLevel(directive.to_owned());
            targets = match directive.split_once('=') {
                None => targets.with_default(directive.parse::<LevelFilter>().map_err(invalid)?),
                Some((target, level)) => {
                    named.push(target);
                    targets.with_target(target, level.parse::<LevelFilter>().map_err(invalid)?)
                }
            };
        }
        let capped = targets
            .default_level()
            .map_or(LevelFilter::INFO, |level| level.min(LevelFilter::INFO));
        let unnamed = WIRE
            .into_iter()
            .filter(|wire| !named.iter().any(|name| name.starts_with(wire)));
        Ok(Self(unnamed.fold(targets, |targets, wire| {
            targets.with_target(wire, capped)
        })))
    }
}

impl Default for Level {
    fn default() -> Self {
        Self(Targets::new().with_default(LevelFilter::INFO))
    }
}

/// Whether lines are JSON.
static JSON: AtomicBool = AtomicBool::new(false);

/// Starts telling, for the rest of the process. Panics are told as errors from here on.
///
/// Fails when something else already listens to the process's events.
pub fn init(options: &Options) -> Result<(), SetGlobalDefaultError> {
    let json = match options.format {
        Format::Auto => cloud::Service::of_this_process().is_some(),
        Format::Json => true,
        Format::Text => false,
    };
    let on_terminal = !json && console::user_attended_stderr();
    screen::allow_bars(on_terminal);
    JSON.store(json, Ordering::Relaxed);
    let layer = if json {
        let service = cloud::Service::of_this_process();
        Layer::new(SystemClock, move |record| {
            write_line(&cloud::line(record, service.as_ref()));
        })
    } else {
        let look = terminal::Look {
            colours: console::colors_enabled_stderr(),
            date: !on_terminal,
        };
        Layer::new(SystemClock, move |record| {
            write_line(&terminal::line(record, look));
        })
    };
    let filter = options.level.0.clone();
    let told = Registry::default().with(layer.with_filter(filter));
    #[cfg(feature = "otlp")]
    let (told, failure) = match otlp::layer() {
        Ok(sent) => (told.with(sent), None),
        Err(error) => (told.with(None), Some(error)),
    };
    tracing::subscriber::set_global_default(told)?;
    #[cfg(feature = "otlp")]
    if let Some(error) = failure {
        // No reason not to do the work.
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "traces cannot be sent"
        );
    }
    std::panic::set_hook(Box::new(tell_panic));
    Ok(())
}

/// Sends what is told elsewhere than on standard error and has not been sent. For the end of `main`, where no async work
/// is left: it blocks for a second at most.
pub fn finish() {
    #[cfg(feature = "otlp")]
    otlp::finish();
}

/// Tells why the run failed, as its last word: one line `error: …` for people, an error event called `event` where lines
/// are JSON.
///
/// Before [`init`] it is a line for people: a command line that is not understood says nothing about logs.
pub fn tell_failure(event: &'static str, why: &str) {
    if JSON.load(Ordering::Relaxed) {
        tracing::error!(event, "{why}");
        return;
    }
    let label = console::style("error:").red().bold().for_stderr();
    write_line(&format!(
        "{label} {}",
        screen::printable(why).replace('\n', " ")
    ));
}

/// Writes one whole line above the progress bars. A closed standard error leaves nobody to tell that to.
fn write_line(line: &str) {
    let line = format!("{line}\n");
    let _ = screen::bars().suspend(|| io::stderr().lock().write_all(line.as_bytes()));
}

fn tell_panic(panic: &PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    tracing::error!(
        panic = panic.payload_as_str().unwrap_or("of unknown type"),
        at = panic.location().map(tracing::field::display),
        backtrace = (backtrace.status() == BacktraceStatus::Captured)
            .then(|| tracing::field::display(&backtrace)),
        "panicked"
    );
}

#[cfg(test)]
pub(crate) mod tests;
