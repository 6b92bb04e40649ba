//! `budget-guard status`, and what the commanding commands say in the end.

use super::{obey as give, print};
use crate::{
    cli::StatusArgs,
    commands::Disobeyed,
    decision::Verdict,
    error::Error,
    guard::Guard,
    report::{ordered::Ordered, status::Status},
    request::Order,
};
use nightshift_runtime::{ExitStatus, Output};

pub(super) async fn execute(
    guard: &Guard,
    args: &StatusArgs,
    output: Output,
) -> Result<ExitStatus, Error> {
    let status = Status::of(guard, args.budget.as_deref()).await?;
    print(&status, output)?;
    Ok(ExitStatus::Done)
}

/// Gives an order and says what became of it.
pub(super) async fn obey(
    guard: &Guard,
    order: &Order,
    by: &str,
    output: Output,
) -> Result<ExitStatus, Error> {
    let turns = give(guard, order, by).await?;
    let ordered = Ordered::new(&turns);
    for turn in &turns {
        if let Verdict::Rejected(_) = turn.decision.verdict {
            let reason = turn.decision.verdict.reason().unwrap_or("rejected");
            return Err(Disobeyed::Rejected(reason).into());
        }
    }
    print(&ordered, output)?;
    Ok(if ordered.is_whole() {
        ExitStatus::Done
    } else {
        ExitStatus::Partial
    })
}
