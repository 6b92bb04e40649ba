//! The JSON form of protocol buffers: 64-bit numbers as strings, times with 0, 3, 6 or 9 digits, bytes in base64.

use crate::http::ApiError;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;

/// Decodes a body; the error names the field, as Google's does.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." {
            String::new()
        } else {
            format!(" at '{path}'")
        };
        invalid(&format!("{place}: {}", error.inner()))
    })?;
    reader
        .end()
        .map_err(|error| invalid(&format!(": {error}")))?;
    Ok(value)
}

/// Decodes a value that was JSON already, for instance one section of a seed.
pub(crate) fn decode_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| invalid(&format!(" at '{}': {}", error.path(), error.inner())))
}

fn invalid(problem: &str) -> ApiError {
    ApiError::invalid(format!("Invalid JSON payload received{problem}"))
}

/// RFC 3339 in UTC, with as few groups of three digits as keep the value.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let nanos = at.subsec_nanosecond();
    let digits = match nanos {
        0 => 0,
        n if n % 1_000_000 == 0 => 3,
        n if n % 1_000 == 0 => 6,
        _ => 9,
    };
    format!("{at:.digits$}")
}

/// Seconds with an `s`, as `google.protobuf.Duration` is written.
pub(crate) fn duration(value: SignedDuration) -> String {
    let sign = if value.is_negative() { "-" } else { "" };
    let size = value.unsigned_abs();
    let text = format!("{sign}{}.{:09}", size.as_secs(), size.subsec_nanos());
    let short = text.trim_end_matches('0').trim_end_matches('.');
    format!("{short}s")
}

/// Reads what [`duration`] writes.
pub(crate) fn parse_duration(text: &str) -> Option<SignedDuration> {
    let number = text.strip_suffix('s')?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) || fraction.len() > 9 {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let nanos: i32 = format!("{fraction:0<9}").parse().ok()?;
    Some(SignedDuration::new(
        seconds,
        if whole.starts_with('-') {
            -nanos
        } else {
            nanos
        },
    ))
}

/// `#[serde(with)]` for 64-bit numbers, which JSON carries as strings; numbers are read as well.
pub(crate) mod int64 {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
    use std::{fmt::Display, str::FromStr};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &T,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        let value = serde_json::Value::deserialize(from)?;
        let text = match &value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        text.parse()
            .map_err(|_| D::Error::custom(format!("{value} is not a whole number")))
    }
}

/// `#[serde(with)]` for times.
pub(crate) mod time {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&super::rfc3339(*at))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        Timestamp::deserialize(from)
    }

    /// The same for a time that may be absent (with `default` and `skip_serializing_if`).
    pub(crate) mod option {
        use jiff::Timestamp;
        use serde::{Deserialize as _, Deserializer, Serializer};

        #[expect(clippy::ref_option, reason = "serde passes by reference")]
        pub(crate) fn serialize<S: Serializer>(
            at: &Option<Timestamp>,
            out: S,
        ) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => super::serialize(at, out),
                None => out.serialize_none(),
            }
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            Option::<Timestamp>::deserialize(from)
        }
    }
}

/// `#[serde(with)]` for a `google.protobuf.Duration` that may be absent.
pub(crate) mod option_duration {
    use jiff::SignedDuration;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(clippy::ref_option, reason = "serde passes by reference")]
    pub(crate) fn serialize<S: Serializer>(
        value: &Option<SignedDuration>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => out.serialize_str(&super::duration(*value)),
            None => out.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SignedDuration>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else {
            return Ok(None);
        };
        let parsed = super::parse_duration(&text);
        parsed.map(Some).ok_or_else(|| {
            D::Error::custom(format!(
                "{text:?} is not a duration; write seconds with an s, such as \"3.5s\""
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_groups_of_three_digits() {
        for text in [
            "2026-11-21T02:04:29Z",
            "2026-11-21T02:04:29.100Z",
            "2026-11-21T02:04:29.000120Z",
        ] {
            assert_eq!(rfc3339(text.parse().unwrap()), text);
        }
    }

    #[test]
    fn durations_survive_the_way_there_and_back() {
        for text in ["0s", "3s", "3.5s", "604800s", "0.000000001s", "-1.5s"] {
            assert_eq!(
                parse_duration(text).map(duration).as_deref(),
                Some(text),
                "{text}"
            );
        }
        assert_eq!(parse_duration("3"), None);
        assert_eq!(parse_duration("3.x5s"), None);
    }
}
