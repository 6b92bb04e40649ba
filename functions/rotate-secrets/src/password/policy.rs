//! The rules of a password.

use super::{
    InvalidRecipe,
    alphabet::{Alphabet, Class, LOOKALIKES},
    count::{Supply, share_of_valid},
    sample::choose,
};
use rand::TryCryptoRng;
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;

/// More helps nobody, and some systems silently cut longer passwords.
const MAX_LENGTH: usize = 256;

/// Below this, whoever holds a copy of a hash can try everything. It is not checked where `allow_weak` is set.
pub(super) const MIN_BITS: f64 = 64.0;

/// A password is drawn until it has every minimum. Rules that let fewer than this share pass are certainly a mistake.
const MIN_SHARE: f64 = 1e-3;

/// Rules that some password satisfies: it is checked on reading.
///
/// Every password that the rules allow is as likely as any other. The first character is a letter or a digit if the
/// alphabet has any, so that no password looks like an option of a command.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Settings")]
pub struct PasswordPolicy {
    length: usize,
    characters: Vec<char>,
    leading: Vec<char>,
    minimums: [usize; 4],
    bits: f64,
}

/// The rules as they are written. A minimum that is not given is 1 where the alphabet has the class, else 0.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// In characters.
    length: usize,
    alphabet: Alphabet,
    /// Characters to leave out of the alphabet.
    forbidden: String,
    /// Leaves out what people confuse.
    no_lookalikes: bool,
    lower: Option<usize>,
    upper: Option<usize>,
    digit: Option<usize>,
    symbol: Option<usize>,
    /// Accepts a password that can be guessed by trying.
    allow_weak: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            length: 32,
            alphabet: Alphabet::default(),
            forbidden: String::new(),
            no_lookalikes: false,
            lower: None,
            upper: None,
            digit: None,
            symbol: None,
            allow_weak: false,
        }
    }
}

impl Default for PasswordPolicy {
    /// 32 characters that a URL holds unencoded, with at least one lower and upper letter, digit and symbol.
    fn default() -> Self {
        let Settings {
            length, alphabet, ..
        } = Settings::default();
        let characters = alphabet.characters();
        Self::of(length, characters, [1; 4])
    }
}

impl TryFrom<Settings> for PasswordPolicy {
    type Error = InvalidRecipe;

    fn try_from(settings: Settings) -> Result<Self, InvalidRecipe> {
        if !(1..=MAX_LENGTH).contains(&settings.length) {
            return Err(InvalidRecipe(format!(
                "`length` is {}, expected 1 to {MAX_LENGTH}",
                settings.length
            )));
        }
        let characters = settings.remaining_characters()?;
        let minimums = settings.minimums(&characters)?;
        let policy = Self::of(settings.length, characters, minimums);
        policy.check(&settings)?;
        Ok(policy)
    }
}

impl Settings {
    fn remaining_characters(&self) -> Result<Vec<char>, InvalidRecipe> {
        let mut characters = self.alphabet.characters();
        if let Some(found) = characters.iter().find(|c| !('!'..='~').contains(*c)) {
            return Err(InvalidRecipe(format!(
                "`alphabet` holds {found:?}, expected printable characters of ASCII without the space: others are \
                 encoded differently by different systems"
            )));
        }
        characters.sort_unstable();
        if let Some([twice, _]) = characters.array_windows().find(|[a, b]| a == b) {
            return Err(InvalidRecipe(format!(
                "`alphabet` holds {twice:?} twice, which would make it twice as likely"
            )));
        }
        let left_out = |c: &char| {
            self.forbidden.contains(*c) || (self.no_lookalikes && LOOKALIKES.contains(*c))
        };
        characters.retain(|c| !left_out(c));
        if characters.len() < 2 {
            return Err(InvalidRecipe(format!(
                "`forbidden` leaves {} characters of `alphabet`, expected at least 2",
                characters.len()
            )));
        }
        Ok(characters)
    }

