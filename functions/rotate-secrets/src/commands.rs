//! One file per command: what it needs is in a [`Context`], what it found goes to standard output, and what it says in the
//! end is an exit status or an error.

mod adopt;
mod check;
mod pause;
mod plan;
mod rotate;
mod serve;
mod status;
mod tick;

use crate::{
    announcement::{Announcement, Announcer},
    apply::{Call, Ended, Services},
    cli::{Cli, Command},
    config::Config,
    consumers::CloudRun,
    error::Error,
    managed::{Fleet, Managed},
    metrics::Figures,
    report::ended::Endings,
    rotation::{Intent, Stop},
    secret_manager::SecretManager,
};
use nightshift_runtime::{
    ExitStatus, Output, Report, Shutdown, SystemClock, config,
    gcp::{self, Gcp},
    report,
};
use std::{sync::Arc, time::Duration};

/// How long a command works before it leaves the rest to the tick.
const BUDGET: Duration = Duration::from_mins(9);

/// What every command works with.
#[derive(Clone)]
pub struct Context {
    /// The secrets that may be rotated.
    pub fleet: Arc<Fleet>,
    /// Google, and the time.
    pub services: Services,
    /// Whether we were asked to end.
    pub shutdown: Shutdown,
    /// How results are shown.
    pub output: Output,
    /// Who is told how rotations end.
    pub announcer: Arc<Announcer>,
    /// What is counted and measured.
    pub figures: Figures,
    /// How Google is asked.
    pub gcp: Gcp,
}

impl Context {
    async fn open(config: &Config, options: &gcp::Options, output: Output) -> Result<Self, Error> {
        config.validate()?;
        let gcp = Gcp::from_options(options)?;
        Ok(Self {
            fleet: Arc::new(Fleet::build(config, &gcp).await?),
            announcer: Arc::new(Announcer::new(config, &gcp).await),
            figures: Figures::install()?,
            services: Services {
                secrets: SecretManager::new(gcp.clone()),
                run: CloudRun::new(gcp.clone()),
                time: Arc::new(SystemClock),
            },
            shutdown: Shutdown::on_signals().map_err(|source| Error::Io {
                doing: "listen for signals",
                source,
            })?,
            output,
            gcp,
        })
    }

    /// The secrets that a command names; all without a name.
    fn chosen(&self, names: &[String]) -> Result<Vec<&Managed>, Error> {
        if names.is_empty() {
            return Ok(self.fleet.iter().collect());
        }
        names.iter().map(|name| self.fleet.named(name)).collect()
    }

    /// Drives one secret as far as it goes, and tells whoever listens.
    async fn drive(
        &self,
        managed: &Managed,
        intent: Intent,
        budget: Duration,
    ) -> Result<Ended, Error> {
        let call = Call::begin(&self.services, managed, intent, budget).await?;
        let before = call.state().map_or("unmanaged", |state| state.phase_name());
        let ended = call.drive().await?;
        self.figures.ended(managed, &ended);
        let now = self.services.time.now();
        if let Some(announcement) = Announcement::new(managed, before, &ended, now) {
            self.announcer.tell(&announcement).await;
        }
        Ok(ended)
    }

    fn print(&self, result: &impl Report) -> Result<(), Error> {
        print(result, self.output)
    }

    /// Shows how one call ended; one that did not end well is an error.
    fn conclude(&self, managed: &Managed, ended: &Ended) -> Result<ExitStatus, Error> {
        self.print(&Endings::one(managed, ended))?;
        // A frozen secret is well for a tick, but not for who wants something of it.
        if ended.is_well() && ended.stop != Stop::Paused {
            return Ok(ExitStatus::Done);
        }
        Err(Error::Ended {
            sentence: format!("{}: {}", managed.key, ended.sentence()),
            advice: ended.advice(),
        })
    }
}

fn print(result: &impl Report, output: Output) -> Result<(), Error> {
    report::print(result, output).map_err(|source| Error::Io {
        doing: "write the result",
        source,
    })
}

/// Does what the command line asks for.
pub async fn execute(cli: Cli) -> Result<ExitStatus, Error> {
    let Cli { command, global } = cli;
    let config: Config = config::load(global.config.as_deref())?;
    config.validate()?;
    if let Command::Check(args) = &command
        && args.offline
    {
        return check::offline(&config, args, global.output);
    }
    let context = Context::open(&config, &global.gcp, global.output).await?;
    match command {
        Command::Rotate(args) => rotate::execute(&context, &args).await,
        Command::Abort(args) => rotate::take_back(&context, &args, Intent::Abort).await,
        Command::Rollback(args) => rotate::take_back(&context, &args, Intent::Rollback).await,
        Command::Adopt(args) => adopt::execute(&context, &args).await,
        Command::Tick(args) => tick::execute(&context, &args).await,
        Command::Plan(args) => plan::execute(&context, &args).await,
        Command::Status(args) => status::execute(&context, &args).await,
        Command::Pause(args) => pause::execute(&context, &args, true).await,
        Command::Resume(args) => pause::execute(&context, &args, false).await,
        Command::Check(args) => check::execute(&context, &args).await,
        Command::Serve(args) => serve::execute(context, &args).await,
    }
}
