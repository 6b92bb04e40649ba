//! How long it takes to know what a schedule wants at an instant: prints nanoseconds, the mean over the half hours of a year.
//! `make bench` runs it.
#![expect(clippy::print_stdout, reason = "a program whose answer is one number")]

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use scheduled_scaling::{config::Config, desired::desired};
use std::{hint::black_box, time::Instant};

/// Windows that overlap, a holiday, and a zone whose clocks change.
const OFFICE: &str = r#"
version = 1
[schedules.office]
time_zone = "Europe/Berlin"
default = { min = 0 }
[[schedules.office.windows]]
name = "core"
days = "mon-fri"
from = "07:00"
to = "19:00"
min = 4
[[schedules.office.windows]]
name = "lunch"
days = "mon-fri"
from = "12:00"
to = "14:00"
min = 6
[[schedules.office.exceptions]]
dates = ["2026-12-25..2026-12-26"]
closed = true
"#;

fn main() -> anyhow::Result<()> {
    let config: Config = toml::from_str(OFFICE)?;
    let schedule = config.schedules.get("office").context("find the office")?;
    let start: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    let instants: Vec<Timestamp> = (0..365 * 48)
        .map(|half_hour| start + SignedDuration::from_mins(30 * half_hour))
        .collect();
    let begun = Instant::now();
    for at in &instants {
        black_box(desired(schedule, &[], *at));
    }
    let all = begun.elapsed().as_secs_f64() * 1e9;
    println!("{:.0}", all / f64::from(u32::try_from(instants.len())?));
    Ok(())
}
