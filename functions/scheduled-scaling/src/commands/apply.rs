//! `scheduled-scaling apply`.

use super::{Context, print};
use crate::{cli::ApplyArgs, error::Error, report::run::RunReport};
use nightshift_runtime::ExitStatus;

pub(super) async fn execute(context: &Context, args: &ApplyArgs) -> Result<ExitStatus, Error> {
    let report = run(context).await;
    if report.is_in_the_dark() {
        return Err(Error::InTheDark(why_dark(&report)));
    }
    print(&report, args.output)?;
    Ok(if report.has_failures() {
        ExitStatus::Partial
    } else {
        ExitStatus::Done
    })
}

/// One run, told.
pub(super) async fn run(context: &Context) -> RunReport {
    let run = context.scaler.run().await;
    let report = RunReport::new(&run);
    context.figures.ran(&report);
    context
        .announcer
        .tell(&context.scaler.config, &run, &report)
        .await;
    report
}

/// Why nothing could be read.
pub(super) fn why_dark(report: &RunReport) -> String {
    let why: Vec<String> = report
        .unread
        .iter()
        .map(|unread| unread.why.clone())
        .collect();
    why.join("; ")
}
