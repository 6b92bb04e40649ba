//! What a schedule does over some days: segments of time, and half-hour cells as a picture of each day.

use crate::{
    desired::{Desired, segments},
    overrides::Override,
    schedule::{Level, Power, Schedule},
    zone::{ClockChange, Zone},
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::Serialize;

/// What a cell stands for.
pub const HALF_HOUR: SignedDuration = SignedDuration::from_mins(30);

/// Some days of one schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Midnight before the first day.
    pub from: Timestamp,
    /// Midnight after the last day.
    pub until: Timestamp,
    /// The segments in between, cut at both ends.
    pub segments: Vec<Segment>,
    /// The days that exist: one may be skipped altogether when a country crosses the date line.
    pub days: Vec<Day>,
}

/// A stretch of time with one level by one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its first instant within the timeline.
    pub from: Timestamp,
    /// The first instant after it, or the end of the timeline.
    pub until: Timestamp,
    /// What holds, with its true beginning and end.
    pub desired: Desired,
    /// How many instances that keeps; on is one, off is none; not known where it depends on what was found.
    pub floor: Option<u32>,
}

/// A day as a row of half hours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// How long it is, in seconds: not 86,400 when clocks change.
    pub seconds: i64,
    /// Its half hours by the clock: 48, or more when some are repeated.
    pub cells: Vec<Cell>,
    /// Instances kept, times hours; none when a part is not known.
    pub instance_hours: Option<f64>,
    /// How clocks change on it.
    #[serde(skip)]
    pub clock_changes: Vec<ClockChange>,
}

/// Half an hour. In JSON it is a number, `null` or `"skipped"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// The largest floor in it.
    Floor(u32),
    /// What was found, which is not known here.
    Unknown,
    /// Clocks skip it.
    Skipped,
}

impl Serialize for Cell {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Floor(floor) => serializer.serialize_u32(*floor),
            Self::Unknown => serializer.serialize_none(),
            Self::Skipped => serializer.serialize_str("skipped"),
        }
    }
}

/// The timeline of `schedule` with `overrides`, from midnight of `first` in its zone. `original` is what was found, where
/// that is known.
pub fn timeline(
    schedule: &Schedule,
    overrides: &[Override],
    original: Option<u32>,
    first: Date,
    days: u16,
) -> Timeline {
    let last = first.saturating_add(jiff::Span::new().days(days));
    let midnight = |date: Date| schedule.zone.resolve(date.at(0, 0, 0, 0));
    let (from, until) = (midnight(first), midnight(last));
    let segments: Vec<Segment> = segments(schedule, overrides, from, until)
        .map(|desired| Segment {
            from: desired.since.map_or(from, |since| since.max(from)),
            until: desired.until.map_or(until, |end| end.min(until)),
            floor: floor(desired.level, original),
            desired,
        })
        .collect();
    let dates = std::iter::successors(Some(first), |date| date.tomorrow().ok());
    let days = dates
        .take(days.into())
        .filter_map(|date| Day::new(&schedule.zone, date, &segments))
        .collect();
    Timeline {
        from,
        until,
        segments,
        days,
    }
}

/// The instances that `level` keeps, where `original` was found.
fn floor(level: Level, original: Option<u32>) -> Option<u32> {
    match level {
        Level::Original | Level::Keep => original,
        Level::AtLeast(count) => original.map(|found| found.max(count)),
        Level::Power(power) => Some(u32::from(power == Power::On)),
        Level::Set { .. } | Level::Manual(_) => level.floor(),
    }
}

impl Timeline {
    /// The largest floor of all segments; none when none is known.
    pub fn peak(&self) -> Option<u32> {
        self.segments
            .iter()
            .filter_map(|segment| segment.floor)
            .max()
    }

    /// Instances kept, times seconds; none when a part is not known.
    pub fn instance_seconds(&self, count: impl Fn(u32) -> u32) -> Option<f64> {
        let parts = self.segments.iter().map(|segment| {
            let seconds = segment.until.duration_since(segment.from).as_secs_f64();
            Some(seconds * f64::from(count(segment.floor?)))
        });
        parts.sum()
    }

