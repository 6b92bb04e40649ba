//! `nightshift`: see the library.

use clap::Parser;
use nightshift::{
    Error,
    cli::{Cli, Command},
    demo,
};
use nightshift_runtime::{ExitStatus, Shutdown, telemetry};
use std::process::ExitCode;

/// What a shell expects of a program that a signal ended: 128 + `SIGINT`.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Demo(options) = Cli::parse().command;
    let done = match Shutdown::on_signals() {
        Ok(shutdown) => demo::run(&options, &shutdown).await,
        Err(source) => Err(Error::io("listen for signals", source)),
    };
    let Err(error) = done else {
        return ExitStatus::Done.into();
    };
    telemetry::tell_failure("demo.failed", &error.one_line());
    match error {
        Error::Interrupted => INTERRUPTED.into(),
        Error::NoProgram(_) | Error::Used(_) => ExitStatus::Usage.into(),
        _ => ExitStatus::Failed.into(),
    }
}
