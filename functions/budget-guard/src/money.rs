//! Money and shares as integers: no floating point comes near an amount.
//!
//! Google writes amounts as JSON numbers; they are read from the text of the message, digit by digit. Comparisons widen to
//! 128 bits, so that no product of two of them can overflow.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// An amount of money in millionths of the currency's unit.
///
/// 64 bits hold nine trillion units, which is more than any budget; what does not fit is refused, never wrapped. JSON
/// carries it as a string of micros, because numbers above 2⁵³ do not survive every tool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(i64);

impl Micros {
    /// No money at all.
    pub const ZERO: Self = Self(0);

    /// So many millionths.
    pub const fn new(micros: i64) -> Self {
        Self(micros)
    }

    /// So many millionths, when they fit.
    pub fn narrow(micros: i128) -> Option<Self> {
        i64::try_from(micros).ok().map(Self)
    }

    /// The millionths.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The millionths, with room for products.
    pub fn wide(self) -> i128 {
        i128::from(self.0)
    }

    /// Reads a decimal number as JSON writes it, exponents included.
    ///
    /// Digits below a micro are dropped towards minus infinity: one micro below a threshold is below it.
    pub fn from_decimal(text: &str) -> Option<Self> {
        scaled(text, 6, Rounding::Down).map(Self)
    }

    /// Whether this is at least the share `threshold` of `amount`.
    pub fn reaches(self, threshold: BasisPoints, amount: Self) -> bool {
        self.wide() * i128::from(BasisPoints::WHOLE.0) >= i128::from(threshold.0) * amount.wide()
    }

    /// How much of `amount` this is, rounded down; none when `amount` is not positive or the share does not fit.
    pub fn share_of(self, amount: Self) -> Option<i64> {
        let whole = i128::from(BasisPoints::WHOLE.0);
        (amount.0 > 0)
            .then(|| (self.wide() * whole).div_euclid(amount.wide()))
            .and_then(|share| i64::try_from(share).ok())
    }
}

/// Two decimals as money is written, and as many more as the amount has; `{:.2}` cuts the rest off.
impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let mut decimals = format!("{:06}", magnitude % 1_000_000);
        while decimals.len() > 2 && decimals.ends_with('0') {
            decimals.pop();
        }
        if let Some(precision) = f.precision() {
            decimals.truncate(precision.max(2));
        }
        write!(f, "{sign}{}.{decimals}", magnitude / 1_000_000)
    }
}

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || de::Error::custom(format!("`{text}` is not a whole number of micros"));
        text.parse().map(Self).map_err(|_| wrong())
    }
}

/// A share in hundredths of a percent: 10 000 is the whole.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct BasisPoints(u32);

impl BasisPoints {
    /// 100 %.
    pub const WHOLE: Self = Self(10_000);

    /// So many hundredths of a percent.
    pub const fn new(basis_points: u32) -> Self {
        Self(basis_points)
    }

    /// The hundredths of a percent.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// This and `other` together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Reads a share as Google writes it, where 1.0 is the whole.
    ///
    /// It is rounded to the nearest hundredth of a percent: 0.9 may arrive as a binary fraction just below it, and nobody
    /// sets thresholds finer than this.
    pub fn from_ratio(text: &str) -> Option<Self> {
        let basis_points = scaled(text, 4, Rounding::Nearest)?;
        u32::try_from(basis_points).ok().map(Self)
    }
}

impl fmt::Display for BasisPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 100 {
            0 => write!(f, "{} %", self.0 / 100),
            rest => write!(f, "{}.{rest:02} %", self.0 / 100),
        }
    }
}

/// A text that is not a percentage such as `90%` or `12.5%`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a percentage; write one such as \"90%\" or \"12.5%\"")]
pub struct InvalidPercentage(String);

impl FromStr for BasisPoints {
    type Err = InvalidPercentage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.trim().strip_suffix('%').map(str::trim_end);
        let exact = number.and_then(|number| scaled(number, 2, Rounding::Refused));
        exact
            .and_then(|basis_points| u32::try_from(basis_points).ok())
            .map(Self)
            .ok_or_else(|| InvalidPercentage(text.to_owned()))
    }
}

/// A text that is not an amount such as `100` or `99.95`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an amount; write a decimal number such as \"100\" or \"99.95\"")]
pub struct InvalidAmount(String);

/// Amounts that people write: finer than a micro is a mistake, not something to round.
impl FromStr for Micros {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let exact = scaled(text.trim(), 6, Rounding::Refused).map(Self);
        exact.ok_or_else(|| InvalidAmount(text.to_owned()))
    }
}

