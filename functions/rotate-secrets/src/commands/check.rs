//! `rotate-secrets check`.

use super::{Context, print};
use crate::{
    check::check, cli::CheckArgs, config::Config, error::Error, report::check::Check,
    secret_manager::SecretName, target::Finding,
};
use nightshift_runtime::{ExitStatus, Output};
use std::collections::BTreeMap;

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
    let mut names = BTreeMap::new();
    for key in config.secrets.keys() {
        names.insert(key, config.secret_name(key)?);
    }
    let is_meant = |asked: &String, key: &String, name: &SecretName| {
        asked == key || asked == name.id() || *asked == name.to_string()
    };
    let is_known = |asked: &&String| names.iter().any(|(key, name)| is_meant(asked, key, name));
    if let Some(unknown) = args.secrets.iter().find(|asked| !is_known(asked)) {
        return Err(Error::UnknownSecret(unknown.clone()));
    }
    let mut report = Check::default();
    for (key, name) in &names {
        if args.secrets.is_empty() || args.secrets.iter().any(|asked| is_meant(asked, key, name)) {
            let finding = Finding::ok("configuration", format!("{name} is configured"));
            report.add(key, vec![finding]);
        }
    }
    print(&report, output)?;
    Ok(ExitStatus::Done)
}
