//! `rotate-secrets rotate`, `abort` and `rollback`.

use super::{BUDGET, Context};
use crate::{
    cli::{OneArgs, RotateArgs},
    error::Error,
    rotation::Intent,
};
use nightshift_runtime::ExitStatus;

pub(super) async fn execute(context: &Context, args: &RotateArgs) -> Result<ExitStatus, Error> {
    let managed = context.fleet.named(&args.secret)?;
    let intent = Intent::manual(args.force, args.repair);
    let ended = context.drive(managed, intent, args.deadline.into()).await?;
    context.conclude(managed, &ended)
}

pub(super) async fn take_back(
    context: &Context,
    args: &OneArgs,
    intent: Intent,
) -> Result<ExitStatus, Error> {
    let managed = context.fleet.named(&args.secret)?;
    let ended = context.drive(managed, intent, BUDGET).await?;
    context.conclude(managed, &ended)
}
