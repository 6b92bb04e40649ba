//! Whether a backup would work, found out without making one: configuration, target, database, rights, tools.
//!
//! Every check is made even when another has failed, so that one call names all there is to mend.

mod database;
mod target;

use crate::config::Config;
use serde::Serialize;

/// The outcome of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// A backup would work, and a person should look.
    Warn,
    /// A backup would fail.
    Fail,
    /// Not looked at.
    Skipped,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// With what result.
    pub outcome: Outcome,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Ok, found.into(), None)
    }

    fn warn(name: &'static str, found: impl Into<String>, next: &str) -> Self {
        Self::new(name, Outcome::Warn, found.into(), Some(next.to_owned()))
    }

    fn fail(name: &'static str, error: &crate::Error) -> Self {
        let next = error.advice().map(ToOwned::to_owned);
        Self::new(name, Outcome::Fail, error.chain(), next)
    }

    fn skipped(name: &'static str, why: &str) -> Self {
        Self::new(name, Outcome::Skipped, why.to_owned(), None)
    }

    fn new(name: &'static str, outcome: Outcome, found: String, next: Option<String>) -> Self {
        Self {
            name,
            outcome,
            found,
            next,
        }
    }
}

/// Makes every check; with `offline` only those that need neither target nor database.
pub async fn check(config: &Config, offline: bool) -> Vec<Check> {
    let mut checks = configuration(config);
    if offline {
        checks.push(Check::skipped("target", "--offline"));
        checks.push(Check::skipped("database", "--offline"));
        return checks;
    }
    let (target, database) = tokio::join!(target::check(config), database::check(config));
    checks.extend(target);
    checks.extend(database);
    checks
}

/// What can be judged without reaching anything. The configuration itself has been validated before this is called.
fn configuration(config: &Config) -> Vec<Check> {
    let mut checks = vec![Check::ok("configuration", "valid")];
    if config.target.url.is_empty() {
        let error = crate::Error::Usage("no target is configured".into());
        let mut check = Check::fail("target", &error);
        check.next =
            Some("give --to gs://BUCKET/PREFIX or file:///FOLDER, or set target.url".into());
        checks.push(check);
    }
    if let Err(error) = config.connect_params() {
        checks.push(Check::fail("source", &error));
    }
    checks.push(encryption(config));
    checks
}

fn encryption(config: &Config) -> Check {
    let name = "encryption";
    match config.encryption.recipients.len() {
        0 => Check::warn(
            name,
            "off: whoever can read the target can read every row",
            "add two age recipients to encryption.recipients, unless the target's own encryption and rights are enough",
        ),
        1 => Check::warn(
            name,
            "one recipient: if its identity is lost, so is every backup",
            "add a second recipient whose identity is kept elsewhere",
        ),
        recipients => Check::ok(
            name,
            format!("to {recipients} recipients; a drill proves that an identity is still there"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_recipients(count: usize) -> Check {
        let mut config = Config::default();
        config.encryption.recipients = vec!["age1…".to_owned(); count];
        encryption(&config)
    }

    #[test]
    fn fewer_than_two_recipients_are_remarked() {
        assert_eq!(with_recipients(0).outcome, Outcome::Warn);
        assert_eq!(with_recipients(1).outcome, Outcome::Warn);
        assert_eq!(with_recipients(2).outcome, Outcome::Ok);
    }

    #[tokio::test]
    async fn an_offline_check_reaches_nothing_and_says_so() {
        let mut config = Config::default();
        config.target.url = "gs://bucket-that-nobody-asks/".to_owned();
        config.source.url = "postgres://nowhere.invalid/app".to_owned();
        let checks = check(&config, true).await;
        let skipped: Vec<_> = checks
            .iter()
            .filter(|check| check.outcome == Outcome::Skipped)
            .map(|check| check.name)
            .collect();
        assert_eq!(skipped, ["target", "database"]);
        assert!(checks.iter().all(|check| check.outcome != Outcome::Fail));
    }
}
