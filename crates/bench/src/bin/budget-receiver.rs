//! The function that the bench measures: reads a budget's notification, decides nothing, answers 204.
//!
//! Everything around that is what every function here has: who calls is checked, each request is told as JSON, figures
//! are kept.

use clap::Parser;
use nightshift_bench::events::budget;
use nightshift_runtime::{
    ExitStatus, Shutdown,
    auth::{self, Guard},
    serve, telemetry,
};

#[derive(Debug, Parser)]
#[command(name = "budget-receiver")]
struct Cli {
    #[command(flatten)]
    serve: serve::Options,
    #[command(flatten)]
    auth: auth::Options,
    #[command(flatten)]
    telemetry: telemetry::Options,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitStatus> {
    let cli = Cli::parse();
    telemetry::init(&cli.telemetry)?;
    let shutdown = Shutdown::on_signals()?;
    let listener = cli.serve.bind().await?;
    let guard = Guard::new(&cli.auth, listener.local_addr()?)?;
    serve::serve(listener, &cli.serve, guard, budget::Receiver, shutdown).await?;
    Ok(ExitStatus::Done)
}
