//! What is written about a service account's key.

use crate::target::InvalidTarget;
use serde::Deserialize;

/// The account whose key file is a secret.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountKeyConfig {
    /// Its address, `NAME@PROJECT.iam.gserviceaccount.com`.
    pub account: String,
    /// How long a key works if no rotation comes; 400 unless given. It must be longer than the rotation period.
    #[serde(default = "default_valid_days")]
    pub valid_days: u16,
    /// Whether an old key is deleted after it was disabled; true unless given. One that stays counts towards the limit of
    /// ten keys.
    #[serde(default = "yes")]
    pub delete: bool,
}

const fn default_valid_days() -> u16 {
    400
}

const fn yes() -> bool {
    true
}

const DOMAIN: &str = ".iam.gserviceaccount.com";

impl ServiceAccountKeyConfig {
    pub(in crate::target) fn validate(&self) -> Result<(), InvalidTarget> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:@".contains(c);
        let named = !self.project().is_empty() && self.account.chars().all(allowed);
        if !named {
            return Err(InvalidTarget {
                key: "service-account-key.account".to_owned(),
                found: format!("{:?}", self.account),
                expected: format!("NAME@PROJECT{DOMAIN}"),
            });
        }
        if self.valid_days < 2 {
            return Err(InvalidTarget {
                key: "service-account-key.valid_days".to_owned(),
                found: self.valid_days.to_string(),
                expected: "2 or more, and more than the rotation period".to_owned(),
            });
        }
        Ok(())
    }

    /// The account's project, from its address.
    pub(super) fn project(&self) -> &str {
        let domain = self
            .account
            .split_once('@')
            .map_or("", |(_, domain)| domain);
        domain.strip_suffix(DOMAIN).unwrap_or_default()
    }
}
