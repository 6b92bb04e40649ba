//! Values that nobody can guess, made to the rules of whoever has to take them.
//!
//! ```toml
//! value.password = { length = 40, alphabet = "shell-safe", no_lookalikes = true }
//! value.hex = { bytes = 32 }      # also base64, base64url
//! value.words = { count = 8, separator = "-" }
//! value = "uuid"
//! ```
//!
//! Randomness comes from the operating system, value by value. Rules that no value satisfies, or only ones that can be
//! guessed, are refused when they are read.

mod alphabet;
mod count;
mod policy;
mod sample;
#[cfg(test)]
mod tests;
mod words;

pub use alphabet::{Alphabet, Class, LOOKALIKES};
pub use policy::PasswordPolicy;
pub use words::Words;

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::{TryCryptoRng, TryRngCore, rngs::OsRng};
use secrecy::{SecretString, zeroize::Zeroizing};
use serde::Deserialize;

/// What kind of value to make.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipe {
    /// Characters of an alphabet.
    Password(PasswordPolicy),
    /// Random bytes as lower-case hexadecimal digits.
    Hex(Bytes),
    /// Random bytes in standard base64 with padding.
    Base64(Bytes),
    /// Random bytes in the base64 of URLs, without padding.
    Base64url(Bytes),
    /// A random UUID (RFC 9562, version 4): 122 bits.
    Uuid,
    /// A passphrase.
    Words(Words),
}

impl Default for Recipe {
    fn default() -> Self {
        Self::Password(PasswordPolicy::default())
    }
}

/// A number of random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ByteSettings")]
pub struct Bytes(usize);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ByteSettings {
    bytes: usize,
}

impl Default for ByteSettings {
    fn default() -> Self {
        Self { bytes: 32 }
    }
}

impl TryFrom<ByteSettings> for Bytes {
    type Error = InvalidRecipe;

    fn try_from(settings: ByteSettings) -> Result<Self, InvalidRecipe> {
        match settings.bytes {
            bytes @ 16..=4096 => Ok(Self(bytes)),
            bytes => Err(InvalidRecipe(format!(
                "`bytes` is {bytes}, expected 16 to 4096"
            ))),
        }
    }
}

/// Rules that cannot be meant. Says which one, what it is and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidRecipe(String);

/// The operating system has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("draw random bytes from the operating system")]
pub struct NoRandomness(#[from] rand::rand_core::OsError);

impl Recipe {
    /// A new value.
    pub fn make(&self) -> Result<SecretString, NoRandomness> {
        let value = self.draw(&mut OsRng)?;
        Ok(SecretString::from(value.as_str()))
    }

    /// Whether `value` could have come of this recipe; of encodings, whether it has their length.
    pub fn allows(&self, value: &str) -> bool {
        match self {
            Self::Password(policy) => policy.allows(value),
            Self::Hex(bytes) => value.len() == bytes.0 * 2,
            Self::Base64(bytes) => value.len() == bytes.0.div_ceil(3) * 4,
            Self::Base64url(bytes) => value.len() == (bytes.0 * 4).div_ceil(3),
            Self::Uuid => value.len() == 36,
            Self::Words(_) => !value.is_empty(),
        }
    }

    fn draw<R: TryCryptoRng>(&self, random: &mut R) -> Result<Zeroizing<String>, R::Error> {
        match self {
            Self::Password(policy) => policy.draw(random),
            Self::Words(words) => words.draw(random),
            Self::Hex(bytes) => Ok(Zeroizing::new(hex::encode(&*draw_bytes(random, bytes.0)?))),
            Self::Base64(bytes) => {
                let bytes = draw_bytes(random, bytes.0)?;
                Ok(Zeroizing::new(BASE64_STANDARD.encode(&*bytes)))
            }
            Self::Base64url(bytes) => {
                let bytes = draw_bytes(random, bytes.0)?;
                Ok(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(&*bytes)))
            }
            Self::Uuid => Ok(uuid(&draw_bytes(random, 16)?)),
        }
    }
}

fn draw_bytes<R: TryRngCore>(random: &mut R, count: usize) -> Result<Zeroizing<Vec<u8>>, R::Error> {
    let mut bytes = Zeroizing::new(vec![0; count]);
    random.try_fill_bytes(&mut bytes)?;
    Ok(bytes)
}

/// Sixteen random bytes as a UUID of version 4 and variant 10.
fn uuid(random: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(36));
    for (index, byte) in random.iter().enumerate() {
        let byte = match index {
            6 => byte & 0x0f | 0x40,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for nibble in [byte >> 4, byte & 0x0f] {
            text.extend(char::from_digit(nibble.into(), 16));
        }
    }
    text
}
