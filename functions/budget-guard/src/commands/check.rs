//! `budget-guard check`.

use super::print;
use crate::{
    check::{self, Finding},
    cli::CheckArgs,
    config::Config,
    error::Error,
    google::Google,
    policy::Policy,
    report::checked::Checked,
};
use nightshift_runtime::{
    ExitStatus, Output,
    gcp::{Gcp, Options},
};

pub(super) async fn execute(
    config: &Config,
    policies: Vec<Policy>,
    args: &CheckArgs,
    options: &Options,
    output: Output,
) -> Result<ExitStatus, Error> {
    let checked = Checked::new(if args.offline {
        check::look_offline(config, &policies)
    } else {
        online(config, &policies, args, options).await?
    });
    print(&checked, output)?;
    match checked.missing() {
        0 => Ok(ExitStatus::Done),
        missing => Err(Error::Unready(missing)),
    }
}

async fn online(
    config: &Config,
    policies: &[Policy],
    args: &CheckArgs,
    options: &Options,
) -> Result<Vec<Finding>, Error> {
    let google = Google::new(Gcp::from_options(options)?)?;
    let mut findings = check::look(config, policies, &google).await;
    if let Some(patience) = args.round_trip {
        findings.push(check::round_trip(config, &google, patience.into()).await);
    }
    Ok(findings)
}
