//! The verifier that Postgres keeps instead of a password, made on our side of the wire.
//!
//! `ALTER ROLE … PASSWORD 'text'` puts the text into the server's log under `log_statement = ddl`, and for a statement that
//! fails even with `log_statement = none` (`log_min_error_statement`). A verifier is stored by the server as it is, and
//! says nothing about the password that trying all passwords would not.

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::{Engine, prelude::BASE64_STANDARD};
use rand::{TryRngCore, rngs::OsRng};
use secrecy::zeroize::{ZeroizeOnDrop, Zeroizing};
use std::{borrow::Cow, num::NonZeroU32};

/// What `scram_iterations` is in Postgres unless somebody changed it, and the least that RFC 7677 allows.
const ITERATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4095);

/// In bytes, as in Postgres.
const SALT: usize = 16;

/// What Postgres stores for a role: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`.
///
/// Whoever has one can try passwords on it, so it is kept out of logs as well, and not printed.
pub struct Verifier(Zeroizing<String>);

impl ZeroizeOnDrop for Verifier {}

impl Verifier {
    /// A verifier of `password` with a new salt.
    pub fn new(password: &str) -> Result<Self, super::password::NoRandomness> {
        let mut salt = [0; SALT];
        OsRng.try_fill_bytes(&mut salt)?;
        Ok(Self::with_salt(password, &salt, ITERATIONS))
    }

    /// RFC 5802, section 3, with the SHA-256 of RFC 7677.
    fn with_salt(password: &str, salt: &[u8], iterations: NonZeroU32) -> Self {
        let password = Zeroizing::new(prepare(password).into_owned());
        let mut salted = Zeroizing::new([0; digest::SHA256_OUTPUT_LEN]);
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            iterations,
            salt,
            password.as_bytes(),
            &mut *salted,
        );
        let salted = hmac::Key::new(hmac::HMAC_SHA256, &*salted);
        let client_key = hmac::sign(&salted, b"Client Key");
        let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
        let server_key = hmac::sign(&salted, b"Server Key");
        Self(Zeroizing::new(format!(
            "SCRAM-SHA-256${iterations}:{}${}:{}",
            BASE64_STANDARD.encode(salt),
            BASE64_STANDARD.encode(stored_key),
            BASE64_STANDARD.encode(server_key),
        )))
    }

    /// For the one statement that needs it. Of letters, digits and `$:+/=-` only, so it needs no quoting.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// `SASLprep`, and like Postgres the password as it is where that refuses it.
fn prepare(password: &str) -> Cow<'_, str> {
    stringprep::saslprep(password).unwrap_or(Cow::Borrowed(password))
}

/// Whether `text` is a verifier by the rules of Postgres (`parse_scram_secret`).
///
/// What the server does not recognise it takes for a password and hashes, without a word.
pub fn is_verifier(text: &str) -> bool {
    let parse = || {
        let rest = text.strip_prefix("SCRAM-SHA-256$")?;
        let (parameters, keys) = rest.split_once('$')?;
        let (iterations, salt) = parameters.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let iterations: u32 = iterations.parse().ok()?;
        let salt = BASE64_STANDARD.decode(salt).ok()?;
        let key = |text| BASE64_STANDARD.decode(text).ok().map(|key| key.len());
        let lengths = [key(stored_key)?, key(server_key)?];
        Some(iterations > 0 && !salt.is_empty() && lengths == [digest::SHA256_OUTPUT_LEN; 2])
    };
    parse().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_verifier_of_rfc_7677_comes_out() {
        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let verifier = Verifier::with_salt("pencil", &salt, ITERATIONS);
        assert_eq!(
            verifier.expose(),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=\
             :wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    #[test]
    fn two_verifiers_of_one_password_differ_in_their_salt() {
        let [a, b] = [(); 2].map(|()| Verifier::new("pencil").unwrap());
        assert_ne!(a.expose(), b.expose());
    }

    #[test]
    fn passwords_that_saslprep_takes_for_the_same_have_the_same_verifier() {
        // RFC 4013, section 3: a soft hyphen maps to nothing, and ª to a.
        let of = |password| Verifier::with_salt(password, b"salt", ITERATIONS);
        assert_eq!(of("I\u{ad}X").expose(), of("IX").expose());
        assert_eq!(of("\u{aa}").expose(), of("a").expose());
    }

    #[test]
    fn a_password_that_saslprep_refuses_is_taken_as_it_is() {
        // A control character is prohibited; Postgres falls back to the raw bytes.
        assert_eq!(prepare("a\u{7}b"), "a\u{7}b");
    }

    #[test]
    fn what_postgres_would_take_for_a_password_is_not_a_verifier() {
        for text in [
            "",
            "pencil",
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
            "SCRAM-SHA-256$0:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
             wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7A==:wfPLwcE6nTWhTAmQ7tl2Kg==",
            "md53175bce1d3201d16594cebf9d7eb3f9d",
        ] {
            assert!(!is_verifier(text), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_verifier_is_one_that_postgres_recognises(password in ".{1,40}") {
            let verifier = Verifier::new(&password).unwrap();
            prop_assert!(is_verifier(verifier.expose()));
            let harmless = |c: char| c.is_ascii_alphanumeric() || "$:+/=-".contains(c);
            prop_assert!(verifier.expose().chars().all(harmless));
        }
    }
}
