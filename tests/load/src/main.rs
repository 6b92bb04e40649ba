//! `load`: see the library.

use anyhow::Context as _;
use clap::Parser;
use nightshift_load::{Report, cli::Cli, drive};
use nightshift_runtime::{ExitStatus, report::print};

#[tokio::main]
async fn main() -> anyhow::Result<ExitStatus> {
    let cli = Cli::parse();
    let (target, plan, limits) = (cli.target(), cli.plan(), cli.limits());
    let answers = drive(&target, &plan).await?;
    let report = Report::new(&target, &plan, &answers, &limits);
    print(&report, cli.output).context("print the result")?;
    Ok(if report.missed.is_empty() {
        ExitStatus::Done
    } else {
        ExitStatus::Failed
    })
}