/// What becomes of digits that are finer than the unit.
#[derive(Clone, Copy)]
enum Rounding {
    Down,
    Nearest,
    Refused,
}

/// A decimal number times 10^`scale`; none when it is not a number or does not fit.
fn scaled(text: &str, scale: i64, rounding: Rounding) -> Option<i64> {
    let Decimal {
        negative,
        digits,
        point,
    } = Decimal::read(text)?;
    if digits.is_empty() {
        return Some(0);
    }
    let kept = point.checked_add(scale)?;
    if kept > 19 {
        return None;
    }
    let whole = usize::try_from(kept).unwrap_or(0);
    let mut magnitude: i128 = 0;
    for place in 0..whole {
        let digit = digits.get(place).copied().unwrap_or(0);
        magnitude = magnitude * 10 + i128::from(digit);
    }
    // The digits hold no trailing zeros, so any that is left is a remainder.
    if kept < 0 || digits.len() > whole {
        let first = if kept < 0 { 0 } else { digits[whole] };
        magnitude += match rounding {
            Rounding::Refused => return None,
            Rounding::Down => i128::from(negative),
            Rounding::Nearest => i128::from(first >= 5),
        };
    }
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// A decimal number: 0.`digits` × 10^`point`, without zeros at either end of the digits.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..leading);
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        for digit in &mut digits {
            *digit -= b'0';
        }
        let shift = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()?;
        Some(Self {
            negative,
            digits,
            point: exponent.checked_add(shift)?,
        })
    }
}

fn exponent_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Beyond 64 bits there is no number worth telling from another.
    let magnitude: i64 = digits.parse().unwrap_or(i64::MAX / 2);
    Some(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<i64> {
        Micros::from_decimal(text).map(Micros::get)
    }

    #[test]
    fn numbers_are_read_from_their_digits() {
        assert_eq!(micros("140.321"), Some(140_321_000));
        assert_eq!(micros("499.999999"), Some(499_999_999));
        assert_eq!(micros("5.0E+2"), Some(500_000_000));
        assert_eq!(micros("5e-7"), Some(0));
        assert_eq!(micros("0"), Some(0));
        assert_eq!(micros("0e999999999999999999999"), Some(0));
        assert_eq!(micros("9007199254.740993"), Some(9_007_199_254_740_993));
    }

    #[test]
    fn digits_below_a_micro_are_dropped_downwards() {
        assert_eq!(micros("499.9999999999"), Some(499_999_999));
        assert_eq!(micros("-0.0000001"), Some(-1));
        assert_eq!(micros("-12.34"), Some(-12_340_000));
    }

    #[test]
    fn what_is_no_number_or_does_not_fit_is_none() {
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "1e",
            "1e+",
            "NaN",
            "1_0",
            "+1",
            "0x1",
            "1e20",
            "9223372036855",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
        assert_eq!(micros("9223372036854.775807"), Some(i64::MAX));
    }

    #[test]
    fn shares_round_to_the_nearest_basis_point() {
        let share = |text| BasisPoints::from_ratio(text).map(BasisPoints::get);
        assert_eq!(share("0.9"), Some(9_000));
        assert_eq!(share("0.8999999761581421"), Some(9_000));
        assert_eq!(share("3.1"), Some(31_000));
        assert_eq!(share("0.00004"), Some(0));
        assert_eq!(share("-1"), None);
    }

    #[test]
    fn percentages_that_people_write_are_exact() {
        assert_eq!("90%".parse(), Ok(BasisPoints::new(9_000)));
        assert_eq!("12.5 %".parse(), Ok(BasisPoints::new(1_250)));
        for text in ["90", "%", "12.345%", "-1%", "1e2%%"] {
            assert!(text.parse::<BasisPoints>().is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_show_two_decimals_and_more_where_there_are_more() {
        assert_eq!(Micros::new(1_010_000_000).to_string(), "1010.00");
        assert_eq!(Micros::new(-12_345_600).to_string(), "-12.3456");
        assert_eq!(Micros::new(1).to_string(), "0.000001");
        assert_eq!(format!("{:.2}", Micros::new(1_999_999)), "1.99");
    }

    #[test]
    fn comparing_the_largest_amounts_does_not_overflow() {
        let most = Micros::new(i64::MAX);
        assert!(most.reaches(BasisPoints::WHOLE, most));
        assert!(!most.reaches(BasisPoints::new(10_001), most));
    }
}
