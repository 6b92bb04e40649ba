//! `budget-guard`: see the library.

use budget_guard::{cli::Cli, commands, event::COMMAND_FAILED};
use nightshift_runtime::{ExitStatus, command_line, telemetry};

#[tokio::main]
async fn main() -> ExitStatus {
    let cli = match command_line::begin(COMMAND_FAILED, |cli: &Cli| &cli.global.telemetry) {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    Box::pin(commands::execute(cli))
        .await
        .unwrap_or_else(|error| {
            telemetry::tell_failure(COMMAND_FAILED, &error.one_line());
            error.exit()
        })
}
