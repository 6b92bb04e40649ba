//! The formats of scalars in Google's JSON.

use super::body::Side;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use jiff::{Timestamp, civil::Date};
use serde_json::{Number, Value};

/// What is wrong with a JSON value of a field with this type and format.
pub(super) fn check(r#type: &str, format: &str, value: &Value, side: Side) -> Option<String> {
    let fits = match (r#type, value) {
        ("integer", Value::Number(number)) => integer(format, number),
        ("boolean", Value::Bool(_)) | ("number", Value::Number(_)) => true,
        ("number", Value::String(text)) => matches!(&**text, "NaN" | "Infinity" | "-Infinity"),
        ("string", Value::String(text)) => string(format, text, side),
        _ => false,
    };
    let wanted = match (r#type, format) {
        ("string", "") => "a string".to_owned(),
        (kind, "") => format!("a JSON {kind}"),
        (kind, format) => format!("a JSON {kind} of the format {format}"),
    };
    (!fits).then(|| format!("{} is not {wanted}", short(value)))
}

/// What is wrong with the text of a query parameter of this type and format.
pub(super) fn check_text(r#type: &str, format: &str, text: &str) -> Option<String> {
    let fits = match r#type {
        "boolean" => matches!(text, "true" | "false"),
        "integer" => text.parse().is_ok_and(|number| integer(format, &number)),
        "number" => text.parse::<f64>().is_ok(),
        _ => string(format, text, Side::Request),
    };
    let format = if format.is_empty() { r#type } else { format };
    (!fits).then(|| format!("{text:?} is not {format}"))
}

fn integer(format: &str, number: &Number) -> bool {
    match format {
        "uint32" => number.as_u64().is_some_and(|n| u32::try_from(n).is_ok()),
        _ => number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
    }
}

fn string(format: &str, text: &str, side: Side) -> bool {
    match format {
        "int64" => text.parse::<i64>().is_ok(),
        "uint64" => text.parse::<u64>().is_ok(),
        "google-datetime" => timestamp(text, side),
        // Cloud Storage's.
        "date-time" => timestamp(text, Side::Request),
        "date" => text.len() == 10 && text.parse::<Date>().is_ok(),
        "google-duration" => duration(text, side),
        "google-fieldmask" => field_mask(text),
        "byte" => {
            STANDARD.decode(text).is_ok() || side == Side::Request && URL_SAFE.decode(text).is_ok()
        }
        _ => true,
    }
}

/// RFC 3339. Google reads any offset and any number of digits and writes `Z` and 0, 3, 6 or 9 digits.
/// <https://protobuf.dev/programming-guides/json/>
fn timestamp(text: &str, side: Side) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let Some((start, rest)) = text.split_at_checked(SHAPE.len()) else {
        return false;
    };
    let shaped = start.bytes().zip(SHAPE).all(|(found, shape)| match shape {
        b'0' => found.is_ascii_digit(),
        other => found == *other,
    });
    let (fraction, offset) = match rest.strip_prefix('.') {
        None => ("", rest),
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit());
            match rest.split_at(end.unwrap_or(rest.len())) {
                ("", _) => return false,
                parts => parts,
            }
        }
    };
    let offset_fits = match offset.as_bytes() {
        b"Z" => true,
        [b'+' | b'-', a, b, b':', c, d] => {
            side == Side::Request && [a, b, c, d].iter().all(|digit| digit.is_ascii_digit())
        }
        _ => false,
    };
    shaped && offset_fits && digits(fraction, side) && text.parse::<Timestamp>().is_ok()
}

/// Seconds with an `s`; 315,576,000,000 of them at most.
fn duration(text: &str, side: Side) -> bool {
    let Some(number) = text.strip_suffix('s') else {
        return false;
    };
    let number = number.strip_prefix('-').unwrap_or(number);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole_fits = !whole.is_empty()
        && whole.bytes().all(|digit| digit.is_ascii_digit())
        && whole
            .parse::<u64>()
            .is_ok_and(|seconds| seconds <= 315_576_000_000);
    whole_fits
        && number.ends_with(|last: char| last.is_ascii_digit())
        && fraction.bytes().all(|digit| digit.is_ascii_digit())
        && digits(fraction, side)
}

fn digits(fraction: &str, side: Side) -> bool {
    match side {
        Side::Request => fraction.len() <= 9,
        Side::Answer => matches!(fraction.len(), 0 | 3 | 6 | 9),
    }
}

/// Paths with commas between them; Google reads them in snake case as well.
fn field_mask(text: &str) -> bool {
    let named = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'*' | b'`'))
    };
    text.is_empty()
        || text
            .split(',')
            .flat_map(|path| path.trim().split('.'))
            .all(|part| !part.is_empty() && named(part))
}

/// A value as it stands in a finding.
pub(super) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
