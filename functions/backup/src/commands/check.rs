//! `backup check`.

use super::print;
use crate::{check, cli::CheckArgs, config::Config, error::Error, report::check::Checked};
use nightshift_runtime::{ExitStatus, Output};

pub(super) async fn execute(
    config: &Config,
    args: &CheckArgs,
    output: Output,
) -> Result<ExitStatus, Error> {
    let checked = Checked::new(check::check(config, args.offline).await);
    print(&checked, output)?;
    let failures: Vec<String> = checked
        .failures()
        .map(|check| format!("{}: {}", check.name, check.found))
        .collect();
    if failures.is_empty() {
        return Ok(ExitStatus::Done);
    }
    Err(Error::NotReady(failures.join("; ")))
}
