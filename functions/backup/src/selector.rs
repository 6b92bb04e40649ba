//! Which backup a person means: `latest`, an id, or the beginning of one.

use crate::{
    backup_id::BackupId,
    error::Error,
    repository::{Repository, State},
    summary::Summary,
};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeSet, convert::Infallible, fmt, str::FromStr};

/// How far a clock may be ahead of ours; what lies later is no reason to call a backup the latest.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What was typed in place of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// The newest complete backup.
    Latest,
    /// An id or its beginning.
    Prefix(String),
}

impl FromStr for Selector {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "latest" => Self::Latest,
            prefix => Self::Prefix(prefix.to_owned()),
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Prefix(prefix) => f.write_str(prefix),
        }
    }
}

impl Selector {
    /// Finds the backup; `database` narrows what `latest` means.
    pub async fn find(
        &self,
        repository: &Repository,
        database: Option<&str>,
        now: Timestamp,
    ) -> Result<BackupId, Error> {
        match self {
            Self::Latest => latest(repository, database, now).await,
            Self::Prefix(prefix) => by_prefix(repository, prefix).await,
        }
    }
}

async fn by_prefix(repository: &Repository, prefix: &str) -> Result<BackupId, Error> {
    if prefix.is_empty() {
        return Err(Error::Usage(
            "the backup's id is empty: write `latest`, an id or the beginning of one".into(),
        ));
    }
    let mut fitting: Vec<BackupId> = repository.ids().await?;
    fitting.retain(|id| id.as_str().starts_with(prefix));
    match fitting.as_slice() {
        [id] => Ok(id.clone()),
        [] => Err(Error::NoSuchBackup {
            id: prefix.to_owned(),
            target: repository.store().target().to_string(),
        }),
        [first, .., last] => Err(Error::Usage(format!(
            "`{prefix}` is the beginning of {} backups, {first} to {last}: write more of the id",
            fitting.len()
        ))),
    }
}

/// With several databases in one target, which one is meant has to be said: a restore of the wrong one is worse than a
/// question.
async fn latest(
    repository: &Repository,
    database: Option<&str>,
    now: Timestamp,
) -> Result<BackupId, Error> {
    let complete: Vec<Summary> = repository
        .survey()
        .await?
        .into_iter()
        .filter_map(|entry| match entry.state {
            State::Complete(summary) => Some(*summary),
            _ => None,
        })
        .filter(|summary| database.is_none_or(|name| summary.source.database == name))
        .collect();
    let databases: BTreeSet<&str> = complete
        .iter()
        .map(|summary| summary.source.database.as_str())
        .collect();
    if databases.len() > 1 {
        let names: Vec<&str> = databases.into_iter().collect();
        return Err(Error::Usage(format!(
            "{} holds backups of {} databases ({}): say which with --database NAME",
            repository.store().target(),
            names.len(),
            names.join(", ")
        )));
    }
    let (present, future): (Vec<_>, Vec<_>) = complete
        .into_iter()
        .partition(|summary| summary.snapshot_at <= now + CLOCK_SKEW);
    for summary in &future {
        tracing::warn!(id = %summary.id, taken_at = %summary.snapshot_at, "a backup is dated in the future; it is not the latest");
    }
    match present
        .into_iter()
        .max_by_key(|summary| (summary.snapshot_at, summary.id.clone()))
    {
        Some(summary) => Ok(summary.id),
        None => Err(Error::NoBackup(repository.store().target().to_string())),
    }
}