    fn minimums(&self, characters: &[char]) -> Result<[usize; 4], InvalidRecipe> {
        let asked = [self.lower, self.upper, self.digit, self.symbol];
        let mut minimums = [0; 4];
        for ((minimum, asked), class) in minimums.iter_mut().zip(asked).zip(Class::ALL) {
            let available = characters.iter().any(|c| Class::of(*c) == class);
            *minimum = asked.unwrap_or(usize::from(available));
            if *minimum > 0 && !available {
                let class = class.name();
                return Err(InvalidRecipe(format!(
                    "`{class}` is {minimum}, but no {class} character remains to choose from: set it to 0, or change \
                     `alphabet` or `forbidden`"
                )));
            }
        }
        let sum: usize = minimums.iter().fold(0, |sum, n| sum.saturating_add(*n));
        if sum > self.length {
            return Err(InvalidRecipe(format!(
                "`length` is {}, but the minimums of the classes add up to {sum}",
                self.length
            )));
        }
        Ok(minimums)
    }
}

impl PasswordPolicy {
    fn of(length: usize, mut characters: Vec<char>, minimums: [usize; 4]) -> Self {
        characters.sort_unstable();
        let alphanumeric = characters.iter().filter(|c| c.is_ascii_alphanumeric());
        let mut leading: Vec<char> = alphanumeric.copied().collect();
        if leading.is_empty() {
            leading.clone_from(&characters);
        }
        let mut policy = Self {
            length,
            characters,
            leading,
            minimums,
            bits: 0.0,
        };
        policy.bits = policy.strength();
        policy
    }

    fn check(&self, settings: &Settings) -> Result<(), InvalidRecipe> {
        let share = self.share();
        if share <= 0.0 {
            return Err(InvalidRecipe(
                "no password satisfies all rules: the first character has to be a letter or a digit, and the minimums \
                 leave no room for it"
                    .to_owned(),
            ));
        }
        if share < MIN_SHARE {
            return Err(InvalidRecipe(format!(
                "the minimums of the classes fit {:.4} % of the passwords of this length and alphabet, expected at \
                 least {} %: lower them, or choose an alphabet in which these classes are more common",
                share * 100.0,
                MIN_SHARE * 100.0
            )));
        }
        if self.bits < MIN_BITS && !settings.allow_weak {
            return Err(InvalidRecipe(format!(
                "the rules allow 2^{:.0} passwords, expected at least 2^{MIN_BITS}: set a greater `length` or a larger \
                 `alphabet`, or `allow_weak = true` if the target takes no more",
                self.bits.max(0.0)
            )));
        }
        Ok(())
    }

    /// The strength in bits: the logarithm of how many passwords the rules allow.
    pub fn bits(&self) -> f64 {
        self.bits
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "lengths and alphabets are some hundreds"
    )]
    fn strength(&self) -> f64 {
        let drawn = (self.leading.len() as f64).log2()
            + (self.length - 1) as f64 * (self.characters.len() as f64).log2();
        drawn + self.share().log2()
    }

    /// The share of what is drawn that has every minimum.
    #[expect(
        clippy::cast_precision_loss,
        reason = "lengths and alphabets are some hundreds"
    )]
    fn share(&self) -> f64 {
        let count = |characters: &[char], class| {
            let of_class = characters.iter().filter(|c| Class::of(**c) == class);
            of_class.count()
        };
        let led_by = |first: Class| {
            let supplies = Class::ALL.map(|class| Supply {
                characters: count(&self.characters, class),
                minimum: self.minimums[class as usize].saturating_sub(usize::from(class == first)),
            });
            let chance = count(&self.leading, first) as f64 / self.leading.len() as f64;
            chance * share_of_valid(self.length - 1, &supplies)
        };
        Class::ALL.map(led_by).iter().sum()
    }

    /// Whether `password` follows the rules.
    pub fn allows(&self, password: &str) -> bool {
        let mut counts = [0; 4];
        for c in password.chars() {
            if !self.characters.contains(&c) {
                return false;
            }
            counts[Class::of(c) as usize] += 1;
        }
        let long = password.len() == self.length;
        let led = password.starts_with(self.leading.as_slice());
        let enough = counts.iter().zip(self.minimums).all(|(n, min)| *n >= min);
        long && led && enough
    }

    /// A new password.
    pub(super) fn draw<R: TryCryptoRng>(
        &self,
        random: &mut R,
    ) -> Result<Zeroizing<String>, R::Error> {
        // As large as it gets, so that no copy is left behind by growing.
        let mut password = Zeroizing::new(String::with_capacity(self.length));
        loop {
            password.clear();
            password.extend(choose(random, &self.leading)?);
            for _ in 1..self.length {
                password.extend(choose(random, &self.characters)?);
            }
            if self.allows(&password) {
                return Ok(password);
            }
        }
    }
}
