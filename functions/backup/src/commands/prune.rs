//! `backup prune`.

use super::{Context, Found};
use crate::{
    announcement::Subject,
    backup_id::BackupId,
    cli::PruneArgs,
    error::Error,
    prune::{self, PruneOptions},
    report::pruned::PruneReport,
};
use nightshift_runtime::ExitStatus;
use std::sync::Arc;

pub(super) async fn execute(context: &Context, args: &PruneArgs) -> Result<ExitStatus, Error> {
    let (repository, now) = (&context.repository, context.now());
    let mut accept = Vec::new();
    for selector in &args.accept {
        accept.push(selector.find(repository, None, now).await?);
    }
    let pruned = prune(context, args.dry_run, accept).await;
    context.conclude(Subject::Prune, pruned).await
}

/// Deletes what no rule keeps, or says what would be deleted.
pub(super) async fn prune(
    context: &Context,
    dry_run: bool,
    accept: Vec<BackupId>,
) -> Result<Found<PruneReport>, Error> {
    let (repository, now) = (&context.repository, context.now());
    let options = PruneOptions {
        policy: context.config.retention.clone(),
        dry_run,
        accept,
    };
    let clock = Arc::clone(&context.clock);
    let pruned = prune::prune(repository, &options, clock, &context.shutdown).await?;
    let report = PruneReport::new(repository.store().target(), pruned, dry_run, now);
    report.tell();
    let blocked = report.blocked();
    let sentences = blocked.iter().map(|b| format!("{}: {}", b.database, b.why));
    let concern = (!blocked.is_empty())
        .then(|| Error::PruneBlocked(sentences.collect::<Vec<_>>().join("; ")));
    Ok(Found { report, concern })
}
