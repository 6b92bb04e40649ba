//! `rotate-secrets tick`: what survives a lost message.

use super::{BUDGET, Context};
use crate::{
    apply::Ended, cli::ManyArgs, error::Error, managed::Managed, report::ended::Endings,
    rotation::Intent,
};
use nightshift_runtime::ExitStatus;
use std::time::Duration;

pub(super) async fn execute(context: &Context, args: &ManyArgs) -> Result<ExitStatus, Error> {
    let chosen = context.chosen(&args.secrets)?;
    each(context, &chosen, &Intent::Tick).await
}

/// Drives each secret; the failure of one never keeps another from its turn.
pub(super) async fn each(
    context: &Context,
    chosen: &[&Managed],
    intent: &Intent,
) -> Result<ExitStatus, Error> {
    let results = drive_all(context, chosen, intent, BUDGET).await;
    let endings = Endings::new(&results);
    context.print(&endings)?;
    match endings.unwell() {
        0 => Ok(ExitStatus::Done),
        all if all == chosen.len() => Err(Error::Found(endings.sentence())),
        _ => {
            nightshift_runtime::telemetry::tell_failure(
                crate::event::COMMAND_FAILED,
                &endings.sentence(),
            );
            Ok(ExitStatus::Partial)
        }
    }
}

/// One after the other, each with an equal share of the time that is left.
pub(super) async fn drive_all<'a>(
    context: &Context,
    chosen: &[&'a Managed],
    intent: &Intent,
    budget: Duration,
) -> Vec<(&'a Managed, Result<Ended, Error>)> {
    let started = context.services.time.now();
    let mut results = Vec::new();
    for (index, managed) in chosen.iter().enumerate() {
        let passed = context.services.time.now().duration_since(started);
        let left = budget.saturating_sub(Duration::try_from(passed).unwrap_or_default());
        let share = left / u32::try_from(chosen.len() - index).unwrap_or(1);
        let ended = if context.shutdown.requested() {
            Err(Error::Stopped)
        } else {
            context.drive(managed, intent.clone(), share).await
        };
        results.push((*managed, ended));
    }
    results
}
