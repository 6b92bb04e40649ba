//! `backup prune`.

use super::Context;
use crate::{
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
    let options = PruneOptions {
        policy: context.config.retention.clone(),
        dry_run: args.dry_run,
        accept,
    };
    let clock = Arc::clone(&context.clock);
    let pruned = prune::prune(repository, &options, clock, &context.shutdown).await?;
    let report = PruneReport::new(repository.store().target(), pruned, args.dry_run, now);
    report.tell();
    context.print(&report)?;
    match report.blocked() {
        [] => Ok(ExitStatus::Done),
        blocked => {
            let sentences = blocked.iter().map(|b| format!("{}: {}", b.database, b.why));
            Err(Error::PruneBlocked(
                sentences.collect::<Vec<_>>().join("; "),
            ))
        }
    }
}
