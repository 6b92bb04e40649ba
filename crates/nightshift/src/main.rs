//! `nightshift`: see the library.

use clap::Parser;
use nightshift::{
    Error,
    cli::{Cli, Command},
    demo, up,
};
use nightshift_runtime::{ExitStatus, Shutdown, telemetry};
use std::process::ExitCode;

/// What a shell expects of a program that a signal ended: 128 + `SIGINT`.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let command = Cli::parse().command;
    let failure = match command {
        Command::Demo(_) => "demo.failed",
        Command::Up(_) => "up.failed",
    };
    let done = match Shutdown::on_signals() {
        Ok(shutdown) => run(&command, &shutdown).await,
        Err(source) => Err(Error::io("listen for signals", source)),
    };
    let Err(error) = done else {
        return ExitStatus::Done.into();
    };
    telemetry::tell_failure(failure, &error.one_line());
    match error {
        Error::Interrupted => INTERRUPTED.into(),
        Error::NoProgram { .. } | Error::Used(_) | Error::Port { .. } => ExitStatus::Usage.into(),
        _ => ExitStatus::Failed.into(),
    }
}

async fn run(command: &Command, shutdown: &Shutdown) -> Result<(), Error> {
    match command {
        Command::Demo(options) => demo::run(options, shutdown).await,
        Command::Up(options) => up::run(options, shutdown).await,
    }
}
