//! Amounts that carry their unit.

use jiff::{Span, SpanRelativeTo, fmt::friendly::SpanPrinter};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, marker::PhantomData, str::FromStr, time::Duration};

/// An amount that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct InvalidAmount {
    found: String,
    expected: &'static str,
}

/// A length of time with its unit: `36h`, `15m`, `7d`, `1h 30m`, `250ms`.
///
/// A day is always 24 hours. Months and years are refused because they have no fixed length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HumanDuration(Duration);

const A_DURATION: &str = r#"a duration with its unit such as "36h", "15m" or "7d""#;

impl From<Duration> for HumanDuration {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl From<HumanDuration> for Duration {
    fn from(duration: HumanDuration) -> Self {
        duration.0
    }
}

impl FromStr for HumanDuration {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        text.trim()
            .parse::<Span>()
            .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
            .ok()
            .and_then(|duration| Duration::try_from(duration).ok())
            .map(Self)
            .ok_or_else(|| InvalidAmount {
                found: text.to_owned(),
                expected: A_DURATION,
            })
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&SpanPrinter::new().unsigned_duration_to_string(&self.0))
    }
}

/// A number of bytes with its unit, decimal or binary: `16 MiB`, `500 MB`, `65536 B`. Whole numbers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

const A_SIZE: &str = r#"a whole number of bytes with its unit such as "16 MiB" or "500 MB""#;

const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

impl ByteSize {
    /// That many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let trimmed = text.trim();
        let digits = trimmed
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(digits);
        let size = UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit.trim_start()));
        number
            .parse::<u64>()
            .ok()
            .zip(size)
            .and_then(|(number, (_, size))| number.checked_mul(*size))
            .map(Self)
            .ok_or_else(|| InvalidAmount {
                found: text.to_owned(),
                expected: A_SIZE,
            })
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = UNITS
            .iter()
            .find(|(_, size)| self.0 >= *size && self.0.is_multiple_of(*size));
        let (unit, size) = exact.unwrap_or(&("B", 1));
        write!(f, "{} {unit}", self.0 / size)
    }
}

/// Reads a `T` from text; anything else is answered with what was expected.
struct FromText<T>(&'static str, PhantomData<T>);

impl<T: FromStr<Err = InvalidAmount>> de::Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText(A_DURATION, PhantomData))
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText(A_SIZE, PhantomData))
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit() {
        let hour = Duration::from_hours(1);
        let read = [
            ("36h", hour * 36),
            (" 7d ", hour * 24 * 7),
            ("2w", hour * 24 * 14),
            ("1h 30m", hour * 3 / 2),
            ("250ms", Duration::from_millis(250)),
            ("0s", Duration::ZERO),
        ];
        for (text, duration) in read {
            assert_eq!(text.parse(), Ok(HumanDuration(duration)), "{text}");
        }
    }

    #[test]
    fn durations_without_a_fixed_length_are_refused() {
        for text in [
            "",
            "36",
            "1mo",
            "1y",
            "-5m",
            "h",
            "36 apples",
            "900000000000000h",
        ] {
            let refused = text.parse::<HumanDuration>().unwrap_err().to_string();
            assert!(
                refused.ends_with(r#"such as "36h", "15m" or "7d""#),
                "{refused}"
            );
        }
    }

    #[test]
    fn sizes_are_read_with_their_unit() {
        let read = [
            ("16 MiB", 16 << 20),
            ("500MB", 500_000_000),
            ("64kib", 65_536),
            ("1 gb", 1_000_000_000),
            ("0 B", 0),
        ];
        for (text, bytes) in read {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn sizes_without_a_unit_or_beyond_64_bits_are_refused() {
        for text in [
            "",
            "16",
            "16M",
            "1.5 GiB",
            "-1 MB",
            "MiB",
            "16 MiBs",
            "99999999 TiB",
        ] {
            let refused = text.parse::<ByteSize>().unwrap_err().to_string();
            assert!(
                refused.ends_with(r#"such as "16 MiB" or "500 MB""#),
                "{refused}"
            );
        }
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        for milliseconds in [0, 250, 90_000, 129_600_000, 604_800_000, 604_800_001] {
            let duration = HumanDuration(Duration::from_millis(milliseconds));
            assert_eq!(duration.to_string().parse(), Ok(duration), "{duration}");
        }
        for bytes in [0, 1, 1000, 1024, 16 << 20, 500_000_000, 1_000_001, u64::MAX] {
            let size = ByteSize(bytes);
            assert_eq!(size.to_string().parse(), Ok(size), "{size}");
        }
    }
}
