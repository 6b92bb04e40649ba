//! One file per command: what it found goes to standard output, and what it says in the end is an exit status or an error.

mod apply;
mod check;
mod convert;
mod explain;
mod person;
mod plan;
mod report;
mod serve;
mod status;

use crate::{
    announcement::Announcer,
    apply::Scaler,
    cli::{Cli, Command},
    config::Config,
    error::Error,
    google::{Google, GoogleError},
    metrics::Figures,
};
use jiff::Timestamp;
use nightshift_runtime::{
    Clock, ExitStatus, Output, Report, Shutdown, clock, config,
    gcp::{self, Gcp},
    report as result,
};
use std::sync::Arc;

/// What every command that asks Google works with.
struct Context {
    scaler: Scaler,
    announcer: Announcer,
    figures: Figures,
    gcp: Gcp,
}

impl Context {
    async fn new(
        config: Config,
        options: &gcp::Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let gcp = Gcp::from_options(options).map_err(GoogleError::from)?;
        let google = Google::new(&gcp).await?;
        let announcer = Announcer::new(&config, &gcp).await;
        Ok(Self {
            scaler: Scaler::new(google, Arc::new(config), clock),
            announcer,
            figures: Figures::install()?,
            gcp,
        })
    }
}

/// Does what the command line asks for.
pub async fn execute(cli: Cli) -> Result<ExitStatus, Error> {
    let Cli { command, global } = cli;
    if let Command::Convert(args) = command {
        return convert::execute(&args.source);
    }
    let config: Config = config::load(global.config.as_deref())?;
    let clock = clock::of(global.gcp.endpoint.as_deref())?;
    // Read once: a run never sees two instants.
    let now: Timestamp = clock.now();
    let open = |config| Context::new(config, &global.gcp, clock);
    match command {
        Command::Apply(args) => apply::execute(&open(config).await?, &args).await,
        Command::Plan(args) if args.offline => plan::offline(&config, &args, now),
        Command::Plan(args) => plan::online(&open(config).await?, &args, now).await,
        Command::Status(args) => status::execute(&open(config).await?, &args, now).await,
        Command::Override(args) => person::wish(&open(config).await?, &args, now).await,
        Command::Release(args) => person::release(&open(config).await?, &args).await,
        Command::Report(args) => report::execute(&config, &args, now),
        Command::Serve(args) => serve::execute(open(config).await?, &args, shutdown()?).await,
        Command::Explain(args) => explain::execute(&config, &args, now),
        Command::Check(args) if args.offline => check::offline(&config, &args, now),
        Command::Check(args) => check::online(&open(config).await?, &args, now).await,
        Command::Convert(args) => convert::execute(&args.source),
    }
}

fn shutdown() -> Result<Shutdown, Error> {
    Shutdown::on_signals().map_err(Error::io("listen for signals"))
}

fn print(result: &impl Report, output: Output) -> Result<ExitStatus, Error> {
    result::print(result, output).map_err(Error::io("write the result"))?;
    Ok(ExitStatus::Done)
}
