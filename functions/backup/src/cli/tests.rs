use super::*;
use clap::CommandFactory;
use nightshift_runtime::command_line;

fn refusal(line: &str) -> String {
    let error = Cli::try_parse_from(line.split_whitespace()).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{line}");
    let said = command_line::one_line(&error, "backup").unwrap();
    assert!(!said.contains('\n'), "{said}");
    said
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_shows_two_examples_that_parse() {
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        let help = command.get_after_help().unwrap().to_string();
        let examples: Vec<&str> = help
            .lines()
            .filter(|line| line.contains("backup "))
            .collect();
        assert!(help.starts_with("Examples:\n"), "{name}");
        assert!(
            examples.len() >= 2,
            "{name} has {} examples",
            examples.len()
        );
        for example in examples {
            let typed = example.split(" | ").next().unwrap();
            let words = shell_words(typed);
            let words = words.iter().skip_while(|word| *word != "backup");
            Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }
}

/// Words as a shell would split them, single quotes included.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (place, part) in line.split('\'').enumerate() {
        match place % 2 {
            0 => words.extend(part.split_whitespace().map(ToOwned::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

#[test]
fn contradictory_flags_are_refused_in_one_line_with_the_next_step() {
    assert_eq!(
        refusal("backup restore latest --into postgres://h/d --create --into-used"),
        "the argument '--create' cannot be used with '--into-used'; next: `backup restore --help` shows what it takes"
    );
    assert_eq!(
        refusal("backup restore latest --into postgres://h/d --role app"),
        "the following required arguments were not provided: --no-owner; next: `backup restore --help` shows what it takes"
    );
}

#[test]
fn a_misspelt_option_or_value_is_answered_with_the_right_one() {
    assert_eq!(
        refusal("backup run --worker 3"),
        "unexpected argument '--worker' found; next: a similar argument exists: '--workers'"
    );
    assert_eq!(
        refusal("backup verify --level restored"),
        "invalid value 'restored' for '--level <LEVEL>' [possible values: objects, bytes, restore]; next: a similar value exists: 'restore'"
    );
    assert_eq!(
        refusal("backup status --rpo 26"),
        "invalid value '26' for '--rpo <DURATION>': \"26\" is not a duration with its unit such as \"36h\", \"15m\" or \"7d\"; next: `backup --help` shows what it takes"
    );
}
