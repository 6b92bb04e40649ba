//! `budget-guard history`.

use super::{budget, print};
use crate::{cli::HistoryArgs, error::Error, guard::Guard, report::history::History};
use nightshift_runtime::{ExitStatus, Output};

pub(super) async fn execute(
    guard: &Guard,
    args: &HistoryArgs,
    output: Output,
) -> Result<ExitStatus, Error> {
    let policies = match &args.budget {
        Some(name) => vec![budget(guard.policies(), Some(name))?],
        None => guard.policies().iter().collect(),
    };
    let mut history = History::default();
    for policy in policies {
        let document = guard.remembered(policy).await?;
        history.add(policy, document.history);
    }
    history.keep_newest(args.limit);
    print(&history, output)?;
    Ok(ExitStatus::Done)
}
