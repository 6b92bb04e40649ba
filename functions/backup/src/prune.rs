//! Deletes the backups that no rule keeps, and what dead runs have left.
//!
//! What goes is decided first, for all of it ([`plan()`]); then one deletion after the other is done (`deletion`), oldest
//! first, under a lease of its own. A dry run ends after the decision.

mod deletion;
mod plan;

pub use deletion::{Ended, Freed};
pub use plan::{Blocked, Facts, Fate, Plan, plan};

use crate::{
    backup_id::BackupId,
    error::Error,
    lease::{self, Lease},
    repository::{Accepted, Entry, Record, Repository},
    retention::Policy,
    store::{Listed, Store, StoreError},
};
use deletion::Deleter;
use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use nightshift_runtime::{Clock, Shutdown};
use std::sync::Arc;

/// The lease of a prune: only one at a time.
const LEASE: &str = "prune";
/// Small objects that lose their meaning with the process that wrote them.
const PASSING: [&str; 2] = ["runs", "checks"];

/// What a prune is asked for.
#[derive(Debug, Clone)]
pub struct PruneOptions {
    /// What stays.
    pub policy: Policy,
    /// Whether to decide only.
    pub dry_run: bool,
    /// Suspicious backups that somebody has looked at and found right.
    pub accept: Vec<BackupId>,
}

/// What a prune did, or would do.
#[derive(Debug)]
pub struct Pruned {
    /// What became of each backup.
    pub plan: Plan,
    /// Everything that is gone.
    pub freed: Freed,
}

/// Decides, and unless it is a dry run, deletes.
pub async fn prune(
    repository: &Repository,
    options: &PruneOptions,
    clock: Arc<dyn Clock>,
    shutdown: &Shutdown,
) -> Result<Pruned, Error> {
    options.policy.validate()?;
    if options.dry_run {
        let plan = observe(repository, options, clock.now()).await?;
        return Ok(Pruned {
            plan,
            freed: Freed::default(),
        });
    }
    let holder = format!("prune of {}", clock.now());
    let lease = Lease::take(repository.store(), LEASE, &holder, Arc::clone(&clock)).await?;
    let pruned = async {
        for id in &options.accept {
            let accepted = Record::Accepted(Accepted { at: clock.now() });
            repository.record(id, &accepted).await?;
        }
        let plan = observe(repository, options, clock.now()).await?;
        let deleter = Deleter {
            repository,
            lease: &lease,
            clock: clock.as_ref(),
            shutdown,
        };
        apply(plan, &deleter, &options.policy).await
    }
    .await;
    lease.give_back().await;
    pruned
}

async fn observe(
    repository: &Repository,
    options: &PruneOptions,
    now: Timestamp,
) -> Result<Plan, Error> {
    // Before the backups are listed: a run that begins in between is in neither list.
    let at_work = lease::holders(repository.store(), now).await?;
    let mut entries = repository.survey().await?;
    for id in &options.accept {
        accept(&mut entries, id, now)?;
    }
    let begun = deletion::begun(repository.store()).await?;
    Ok(plan(&options.policy, &entries, &at_work, &begun, now)?)
}

/// Takes `id` for accepted, as it is in a dry run too.
fn accept(entries: &mut [Entry], id: &BackupId, now: Timestamp) -> Result<(), Error> {
    let Some(entry) = entries.iter_mut().find(|entry| entry.id == *id) else {
        return Ok(());
    };
    if entry.distrust().is_none() && entry.records.accepted.is_none() {
        return Err(Error::Usage(format!(
            "--accept {id}: nothing is suspicious about it; leave the option out"
        )));
    }
    entry.records.accepted = Some(Accepted { at: now });
    Ok(())
}

/// Carries the plan out and notes in it what came of each deletion.
async fn apply(mut plan: Plan, deleter: &Deleter<'_>, policy: &Policy) -> Result<Pruned, Error> {
    let mut total = Freed::default();
    for backup in plan.backups.iter_mut().rev() {
        let (why, ended) = match &backup.fate {
            Fate::Goes { why } if backup.complete => (why, deleter.delete(&backup.id).await?),
            Fate::Goes { why } => (why, deleter.finish(&backup.id).await?),
            _ => continue,
        };
        backup.fate = match ended {
            Ended::Gone(freed) => {
                tracing::info!(id = %backup.id, why, bytes = freed.bytes, "deleted");
                total.add(freed);
                Fate::Deleted {
                    why: why.clone(),
                    freed,
                }
            }
            Ended::Deferred(protection) => {
                tracing::info!(id = %backup.id, why = protection, "not deleted");
                Fate::Deferred { why: protection }
            }
        };
    }
    let old = passing(deleter, policy.debris_grace()).await?;
    total.add(deleter.sweep(&old).await?);
    Ok(Pruned { plan, freed: total })
}

/// The small objects of processes that have long ended.
async fn passing(deleter: &Deleter<'_>, grace: SignedDuration) -> Result<Vec<Listed>, StoreError> {
    let (store, now) = (deleter.repository.store(), deleter.clock.now());
    let mut old = Vec::new();
    old.extend(outlived_leases(deleter.repository.store(), now, grace).await?);
    for folder in PASSING {
        let mut list = store.list(folder);
        while let Some(found) = list.try_next().await? {
            if now.duration_since(found.modified) > grace {
                old.push(found);
            }
        }
    }
    Ok(old)
}

/// Old numbers of leases, which a run without the right to delete leaves. The highest one of each name stays: it counts.
async fn outlived_leases(
    store: &Store,
    now: Timestamp,
    grace: SignedDuration,
) -> Result<Vec<Listed>, StoreError> {
    let mut leases: Vec<Listed> = store.list("leases").try_collect().await?;
    leases.sort_by(|a, b| a.object.cmp(&b.object));
    let name = |lease: &Listed| {
        lease
            .object
            .rsplit_once('/')
            .map(|(name, _)| name.to_owned())
    };
    let newest: Vec<bool> = (0..leases.len())
        .map(|at| leases.get(at + 1).map(name) != Some(name(&leases[at])))
        .collect();
    let outlived = leases
        .into_iter()
        .zip(newest)
        .filter(|(lease, newest)| !newest && now.duration_since(lease.modified) > grace);
    Ok(outlived.map(|(lease, _)| lease).collect())
}
