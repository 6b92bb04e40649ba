//! A command line that was not understood, in one line.

use clap::error::ErrorKind;

/// What is wrong with the command line and what to do next; none when the "error" is a help text that was asked for.
///
/// clap's own form is a paragraph with the usage: good to read, but a log keeps only lines.
pub fn one_line(error: &clap::Error) -> Option<String> {
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
        .unwrap_or("budget-guard");
    Some(match tip {
        Some(tip) => format!("{wrong}; next: {tip}"),
        None => format!("{wrong}; next: `{command} --help` shows what it takes"),
    })
}
