//! The superuser's password.

use crate::{account::Account, cluster::SUPERUSER, error::Result, home::Home};
use rand::distr::{Alphanumeric, SampleString};
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;

/// Characters of a password: 190 bits.
const LENGTH: usize = 32;

/// A random password, and a file of it for `PGPASSFILE`.
#[derive(Clone, Debug)]
pub(crate) struct Password {
    pub(crate) secret: SecretString,
    pub(crate) file: PathBuf,
}

impl Password {
    /// Makes one for the server that lives in this home.
    pub(crate) fn new(home: &Home, account: Option<&Account>) -> Result<Self> {
        let secret = SecretString::from(Alphanumeric.sample_string(&mut rand::rng(), LENGTH));
        let line = format!("*:*:*:{SUPERUSER}:{}\n", secret.expose_secret());
        let file = home.write_private("pgpass", &line, account)?;
        Ok(Self { secret, file })
    }
}
