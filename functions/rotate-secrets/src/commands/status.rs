//! `rotate-secrets status`.

use super::Context;
use crate::{cli::ManyArgs, error::Error, managed::Managed, report::status::Status, status};
use nightshift_runtime::ExitStatus;

pub(super) async fn execute(context: &Context, args: &ManyArgs) -> Result<ExitStatus, Error> {
    let chosen = context.chosen(&args.secrets)?;
    let report = judge(context, &chosen).await;
    context.print(&report)?;
    match report.problems() {
        None => Ok(ExitStatus::Done),
        Some(problems) => Err(Error::Found(problems)),
    }
}

/// Looks at each; one that cannot be read is a problem of its own.
pub(super) async fn judge(context: &Context, chosen: &[&Managed]) -> Status {
    let mut found = Vec::new();
    for managed in chosen {
        found.push((*managed, status::look(&context.services, managed).await));
    }
    Status::new(found, context.services.time.now())
}
