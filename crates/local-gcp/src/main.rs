//! The `local-gcp` command.

mod cli;

use anyhow::Context as _;
use clap::Parser as _;
use local_gcp::LocalGcp;
use std::{
    io::{IsTerminal as _, Write as _},
    path::Path,
};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{EnvFilter, fmt};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = cli::Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let ansi = std::io::stderr().is_terminal();
    fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(ansi)
        .init();

    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut options = args.options();
    options.seed = args.seed.as_deref().map(seed).transpose()?;
    let gcp = LocalGcp::start(options)
        .await
        .context("local-gcp could not start")?;
    // The one line on stdout is for programs that start this one with port 0.
    writeln!(std::io::stdout(), "{}", gcp.url()).context("cannot write to stdout")?;
    tokio::select! {
        _ = terminate.recv() => {}
        stopped = tokio::signal::ctrl_c() => stopped.context("cannot listen for Ctrl-C")?,
    }
    gcp.stop().await;
    Ok(())
}

fn seed(file: &Path) -> anyhow::Result<serde_json::Value> {
    let read = || {
        let text = std::fs::read(file).context("cannot read it")?;
        serde_json::from_slice(&text).context("it is not JSON")
    };
    read().with_context(|| format!("cannot seed from {}", file.display()))
}
