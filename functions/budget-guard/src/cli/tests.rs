use super::*;
use clap::CommandFactory;
use nightshift_runtime::command_line::one_line;

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_shows_two_examples_that_parse() {
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        let help = command.get_after_help().unwrap().to_string();
        let help = help.replace("\\\n", " ");
        let examples: Vec<&str> = help
            .lines()
            .filter(|line| line.contains("budget-guard "))
            .collect();
        assert!(examples.len() >= 2, "{name}");
        for example in examples {
            let typed = example.split(" | ").next().unwrap();
            Cli::try_parse_from(typed.split_whitespace())
                .unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }
}

#[test]
fn a_misspelt_option_is_refused_in_one_line() {
    let error = Cli::try_parse_from(["budget-guard", "simulate", "x", "--chrat", "y"]).unwrap_err();
    let said = one_line(&error, "budget-guard").unwrap();
    assert!(said.contains("--chart") && !said.contains('\n'), "{said}");
}
