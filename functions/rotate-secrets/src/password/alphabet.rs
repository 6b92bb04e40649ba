//! The characters a password may be made of, and the classes that rules count.

use serde::Deserialize;

/// The characters to choose from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alphabet {
    /// Letters, digits and `-._~`: what a URL holds unencoded (RFC 3986, 2.3).
    #[default]
    UrlSafe,
    /// Letters, digits and `%+,-./:=@_`: what no POSIX shell interprets, even unquoted.
    ShellSafe,
    /// Letters and digits.
    Alphanumeric,
    /// Every printable character of ASCII except the space.
    Printable,
    /// `0`–`9` and `a`–`f`.
    Hex,
    /// `0`–`9`.
    Digits,
    /// These characters and no others.
    Custom(String),
}

/// The characters that people confuse when they read or dictate them.
pub const LOOKALIKES: &str = "0OoQD1Il|5S2Z8B6G";

impl Alphabet {
    /// Its characters, in an order of no meaning.
    pub fn characters(&self) -> Vec<char> {
        let alphanumeric = || ('0'..='9').chain('A'..='Z').chain('a'..='z');
        match self {
            Self::UrlSafe => alphanumeric().chain("-._~".chars()).collect(),
            Self::ShellSafe => alphanumeric().chain("%+,-./:=@_".chars()).collect(),
            Self::Alphanumeric => alphanumeric().collect(),
            Self::Printable => ('!'..='~').collect(),
            Self::Hex => ('0'..='9').chain('a'..='f').collect(),
            Self::Digits => ('0'..='9').collect(),
            Self::Custom(characters) => characters.chars().collect(),
        }
    }
}

/// A class of characters. Each printable character of ASCII belongs to exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `a`–`z`.
    Lower,
    /// `A`–`Z`.
    Upper,
    /// `0`–`9`.
    Digit,
    /// Everything else.
    Symbol,
}

impl Class {
    /// All of them, in the order of their settings.
    pub const ALL: [Self; 4] = [Self::Lower, Self::Upper, Self::Digit, Self::Symbol];

    /// The class of `character`.
    pub fn of(character: char) -> Self {
        match character {
            'a'..='z' => Self::Lower,
            'A'..='Z' => Self::Upper,
            '0'..='9' => Self::Digit,
            _ => Self::Symbol,
        }
    }

    /// The name of its setting.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Digit => "digit",
            Self::Symbol => "symbol",
        }
    }
}
