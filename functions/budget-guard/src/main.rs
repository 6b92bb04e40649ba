//! `budget-guard`: see the library.

use budget_guard::{
    cli::{self, Cli},
    commands, event,
};
use clap::Parser;
use nightshift_runtime::{ExitStatus, telemetry};

#[tokio::main]
async fn main() -> ExitStatus {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => match cli::one_line(&error) {
            None => error.exit(),
            Some(line) => {
                telemetry::tell_failure(event::COMMAND_FAILED, &line);
                return ExitStatus::Usage;
            }
        },
    };
    if let Err(error) = telemetry::init(&cli.global.telemetry) {
        telemetry::tell_failure(event::COMMAND_FAILED, &format!("set up logging: {error}"));
        return ExitStatus::Failed;
    }
    Box::pin(commands::execute(cli))
        .await
        .unwrap_or_else(|error| {
            telemetry::tell_failure(event::COMMAND_FAILED, &error.one_line());
            error.exit()
        })
}
