//! `backup`: see the library.

use anyhow::Context as _;
use backup::{
    Error, apply,
    cli::{Cli, Command, RunArgs},
    config::Config,
    repository::Repository,
};
use clap::Parser;
use nightshift_runtime::{ExitStatus, Shutdown, SystemClock, config, telemetry};
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<ExitStatus> {
    let cli = Cli::parse();
    telemetry::init(&cli.global.telemetry).context("set up logging")?;
    let mut config: Config = config::load_or_default(cli.global.config.as_deref())?;
    if let Some(target) = cli.global.target.clone() {
        config.target.url = target;
    }
    match run(cli, config).await {
        Ok(()) => Ok(ExitStatus::Done),
        Err(e) => {
            tracing::error!("{}", e.one_line());
            Ok(e.exit())
        }
    }
}

async fn run(cli: Cli, mut config: Config) -> Result<(), Error> {
    let Command::Run(args) = cli.command;
    let RunArgs {
        source, workers, ..
    } = args;
    if let Some(from) = source.from {
        config.source.url = from;
    }
    if let Some(w) = workers {
        config.run.workers = w;
    }
    config.validate()?;
    let shutdown = Shutdown::on_signals().map_err(Error::io("signals"))?;
    let repo = Repository::new(config.open_store()?);
    let options = apply::RunOptions {
        params: config.connect_params()?,
        pg_bin_dir: config.source.pg_bin_dir.clone(),
        workers: config.run.workers,
        codec: config.codec()?,
        chunk_bytes: config.run.chunk_size.bytes() as usize,
        snapshot: config.snapshot_options(),
        on_blocked_ddl: config.run.on_blocked_ddl,
        globals: config.run.globals,
    };
    let m = apply::run(&options, &repo, Arc::new(SystemClock), &shutdown).await?;
    tracing::info!(id = %m.id, rows = m.totals.rows, stored = m.totals.stored_bytes, raw = m.totals.raw_bytes, "backup.completed");
    Ok(())
}
