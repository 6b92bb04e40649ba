//! Compares a backup with earlier ones before it is published.

use super::Run;
use crate::{
    error::Error,
    manifest::Manifest,
    repository::{Entry, Repository, State},
    retention::{COMPARED, Measured, suspicions},
    summary::Summary,
};

/// How many backups are looked at, newest first, to find good ones of the same database: each costs its manifest.
const LOOK_BACK: usize = 50;

impl Run<'_> {
    /// Notes in `manifest` why it should not replace older backups. That earlier ones cannot be read is a warning: this one
    /// may be the only one there is.
    pub(super) async fn suspect(&self, manifest: &mut Manifest) {
        let database = &manifest.source.database;
        match earlier(self.repository, database).await {
            Ok(earlier) => manifest.suspicions = suspicions(&measured(manifest), &earlier),
            Err(error) => manifest.warnings.push(format!(
                "could not be compared with earlier backups: {}",
                error.chain()
            )),
        }
    }
}

/// The newest good backups of `database`.
async fn earlier(repository: &Repository, database: &str) -> Result<Vec<Measured>, Error> {
    let mut found = Vec::new();
    for id in repository.ids().await?.into_iter().rev().take(LOOK_BACK) {
        if found.len() == COMPARED {
            break;
        }
        let State::Complete(summary) = repository.state(&id).await? else {
            continue;
        };
        if summary.source.database != database {
            continue;
        }
        let measured = Measured::from(&*summary);
        let entry = Entry {
            records: repository.records(&id).await?,
            id,
            state: State::Complete(summary),
        };
        if entry.distrust().is_none() {
            found.push(measured);
        }
    }
    Ok(found)
}

fn measured(manifest: &Manifest) -> Measured {
    Measured {
        system_identifier: manifest.source.system_identifier.clone(),
        database_oid: manifest.source.database_oid,
        user_tables: manifest.totals.user_tables,
        rows: manifest.totals.rows,
        raw_bytes: manifest.totals.raw_bytes,
    }
}

impl From<&Summary> for Measured {
    fn from(summary: &Summary) -> Self {
        Self {
            system_identifier: summary.source.system_identifier.clone(),
            database_oid: summary.source.database_oid,
            user_tables: summary.totals.user_tables,
            rows: summary.totals.rows,
            raw_bytes: summary.totals.raw_bytes,
        }
    }
}
