//! `backup list`.

use super::Context;
use crate::{cli::ListArgs, error::Error, lease, report::list::List, repository::State};
use nightshift_runtime::ExitStatus;

pub(super) async fn execute(context: &Context, args: &ListArgs) -> Result<ExitStatus, Error> {
    let store = context.repository.store();
    let mut entries = context.repository.survey().await?;
    if let Some(database) = &args.database {
        // Which database a damaged or partial one is of cannot be known; leaving it out would hide it.
        entries.retain(|entry| match &entry.state {
            State::Complete(summary) => summary.source.database == *database,
            _ => true,
        });
    }
    let at_work = lease::holders(store, context.now()).await?;
    let target = store.target().to_string();
    context.print(&List::new(&target, entries, &at_work, context.now()))?;
    Ok(ExitStatus::Done)
}
