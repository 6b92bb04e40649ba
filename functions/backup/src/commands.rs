//! One file per command: what it needs is in a [`Context`], what it found goes to standard output, and what it says in the
//! end is an exit status or an error.

mod check;
mod list;
mod pin;
mod restore;
mod run;
mod show;
mod status;
mod verify;

use crate::{
    cli::{Cli, Command},
    config::Config,
    error::Error,
    event,
    repository::Repository,
};
use jiff::Timestamp;
use nightshift_runtime::{
    Clock, ExitStatus, Output, Report, Shutdown, SystemClock, config, report,
};
use std::sync::Arc;

/// What every command works with.
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
}

impl Context {
    fn new(config: Config, output: Output) -> Result<Self, Error> {
        Ok(Self {
            repository: Repository::new(config.open_store()?),
            config,
            clock: Arc::new(SystemClock),
            shutdown: Shutdown::on_signals().map_err(Error::io("listen for signals"))?,
            output,
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
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
    command.configure(&mut config);
    config.validate()?;
    let output = global.output;
    if let Command::Check(args) = command {
        return check::execute(&config, &args, output).await;
    }
    let context = Context::new(config, output)?;
    match command {
        Command::Run(_) => run::execute(&context).await,
        Command::List(args) => list::execute(&context, &args).await,
        Command::Show(args) => show::execute(&context, &args).await,
        Command::Verify(args) => verify::execute(&context, &args).await,
        Command::Drill(args) => verify::drill(&context, &args).await,
        Command::Restore(args) => restore::execute(&context, &args).await,
        Command::Status(args) => status::execute(&context, &args).await,
        Command::Pin(args) => pin::pin(&context, &args).await,
        Command::Unpin(args) => pin::unpin(&context, &args).await,
        Command::Prune(_) | Command::Check(_) => Err(Error::Usage("not yet".into())),
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
