//! `backup check`.

use super::print;
use crate::{check, cli::CheckArgs, config::Config, error::Error, report::check::Checked};
use nightshift_runtime::{ExitStatus, Output};
use std::collections::BTreeSet;

pub(super) async fn execute(
    config: &Config,
    args: &CheckArgs,
    output: Output,
) -> Result<ExitStatus, Error> {
    let checked = Checked::new(check::check(config, args.offline).await);
    print(&checked, output)?;
    let failed: BTreeSet<&str> = checked.failures().map(|check| check.name).collect();
    if failed.is_empty() {
        return Ok(ExitStatus::Done);
    }
    let names: Vec<&str> = failed.into_iter().collect();
    Err(Error::NotReady(names.join(", ")))
}
