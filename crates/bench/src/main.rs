//! `bench`: see the library.

use anyhow::Context as _;
use clap::Parser;
use nightshift_bench::{
    cli::{Choices, Cli, Command},
    measure, suite,
};
use nightshift_runtime::{ExitStatus, Shutdown, report::print, telemetry};

fn main() -> anyhow::Result<ExitStatus> {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Measure { script }) => measure::this_process(&script)?,
        None => bench(&cli.choices)?,
    }
    Ok(ExitStatus::Done)
}

fn bench(choices: &Choices) -> anyhow::Result<()> {
    telemetry::init(&choices.telemetry).context("set up logging")?;
    // Only for signals: the contenders get the Ctrl-C too, and what they leave is cleared away.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let shutdown = {
        let _inside = runtime.enter();
        Shutdown::on_signals()?
    };
    let report = suite::run(choices, &shutdown, runtime.handle())?;
    print(&report, choices.output).context("print the result")
}
