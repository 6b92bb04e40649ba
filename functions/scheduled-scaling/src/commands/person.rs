//! `scheduled-scaling override` and `scheduled-scaling release`: what a person wants.

use super::{Context, print};
use crate::{
    apply::{Run, found},
    cli::{OverrideArgs, ReleaseArgs},
    decide::Release,
    error::Error,
    report::run::RunReport,
};
use jiff::Timestamp;
use nightshift_runtime::ExitStatus;

pub(super) async fn wish(
    context: &Context,
    args: &OverrideArgs,
    now: Timestamp,
) -> Result<ExitStatus, Error> {
    let scaler = &context.scaler;
    let run = if args.end {
        scaler.end_override(&args.target).await?
    } else {
        let longest = scaler.config.max_override.into();
        let word = args.wish().word(now, longest).map_err(Error::Usage)?;
        scaler.override_target(&args.target, &word).await?
    };
    print(&told(context, &run).await, args.output)
}

pub(super) async fn release(context: &Context, args: &ReleaseArgs) -> Result<ExitStatus, Error> {
    let fleet = context.scaler.fleet().await;
    let bound = fleet.find(&args.target).map_err(Error::Target)?;
    let to = args.setting(found(bound));
    let mode = if args.leave {
        Release::Leave
    } else {
        bound.target.release
    };
    let run = context
        .scaler
        .release_target(&args.target, mode, to, args.force)
        .await?;
    print(&told(context, &run).await, args.output)
}

/// Tells the figures, the log and the topic.
pub(super) async fn told(context: &Context, run: &Run) -> RunReport {
    let report = RunReport::new(run);
    context.figures.changed(&report);
    context
        .announcer
        .tell(&context.scaler.config, run, &report)
        .await;
    report
}
