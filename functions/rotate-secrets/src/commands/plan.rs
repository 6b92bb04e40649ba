//! `rotate-secrets plan`.

use super::Context;
use crate::{check::check, cli::ManyArgs, error::Error, plan::plan, report::plan::Plans};
use nightshift_runtime::ExitStatus;

pub(super) async fn execute(context: &Context, args: &ManyArgs) -> Result<ExitStatus, Error> {
    let mut plans = Plans::default();
    for managed in context.chosen(&args.secrets)? {
        let planned = plan(&context.services, managed).await;
        plans.add(managed, planned, check(&context.services, managed).await);
    }
    context.print(&plans)?;
    Ok(ExitStatus::Done)
}
