//! `backup`: see the library.

use backup::{cli::Cli, commands, event::COMMAND_FAILED};
use nightshift_runtime::{ExitStatus, command_line, telemetry};

#[tokio::main]
async fn main() -> ExitStatus {
    let cli = match command_line::begin(COMMAND_FAILED, |cli: &Cli| &cli.global.telemetry) {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let event = commands::failure_event(&cli.command);
    Box::pin(commands::execute(cli))
        .await
        .unwrap_or_else(|error| {
            telemetry::tell_failure(event, &error.one_line());
            error.exit()
        })
}
