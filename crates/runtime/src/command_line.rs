//! How every program begins: its command line is read, its log set up, and what is wrong with either is one line.

use crate::{ExitStatus, telemetry};
use clap::{Parser, error::ErrorKind};

/// Reads the command line, and sets up the log as `log` finds it there. What is wrong is told as `event`; the error is the
/// status to end with. A help text that was asked for ends the process here.
pub fn begin<C: Parser>(
    event: &'static str,
    log: impl FnOnce(&C) -> &telemetry::Options,
) -> Result<C, ExitStatus> {
    let cli = C::try_parse().map_err(|error| match one_line(&error, C::command().get_name()) {
        None => error.exit(),
        Some(line) => {
            telemetry::tell_failure(event, &line);
            ExitStatus::Usage
        }
    })?;
    if let Err(error) = telemetry::init(log(&cli)) {
        telemetry::tell_failure(event, &format!("set up logging: {error}"));
        return Err(ExitStatus::Failed);
    }
    Ok(cli)
}

/// What is wrong with the command line of `program` and what to do next; none when the "error" is a help text that was asked
/// for.
///
/// clap's own form is a paragraph with the usage: good to read, but a log keeps only lines.
pub fn one_line(error: &clap::Error, program: &str) -> Option<String> {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        return None;
    }
    let text = error.render().to_string();
    let wrong = text.split("\n\n").next().unwrap_or_default();
    let wrong: Vec<&str> = wrong.lines().map(str::trim).collect();
    let wrong = wrong.join(" ");
    let wrong = wrong.strip_prefix("error: ").unwrap_or(&wrong);
    let tip = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("tip: "));
    let command = text
        .lines()
        .find_map(|line| line.strip_prefix("Usage: "))
        .and_then(|usage| {
            usage
                .split(" [")
                .next()?
                .split(" <")
                .next()?
                .split(" --")
                .next()
        })
        .unwrap_or(program);
    Some(match tip {
        Some(tip) => format!("{wrong}; next: {tip}"),
        None => format!("{wrong}; next: `{command} --help` shows what it takes"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    #[command(name = "program", version)]
    struct Cli {
        #[arg(long)]
        count: Option<u32>,
        #[arg(long)]
        folder: Option<String>,
    }

    #[test]
    fn what_is_wrong_is_one_line_with_what_to_do_next() {
        let told = |arguments: &[&str]| {
            let error = Cli::try_parse_from([&["program"], arguments].concat()).unwrap_err();
            one_line(&error, "program")
        };
        for (arguments, said) in [
            (
                &["--count", "many"][..],
                "invalid value 'many' for '--count <COUNT>': invalid digit found in string; next: `program --help` shows \
                 what it takes",
            ),
            (
                &["--foldr", "x"],
                "unexpected argument '--foldr' found; next: a similar argument exists: '--folder'",
            ),
        ] {
            assert_eq!(told(arguments).as_deref(), Some(said));
        }
        assert_eq!(told(&["--help"]), None);
        assert_eq!(told(&["--version"]), None);
    }
}
