//! Commands that a person is told to type in the middle of the night exist, with the options that are written there.

use crate::{
    documents::program,
    facts::read,
    terraform::{repository, said},
};
use anyhow::{Result, ensure};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs,
    path::Path,
    process::Command,
};

const PROGRAMS: [&str; 4] = [
    "backup",
    "budget-guard",
    "rotate-secrets",
    "scheduled-scaling",
];

/// The texts of a page that look like code: between backticks, and lines of blocks.
fn code(page: &str) -> Vec<&str> {
    let (mut found, mut inside) = (Vec::new(), false);
    for line in page.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if inside {
            found.push(line);
        } else {
            found.extend(line.split('`').skip(1).step_by(2));
        }
    }
    found
}

/// A program's command and its options, where a text is one: `backup prune --accept ID`.
fn command(text: &str) -> Option<(&'static str, &str, Vec<&str>)> {
    let text = text.split(['#', '|', '>']).next()?;
    let mut words = text.split_whitespace();
    let name = PROGRAMS.into_iter().find(|name| text.starts_with(name))?;
    let subcommand = (words.next()? == name).then(|| words.next())??;
    let plain = subcommand
        .chars()
        .all(|c| c.is_ascii_lowercase() || c == '-');
    let options = words.filter(|word| word.starts_with("--"));
    let options = options.map(|word| word.split('=').next().unwrap_or(word));
    (plain && !subcommand.starts_with('-')).then(|| (name, subcommand, options.collect()))
}

/// What `--help` says of a command.
fn help(name: &str, subcommand: &str) -> Result<String> {
    let output = Command::new(program(name)?)
        .args([subcommand, "--help"])
        .output()?;
    ensure!(
        output.status.success(),
        "{name} has no command {subcommand}: {}",
        said(&output)
    );
    Ok(said(&output))
}

#[test]
fn every_command_in_the_documents_of_operations_exists() -> Result<()> {
    let mut pages = vec![
        "docs/deploy.md".to_owned(),
        "docs/disaster-recovery.md".to_owned(),
    ];
    for entry in fs::read_dir(repository().join("docs/runbooks"))? {
        let name = entry?.file_name();
        pages.push(Path::new("docs/runbooks").join(name).display().to_string());
    }
    let (mut helps, mut tried) = (BTreeMap::new(), 0);
    for page in pages {
        let text = read(&page)?;
        for (name, subcommand, options) in code(&text).into_iter().filter_map(command) {
            let help = match helps.entry((name, subcommand.to_owned())) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(help(name, subcommand)?),
            };
            tried += 1;
            for option in options {
                ensure!(
                    help.contains(option),
                    "{page}: {name} {subcommand} has no {option}"
                );
            }
        }
    }
    assert!(tried > 10, "only {tried} commands were found");
    Ok(())
}
