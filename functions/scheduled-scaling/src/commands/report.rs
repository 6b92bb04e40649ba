//! `scheduled-scaling report`.

use super::{convert::read, plan::prices, print};
use crate::{cli::ReportArgs, config::Config, error::Error, history, report::savings::Savings};
use jiff::{SignedDuration, Timestamp};
use nightshift_runtime::{ExitStatus, config::HumanDuration};
use std::time::Duration;

pub(super) fn execute(
    config: &Config,
    args: &ReportArgs,
    now: Timestamp,
) -> Result<ExitStatus, Error> {
    let since = since(&args.since, now)?;
    let histories = history::read(&read(&args.log)?)?;
    let prices = prices(args.prices.as_deref())?;
    print(
        &Savings::new(config, &prices, &histories, since, now),
        args.output,
    )
}

/// A time, or how long ago.
fn since(text: &str, now: Timestamp) -> Result<Timestamp, Error> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let ago: HumanDuration = text.parse().map_err(|_| {
        Error::Usage(format!(
            "--since is {text:?}; write a time such as 2026-11-01T00:00:00Z, or how long ago, such as 7d"
        ))
    })?;
    let ago = SignedDuration::try_from(Duration::from(ago)).unwrap_or(SignedDuration::MAX);
    now.checked_sub(ago)
        .map_err(|_| Error::Usage(format!("--since {text} is before all time")))
}
