//! Figures as people read them.

use jiff::Timestamp;
use std::time::Duration;

/// A number of bytes with three figures, in decimal units: `1.4 GB` is 1 400 000 000 bytes.
///
/// Decimal because disks, networks and the figures of cloud consoles are; a configuration may say `MiB` where it means
/// a power of two.
pub fn bytes(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut unit_size = 1000;
    let mut unit = "kB";
    for larger in ["MB", "GB", "TB", "PB", "EB"] {
        if rounded(bytes, unit_size) < 1000 {
            break;
        }
        unit_size *= 1000;
        unit = larger;
    }
    match rounded(bytes, unit_size / 10) {
        tenths @ ..1000 => format!("{}.{} {unit}", tenths / 10, tenths % 10),
        _ => format!("{} {unit}", rounded(bytes, unit_size)),
    }
}

fn rounded(bytes: u64, unit_size: u64) -> u64 {
    bytes / unit_size + u64::from(bytes % unit_size >= unit_size / 2)
}

/// A number of things, in groups of three digits: `1,234,567`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How long something took, in its two largest units: `850 ms`, `12.3 s`, `4 min 5 s`, `3 h 12 min`, `2 d 4 h`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        60..3600 => two_units(seconds, 60, "min", 1, "s"),
        3600..86_400 => two_units(seconds, 3600, "h", 60, "min"),
        _ => two_units(seconds, 86_400, "d", 3600, "h"),
    }
}

fn two_units(seconds: u64, large: u64, large_name: &str, small: u64, small_name: &str) -> String {
    let whole = seconds / large;
    match seconds % large / small {
        0 => format!("{whole} {large_name}"),
        rest => format!("{whole} {large_name} {rest} {small_name}"),
    }
}

/// How long ago `then` was, in its largest unit: `just now`, `3 h ago`; `in 3 h` when it is still to come.
pub fn age(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs();
    let amount = match seconds.unsigned_abs() {
        0 => return "just now".to_owned(),
        n @ 1..60 => format!("{n} s"),
        n @ 60..3600 => format!("{} min", n / 60),
        n @ 3600..172_800 => format!("{} h", n / 3600),
        n => format!("{} d", n / 86_400),
    };
    if seconds > 0 {
        format!("{amount} ago")
    } else {
        format!("in {amount}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_in_decimal_units_with_three_figures() {
        let shown = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1_450_000_000, "1.5 GB"),
            (99_949, "99.9 kB"),
            (99_950, "100 kB"),
            (16 * 1024 * 1024, "16.8 MB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (number, text) in shown {
            assert_eq!(bytes(number), text, "{number}");
        }
    }

    #[test]
    fn bytes_that_round_up_move_to_the_next_unit() {
        assert_eq!(bytes(999_499), "999 kB");
        assert_eq!(bytes(999_500), "1.0 MB");
    }

    #[test]
    fn counts_are_grouped_by_three() {
        let shown = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in shown {
            assert_eq!(count(number), text);
        }
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        let shown = [
            (0, "0 ms"),
            (850, "850 ms"),
            (12_345, "12.3 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min"),
            (245_000, "4 min 5 s"),
            (11_520_000, "3 h 12 min"),
            (187_200_000, "2 d 4 h"),
        ];
        for (milliseconds, text) in shown {
            assert_eq!(duration(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn ages_show_their_largest_unit_in_either_direction() {
        let now: Timestamp = "2026-03-29T12:00:00Z".parse().unwrap();
        let shown = [
            ("2026-03-29T12:00:00Z", "just now"),
            ("2026-03-29T11:59:30Z", "30 s ago"),
            ("2026-03-29T11:30:00Z", "30 min ago"),
            ("2026-03-29T09:00:00Z", "3 h ago"),
            ("2026-03-28T00:00:00Z", "36 h ago"),
            ("2026-03-19T12:00:00Z", "10 d ago"),
            ("2026-03-29T15:00:00Z", "in 3 h"),
        ];
        for (then, text) in shown {
            assert_eq!(age(now, then.parse().unwrap()), text);
        }
    }
}
