//! One file per command: what it found goes to standard output, and what it says in the end is an exit status or an error.

mod check;
mod convert;
mod explain;
mod plan;

use crate::{
    cli::{Cli, Command},
    config::Config,
    error::Error,
};
use jiff::Timestamp;
use nightshift_runtime::{Clock, ExitStatus, Output, Report, SystemClock, config, report};

/// The event under which a command's failure is told.
pub const COMMAND_FAILED: &str = "scaling.command_failed";

/// Does what the command line asks for.
pub fn execute(cli: Cli) -> Result<ExitStatus, Error> {
    let Cli { command, global } = cli;
    if let Command::Convert(args) = command {
        return convert::execute(&args.source);
    }
    let config: Config = config::load(global.config.as_deref())?;
    // Read once: a run never sees two instants.
    let now: Timestamp = SystemClock.now();
    match command {
        Command::Plan(args) => plan::execute(&config, &args, now),
        Command::Explain(args) => explain::execute(&config, &args, now),
        Command::Check(args) => check::execute(&config, &args, now),
        Command::Convert(args) => convert::execute(&args.source),
    }
}

fn print(result: &impl Report, output: Output) -> Result<ExitStatus, Error> {
    report::print(result, output).map_err(Error::io("write the result"))?;
    Ok(ExitStatus::Done)
}
