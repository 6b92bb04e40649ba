//! `scheduled-scaling status`.

use super::{Context, print};
use crate::{cli::StatusArgs, error::Error, report::status::Status};
use jiff::Timestamp;
use nightshift_runtime::ExitStatus;

pub(super) async fn execute(
    context: &Context,
    args: &StatusArgs,
    now: Timestamp,
) -> Result<ExitStatus, Error> {
    let fleet = context.scaler.fleet().await;
    let status = Status::new(&context.scaler.config, &fleet, now);
    print(&status, args.output)?;
    Ok(status.exit())
}
