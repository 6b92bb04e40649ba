//! `backup show`.

use super::Context;
use crate::{cli::ShowArgs, error::Error, lease, report::show::Show};
use nightshift_runtime::ExitStatus;

pub(super) async fn execute(context: &Context, args: &ShowArgs) -> Result<ExitStatus, Error> {
    let (repository, now) = (&context.repository, context.now());
    let id = args.which.find(repository, now).await?;
    let records = repository.records(&id).await?;
    let show = match repository.load(&id).await {
        Ok(manifest) => Show::complete(repository, manifest, records, now),
        Err(Error::NoSuchBackup { .. } | Error::Manifest { .. }) => {
            let at_work = lease::holders(repository.store(), now).await?;
            let state = repository.state(&id).await?;
            let at_work = at_work.contains(id.as_str());
            Show::incomplete(repository, id, state, at_work, records, now)
        }
        Err(error) => return Err(error),
    };
    context.print(&show)?;
    Ok(ExitStatus::Done)
}
