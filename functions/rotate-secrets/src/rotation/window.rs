//! When rotations may start: weekly windows in a time zone, and dates on which they may not.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

/// When rotations may start; without any window, always.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    zone: TimeZone,
    weekly: Vec<Window>,
    closed: Vec<Closure>,
}

/// A time of day on some days of the week. A window whose end is not after its start goes on to the next morning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The days on which it begins.
    pub days: Vec<Weekday>,
    /// Its first minute.
    pub from: Time,
    /// The minute after its last.
    pub to: Time,
}

/// A span of whole days without rotations, such as a change freeze.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

/// How many days ahead an opening is searched for: more than a year, so that a closure of any sane length ends.
const HORIZON_DAYS: i64 = 400;

impl Windows {
    /// No restrictions.
    pub fn always() -> Self {
        Self {
            zone: TimeZone::UTC,
            weekly: Vec::new(),
            closed: Vec::new(),
        }
    }

    /// Weekly windows and closed days, by the clocks of `zone`.
    pub fn new(zone: TimeZone, weekly: Vec<Window>, closed: Vec<Closure>) -> Self {
        Self {
            zone,
            weekly,
            closed,
        }
    }

    /// The first instant from `now` on at which a rotation may start: `now` itself if that is one. None if there is
    /// none within 400 days.
    pub fn opens(&self, now: Timestamp) -> Option<Timestamp> {
        if self.weekly.is_empty() && self.closed.is_empty() {
            return Some(now);
        }
        let today = now.to_zoned(self.zone.clone()).date();
        (-1..=HORIZON_DAYS)
            .filter_map(|offset| today.checked_add(offset.days()).ok())
            .flat_map(|day| self.spans_from(day))
            .filter(|(_, end)| *end > now)
            .map(|(start, _)| start.max(now))
            .find(|start| !self.is_closed(*start))
    }

    /// The spans that begin on `day`, in order, cut at midnight so that a closed day can be left out.
    fn spans_from(&self, day: Date) -> Vec<(Timestamp, Timestamp)> {
        let whole_day = [(Time::midnight(), Time::midnight())];
        let mut times: Vec<(Time, Time)> = if self.weekly.is_empty() {
            whole_day.to_vec()
        } else {
            let begins = |window: &&Window| window.days.contains(&day.weekday());
            let today = self.weekly.iter().filter(begins);
            today.map(|window| (window.from, window.to)).collect()
        };
        times.sort();
        let Ok(tomorrow) = day.tomorrow() else {
            return Vec::new();
        };
        let mut spans = Vec::new();
        for (from, to) in times {
            let midnight = (tomorrow, Time::midnight());
            if from < to {
                spans.extend(self.span((day, from), (day, to)));
            } else {
                spans.extend(self.span((day, from), midnight));
                spans.extend(self.span(midnight, (tomorrow, to)));
            }
        }
        spans
    }

    /// A local span as instants. A time that the clocks skip is the first after the gap; of one that comes twice a
    /// window takes both.
    fn span(&self, from: (Date, Time), to: (Date, Time)) -> Option<(Timestamp, Timestamp)> {
        let zoned = |(date, time): (Date, Time)| {
            let ambiguous = self.zone.to_ambiguous_timestamp(date.to_datetime(time));
            (ambiguous.compatible(), ambiguous.later())
        };
        let ((start, _), (_, end)) = (zoned(from), zoned(to));
        Some((start.ok()?, end.ok()?)).filter(|(start, end)| start < end)
    }

    fn is_closed(&self, at: Timestamp) -> bool {
        let day = at.to_zoned(self.zone.clone()).date();
        self.closed
            .iter()
            .any(|closure| closure.from <= day && day <= closure.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    fn berlin(weekly: Vec<Window>, closed: Vec<Closure>) -> Windows {
        Windows::new(TimeZone::get("Europe/Berlin").unwrap(), weekly, closed)
    }

    fn night(days: &[Weekday]) -> Window {
        Window {
            days: days.to_vec(),
            from: time(22, 0, 0, 0),
            to: time(4, 0, 0, 0),
        }
    }

    fn opens(windows: &Windows, now: &str) -> Option<String> {
        windows
            .opens(now.parse().unwrap())
            .map(|instant| instant.to_string())
    }

    #[test]
    fn without_windows_a_rotation_may_always_start() {
        assert_eq!(
            opens(&Windows::always(), "2026-11-21T12:00:00Z").unwrap(),
            "2026-11-21T12:00:00Z"
        );
    }

    #[test]
    fn a_window_may_go_on_past_midnight() {
        let windows = berlin(vec![night(&[Weekday::Saturday])], vec![]);
        // Saturday noon, Saturday 23:00, Sunday 02:00 and Sunday 05:00 in Berlin (UTC+1).
        for (now, expected) in [
            ("2026-11-21T11:00:00Z", "2026-11-21T21:00:00Z"),
            ("2026-11-21T22:00:00Z", "2026-11-21T22:00:00Z"),
            ("2026-11-22T01:00:00Z", "2026-11-22T01:00:00Z"),
            ("2026-11-22T04:00:00Z", "2026-11-28T21:00:00Z"),
        ] {
            assert_eq!(opens(&windows, now).unwrap(), expected, "{now}");
        }
    }

    #[test]
    fn a_closed_day_moves_the_start_to_the_next_open_one() {
        let freeze = Closure {
            from: date(2026, 12, 20),
            to: date(2027, 1, 4),
        };
        let always_but = berlin(vec![], vec![freeze.clone()]);
        assert_eq!(
            opens(&always_but, "2026-12-24T18:00:00Z").unwrap(),
            "2027-01-04T23:00:00Z"
        );
        let nights = berlin(vec![night(&[Weekday::Saturday])], vec![freeze]);
        // The night of 19 December is cut at midnight, where the freeze begins.
        assert_eq!(
            opens(&nights, "2026-12-19T23:30:00Z").unwrap(),
            "2027-01-09T21:00:00Z"
        );
    }

    #[test]
    fn a_window_that_the_clocks_skip_opens_after_the_gap_or_not_at_all() {
        let skipped = Window {
            days: vec![Weekday::Sunday],
            from: time(2, 0, 0, 0),
            to: time(3, 0, 0, 0),
        };
        let windows = berlin(vec![skipped], vec![]);
        // 2027-03-28 02:00 to 03:00 does not exist in Berlin.
        assert_eq!(
            opens(&windows, "2027-03-27T12:00:00Z").unwrap(),
            "2027-04-04T00:00:00Z"
        );
    }

    #[test]
    fn windows_that_never_open_are_told_apart_from_late_ones() {
        let forever = Closure {
            from: date(2020, 1, 1),
            to: date(2099, 1, 1),
        };
        assert_eq!(
            opens(&berlin(vec![], vec![forever]), "2026-11-21T12:00:00Z"),
            None
        );
    }
}
