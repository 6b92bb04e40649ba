//! `rotate-secrets status`.

use super::Context;
use crate::{cli::ManyArgs, error::Error, event, managed::Managed, report::status::Status, status};
use nightshift_runtime::ExitStatus;
use tracing::warn;

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
        let standing = status::look(&context.services, managed).await;
        if let Ok(standing) = &standing {
            context.figures.looked(managed, standing);
            if standing.too_old {
                warn!(event = event::TOO_OLD, secret = %managed.name.name, "{}", standing.problems.join("; "));
            }
        }
        found.push((*managed, standing));
    }
    Status::new(found, context.services.time.now())
}
