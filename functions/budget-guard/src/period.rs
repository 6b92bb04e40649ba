//! Budget periods: they begin at midnight US Pacific on the first day of a month, a quarter or a year.

use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

/// How long a budget's period is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A calendar month.
    #[default]
    Month,
    /// Three calendar months from January, April, July or October.
    Quarter,
    /// A calendar year.
    Year,
}

impl Period {
    /// Whether a period begins at `instant`.
    pub fn begins_at(self, instant: Timestamp) -> bool {
        self.start_of(instant) == Some(instant)
    }

    /// When the period that holds `instant` began; none at the edges of representable time.
    pub fn start_of(self, instant: Timestamp) -> Option<Timestamp> {
        let day = instant.to_zoned(TimeZone::UTC).date();
        let first = self.first_day(day)?;
        // In the first hours of a UTC month it is still the day before in California.
        match midnight(first).filter(|start| *start <= instant) {
            Some(start) => Some(start),
            None => midnight(self.first_day(first.yesterday().ok()?)?),
        }
    }

    /// When the period that begins at `start` ends; none at the edges of representable time.
    pub fn end_of(self, start: Timestamp) -> Option<Timestamp> {
        let first = start.to_zoned(TimeZone::UTC).date();
        let months = i64::from(self.months());
        midnight(
            first
                .checked_add(jiff::Span::new().try_months(months).ok()?)
                .ok()?,
        )
    }

    fn first_day(self, day: Date) -> Option<Date> {
        let months = self.months();
        let month = (day.month() - 1) / months * months + 1;
        Date::new(day.year(), month, 1).ok()
    }

    const fn months(self) -> i8 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }
}

/// Midnight US Pacific on the first of a month.
///
/// Clocks there change on the second Sunday of March and the first Sunday of November at two in the morning, so the first
/// of a month begins in standard time (UTC−8) from December to March and in summer time (UTC−7) otherwise: no time zone
/// data is needed, and a decision depends on nothing outside it.
fn midnight(first: Date) -> Option<Timestamp> {
    let hour = if matches!(first.month(), 12 | 1..=3) {
        8
    } else {
        7
    };
    let utc = date(first.year(), first.month(), first.day()).at(hour, 0, 0, 0);
    utc.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_first_of_a_month_is_midnight_in_los_angeles() {
        let pacific = TimeZone::get("America/Los_Angeles").unwrap();
        for year in 2007..2037 {
            for month in 1..=12 {
                let first = date(year, month, 1);
                let expected = first.to_zoned(pacific.clone()).unwrap().timestamp();
                assert_eq!(midnight(first), Some(expected), "{first}");
                assert!(Period::Month.begins_at(expected));
            }
        }
    }

    #[test]
    fn a_period_ends_where_the_next_begins() {
        let october = at("2026-10-01T07:00:00Z");
        assert_eq!(
            Period::Month.end_of(october),
            Some(at("2026-11-01T07:00:00Z"))
        );
        assert_eq!(
            Period::Quarter.end_of(october),
            Some(at("2027-01-01T08:00:00Z"))
        );
        assert!(!Period::Year.begins_at(october));
        assert_eq!(
            Period::Year.start_of(october),
            Some(at("2026-01-01T08:00:00Z"))
        );
    }

    #[test]
    fn the_first_hours_of_a_utc_month_belong_to_the_month_before() {
        let early = at("2026-11-01T06:59:59Z");
        assert_eq!(
            Period::Month.start_of(early),
            Some(at("2026-10-01T07:00:00Z"))
        );
        let new_year = at("2027-01-01T07:59:59Z");
        assert_eq!(
            Period::Quarter.start_of(new_year),
            Some(at("2026-10-01T07:00:00Z"))
        );
    }

    #[test]
    fn an_hour_or_a_month_beside_the_boundary_is_not_one() {
        assert!(!Period::Month.begins_at(at("2026-11-01T08:00:00Z")));
        assert!(!Period::Month.begins_at(at("2026-10-01T00:00:00Z")));
        assert!(!Period::Quarter.begins_at(at("2026-11-01T07:00:00Z")));
    }
}
