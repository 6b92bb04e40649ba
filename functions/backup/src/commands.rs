//! One file per command: what it needs is in a [`Context`], what it found goes to standard output, and what it says in the
//! end is an exit status or an error.

mod check;
mod list;
mod pin;
mod prune;
mod restore;
mod run;
mod serve;
mod show;
mod status;
mod verify;

use crate::{
    announcement::{Announcement, Announcer, Subject},
    cli::{Cli, Command},
    config::Config,
    error::Error,
    event,
    google::Google,
    repository::Repository,
};
use jiff::Timestamp;
use nightshift_runtime::{
    Clock, ExitStatus, Output, Report, Shutdown, SystemClock, config, report,
};
use std::sync::Arc;

/// What every command works with.
#[derive(Clone)]
pub struct Context {
    /// The configuration with the command line's options over it.
    pub config: Config,
    /// The backups of the target.
    pub repository: Repository,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Whether we were asked to end.
    pub shutdown: Shutdown,
    /// How results are shown.
    pub output: Output,
    /// Tells the configured topic how runs ended.
    pub announcer: Arc<Announcer>,
}

/// What a command found out.
struct Found<R> {
    report: R,
    /// What about it somebody has to look at, though the work was done.
    concern: Option<Error>,
}

impl Context {
    async fn new(config: Config, output: Output) -> Result<Self, Error> {
        Ok(Self {
            repository: Repository::new(config.open_store()?),
            announcer: Arc::new(Announcer::new(&config).await),
            config,
            clock: Arc::new(SystemClock),
            shutdown: Shutdown::on_signals().map_err(Error::io("listen for signals"))?,
            output,
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Announces how a run ended, and shows what it found.
    async fn conclude<R: Report>(
        &self,
        subject: Subject,
        ended: Result<Found<R>, Error>,
    ) -> Result<ExitStatus, Error> {
        let announcement = self.announcement(subject, &ended);
        self.announcer.tell(&announcement).await;
        let Found { report, concern } = ended?;
        self.print(&report)?;
        concern.map_or(Ok(ExitStatus::Done), Err)
    }

    fn announcement<R: Report>(
        &self,
        subject: Subject,
        ended: &Result<Found<R>, Error>,
    ) -> Announcement {
        let (report, error) = match ended {
            Ok(Found { report, concern }) => (Some(report), concern.as_ref()),
            Err(error) => (None, Some(error)),
        };
        let target = self.repository.store().target();
        Announcement::new(subject, target, self.now(), report, error)
    }

    fn print(&self, result: &impl Report) -> Result<(), Error> {
        print(result, self.output)
    }
}

fn print(result: &impl Report, output: Output) -> Result<(), Error> {
    report::print(result, output).map_err(Error::io("write the result"))
}

/// Does what the command line asks for.
pub async fn execute(cli: Cli) -> Result<ExitStatus, Error> {
    let Cli { command, global } = cli;
    let mut config: Config = config::load_or_default(global.config.as_deref())?;
    if let Some(target) = global.target {
        config.target.url = target;
    }
    config.google = Google::new(global.gcp);
    command.configure(&mut config);
    config.validate()?;
    let output = global.output;
    // `check` reports a target that cannot be opened as one of its findings.
    let open = |config| Context::new(config, output);
    match command {
        Command::Check(args) => check::execute(&config, &args, output).await,
        Command::Run(_) => run::execute(&open(config).await?).await,
        Command::List(args) => list::execute(&open(config).await?, &args).await,
        Command::Show(args) => show::execute(&open(config).await?, &args).await,
        Command::Verify(args) => verify::execute(&open(config).await?, &args).await,
        Command::Drill(args) => verify::drill(&open(config).await?, &args).await,
        Command::Restore(args) => restore::execute(&open(config).await?, &args).await,
        Command::Status(args) => status::execute(&open(config).await?, &args).await,
        Command::Pin(args) => pin::pin(&open(config).await?, &args).await,
        Command::Unpin(args) => pin::unpin(&open(config).await?, &args).await,
        Command::Prune(args) => prune::execute(&open(config).await?, &args).await,
        Command::Serve(args) => serve::execute(open(config).await?, &args).await,
    }
}

/// The event under which a command's failure is told.
pub fn failure_event(command: &Command) -> &'static str {
    match command {
        Command::Run(_) => event::FAILED,
        Command::Verify(_) | Command::Drill(_) => event::VERIFIED,
        Command::Prune(_) => event::PRUNED,
        _ => event::COMMAND_FAILED,
    }
}
