//! Progress on a terminal: a bar.

use super::Unit;
use crate::report;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use std::{fmt::Write, time::Duration};

const OF_KNOWN_SIZE: &str =
    "{prefix}  {bar:24}  {percent:>3} %  {amount}  {rate}  {left}  {wide_msg}";
const OF_UNKNOWN_SIZE: &str = "{prefix}  {spinner}  {amount}  {rate}  {took}  {wide_msg}";

/// How often a bar moves by itself, so that waiting can be told from hanging.
const TICK: Duration = Duration::from_millis(200);

/// Adds a bar to `bars` and draws it.
pub(super) fn draw(
    bars: &MultiProgress,
    title: String,
    total: Option<u64>,
    unit: Unit,
) -> ProgressBar {
    let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let bar = bars.add(bar.with_style(style(total, unit)).with_prefix(title));
    bar.enable_steady_tick(TICK);
    bar
}

fn style(total: Option<u64>, unit: Unit) -> ProgressStyle {
    let (template, fallback): (_, fn() -> ProgressStyle) = match total {
        Some(_) => (OF_KNOWN_SIZE, ProgressStyle::default_bar),
        None => (OF_UNKNOWN_SIZE, ProgressStyle::default_spinner),
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| fallback())
        .progress_chars("━━╌")
        .with_key(
            "amount",
            move |state: &ProgressState, out: &mut dyn Write| {
                let _ = match state.len() {
                    Some(total) => {
                        write!(out, "{} of {}", unit.show(state.pos()), unit.show(total))
                    }
                    None => write!(out, "{}", unit.show(state.pos())),
                };
            },
        )
        .with_key("rate", move |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{}/s", unit.show(whole(state.per_sec())));
        })
        .with_key("left", |state: &ProgressState, out: &mut dyn Write| {
            let eta = whole_seconds(state.eta());
            if state.pos() > 0 && !eta.is_zero() {
                let _ = write!(out, "{} left", report::duration(eta));
            }
        })
        .with_key("took", |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{}", report::duration(whole_seconds(state.elapsed())));
        })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and a rate is shown with three figures"
)]
fn whole(rate: f64) -> u64 {
    rate.round() as u64
}

/// Tenths of seconds would flicker.
fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_valid() {
        for template in [OF_KNOWN_SIZE, OF_UNKNOWN_SIZE] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