    /// The segments that begin within the timeline with another level than the one before, each with that one.
    pub fn changes(&self) -> impl Iterator<Item = (&Segment, &Segment)> {
        let pairs = self.segments.iter().zip(self.segments.iter().skip(1));
        pairs.filter(|(before, after)| before.desired.level != after.desired.level)
    }
}

impl Day {
    fn new(zone: &Zone, date: Date, segments: &[Segment]) -> Option<Self> {
        let midnight = |date: Date| zone.resolve(date.at(0, 0, 0, 0));
        let (from, until) = (midnight(date), midnight(date.tomorrow().ok()?));
        if from >= until {
            return None;
        }
        let just_before = from - SignedDuration::from_nanos(1);
        let clock_changes = zone.clock_changes(just_before, until - SignedDuration::from_nanos(1));
        Some(Self {
            date,
            seconds: until.duration_since(from).as_secs(),
            cells: cells(zone, date, (from, until), &clock_changes, segments),
            instance_hours: instance_hours(from, until, segments),
            clock_changes,
        })
    }

    /// What is unusual about it, such as `23-hour day, 02:00–03:00 skipped`.
    pub fn remark(&self) -> Option<String> {
        let change = self.clock_changes.first()?;
        let (first, last) = (change.last.min(change.next), change.last.max(change.next));
        let what = if change.is_forward() {
            "skipped"
        } else {
            "repeated"
        };
        let (first, last) = (first.strftime("%H:%M"), last.strftime("%H:%M"));
        let (hours, minutes) = (self.seconds / 3600, self.seconds % 3600 / 60);
        let length = match minutes {
            0 => format!("{hours}-hour day"),
            _ => format!("day of {hours} h {minutes} min"),
        };
        Some(format!("{length}, {first}–{last} {what}"))
    }
}

fn cells(
    zone: &Zone,
    date: Date,
    (from, until): (Timestamp, Timestamp),
    changes: &[ClockChange],
    segments: &[Segment],
) -> Vec<Cell> {
    let mut cells = Vec::new();
    // Where midnight itself is skipped, the day begins later on the clock.
    let shown = zone.local(from).datetime();
    cells.extend(skipped(shown.duration_since(date.at(0, 0, 0, 0))));
    let mut start = from;
    let ends = changes.iter().filter(|change| change.at > from);
    for (end, change) in ends
        .map(|change| (change.at, Some(change)))
        .chain([(until, None)])
    {
        while start < end {
            let cell_end = (start + HALF_HOUR).min(end);
            cells.push(cell(start, cell_end, segments));
            start = cell_end;
        }
        if let Some(change) = change {
            cells.extend(skipped(change.next.duration_since(change.last)));
        }
    }
    cells
}

fn skipped(length: SignedDuration) -> impl Iterator<Item = Cell> {
    let count = length.as_secs().max(0) / HALF_HOUR.as_secs();
    (0..count).map(|_| Cell::Skipped)
}

fn overlapping(
    from: Timestamp,
    until: Timestamp,
    segments: &[Segment],
) -> impl Iterator<Item = &Segment> {
    segments
        .iter()
        .filter(move |segment| segment.from < until && from < segment.until)
}

fn cell(from: Timestamp, until: Timestamp, segments: &[Segment]) -> Cell {
    let floors: Option<Vec<u32>> = overlapping(from, until, segments)
        .map(|segment| segment.floor)
        .collect();
    floors
        .and_then(|floors| floors.into_iter().max())
        .map_or(Cell::Unknown, Cell::Floor)
}

fn instance_hours(from: Timestamp, until: Timestamp, segments: &[Segment]) -> Option<f64> {
    let parts = overlapping(from, until, segments).map(|segment| {
        let (from, until) = (segment.from.max(from), segment.until.min(until));
        Some(f64::from(segment.floor?) * until.duration_since(from).as_secs_f64() / 3600.0)
    });
    parts.sum()
}
