//! Passphrases: words that people can read to each other.

use super::{InvalidRecipe, policy::MIN_BITS, sample::choose};
use rand::TryCryptoRng;
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;

/// Of the English list of BIP 39, whose 2048 words differ in their first four letters.
const BITS_PER_WORD: f64 = 11.0;

/// The longest word of the list.
const LONGEST: usize = 8;

/// Words, each as likely as any other.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Settings")]
pub struct Words {
    count: u8,
    separator: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    count: u8,
    separator: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            count: 8,
            separator: "-".to_owned(),
        }
    }
}

impl TryFrom<Settings> for Words {
    type Error = InvalidRecipe;

    fn try_from(settings: Settings) -> Result<Self, InvalidRecipe> {
        let Settings { count, separator } = settings;
        let words = Self { count, separator };
        if !(1..=64).contains(&count) || words.bits() < MIN_BITS {
            return Err(InvalidRecipe(format!(
                "`count` is {count}, expected 6 to 64: each word is worth {BITS_PER_WORD} bits"
            )));
        }
        let printable = words.separator.chars().all(|c| matches!(c, ' '..='~'));
        if words.separator.len() > 4 || !printable {
            return Err(InvalidRecipe(
                "`separator` is none, expected at most 4 printable characters of ASCII".to_owned(),
            ));
        }
        Ok(words)
    }
}

impl Words {
    /// The strength in bits.
    pub fn bits(&self) -> f64 {
        f64::from(self.count) * BITS_PER_WORD
    }

    pub(super) fn draw<R: TryCryptoRng>(
        &self,
        random: &mut R,
    ) -> Result<Zeroizing<String>, R::Error> {
        let list = bip39::Language::English.word_list();
        let room = usize::from(self.count) * (LONGEST + self.separator.len());
        let mut phrase = Zeroizing::new(String::with_capacity(room));
        for index in 0..self.count {
            if index > 0 {
                phrase.push_str(&self.separator);
            }
            phrase.extend(choose(random, list)?.copied());
        }
        Ok(phrase)
    }
}
