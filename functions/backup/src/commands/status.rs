//! `backup status`.

use super::{Context, Found};
use crate::{
    cli::StatusArgs,
    error::Error,
    report::status::Status,
    repository::State,
    source::params::ConnectParams,
    status::{Verdict, judge},
};
use nightshift_runtime::ExitStatus;

pub(super) async fn execute(context: &Context, args: &StatusArgs) -> Result<ExitStatus, Error> {
    let Found { report, concern } = judge_all(context, args.database.as_deref()).await?;
    context.print(&report)?;
    concern.map_or(Ok(ExitStatus::Done), Err)
}

/// Judges the backups of all databases, or of one.
pub(super) async fn judge_all(
    context: &Context,
    database: Option<&str>,
) -> Result<Found<Status>, Error> {
    let (repository, now) = (&context.repository, context.now());
    let mut entries = repository.survey().await?;
    if let Some(database) = database {
        entries.retain(|entry| match &entry.state {
            State::Complete(summary) => summary.source.database == database,
            _ => true,
        });
    }
    let configured = configured_database(context)?;
    let expected = database.or(configured.as_deref());
    let verdict = judge(&context.config.objectives, &entries, expected, now);
    let target = repository.store().target().to_string();
    let concern = out_of_bounds(&verdict, &target);
    let report = Status::new(target, &context.config.objectives, verdict, now);
    Ok(Found { report, concern })
}

/// The database that the configuration backs up, when it names one.
fn configured_database(context: &Context) -> Result<Option<String>, Error> {
    if context.config.source.url.is_empty() {
        return Ok(None);
    }
    // Without the password: whoever only looks at backups need not have it.
    let params = ConnectParams::read(&context.config.source.url, &|_| None, None)?;
    Ok(Some(params.database))
}

fn out_of_bounds(verdict: &Verdict, target: &str) -> Option<Error> {
    if verdict.databases.is_empty() {
        return Some(Error::NoBackup(target.to_owned()));
    }
    let problems: Vec<_> = verdict
        .databases
        .iter()
        .flat_map(|database| {
            database
                .problems
                .iter()
                .map(|problem| (&database.database, problem))
        })
        .collect();
    let (_, first) = problems.first()?;
    let sentences = problems
        .iter()
        .map(|(name, problem)| format!("{name}: {}", problem.what));
    Some(Error::OutOfBounds {
        problems: sentences.collect::<Vec<_>>().join("; "),
        next: first.next,
    })
}
