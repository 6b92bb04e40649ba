//! `rotate-secrets check`.

use super::{Context, print};
use crate::{
    check::check, cli::CheckArgs, config::Config, error::Error, report::check::Check,
    target::Finding,
};
use nightshift_runtime::{ExitStatus, Output};

pub(super) async fn execute(context: &Context, args: &CheckArgs) -> Result<ExitStatus, Error> {
    let mut report = Check::default();
    for managed in context.chosen(&args.secrets)? {
        report.add(&managed.key, check(&context.services, managed).await);
    }
    context.print(&report)?;
    match report.obstacles() {
        None => Ok(ExitStatus::Done),
        Some(obstacles) => Err(Error::Found(obstacles)),
    }
}

/// The configuration has been read and validated when this is called.
pub(super) fn offline(
    config: &Config,
    args: &CheckArgs,
    output: Output,
) -> Result<ExitStatus, Error> {
    let mut report = Check::default();
    for key in config.secrets.keys() {
        let name = config.secret_name(key)?;
        if args.secrets.is_empty() || args.secrets.contains(key) {
            let finding = Finding::ok("configuration", format!("{name} is configured"));
            report.add(key, vec![finding]);
        }
    }
    print(&report, output)?;
    Ok(ExitStatus::Done)
}
