//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use nightshift_runtime::{Output, telemetry};
use serde::Serialize;
use std::path::PathBuf;

/// Compares our programs with what else does the same work: one machine, turn by turn
#[derive(Debug, Parser)]
#[command(
    name = "bench",
    args_conflicts_with_subcommands = true,
    max_term_width = 100,
    after_help = "\
Examples:
  make bench
  make bench BENCH='--only events'
  make bench BENCH='--only backup --contenders backup,gzip --rounds 1'
  make bench BENCH='--percent 5 --output json'"
)]
pub struct Cli {
    /// What `bench` starts itself with.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What a person says.
    #[command(flatten)]
    pub choices: Choices,
}

/// The command between `bench` and itself.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs a bash script and says what it and its children used
    #[command(hide = true)]
    Measure {
        /// The script.
        script: String,
    },
}

/// What is measured, and how often.
#[derive(Debug, Args)]
pub struct Choices {
    /// Run only these parts
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART")]
    pub only: Vec<Part>,
    /// Run only contenders whose name holds one of these words
    #[arg(long, value_delimiter = ',', value_name = "WORD")]
    pub contenders: Vec<String>,
    /// How often each contender runs; what is shown is the median
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Size of the database, in percent of the usual 1.5 GB
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub percent: u32,
    /// The program to measure [default: the `backup` beside this program]
    #[arg(long, value_name = "FILE")]
    pub backup_program: Option<PathBuf>,
    /// Where databases are kept for the next time [default: target/bench]
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
    /// Logs.
    #[command(flatten)]
    pub telemetry: telemetry::Options,
}

impl Choices {
    /// Whether this part was asked for.
    pub fn runs(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// Whether the contender of this name was asked for.
    pub fn runs_contender(&self, name: &str) -> bool {
        self.contenders.is_empty() || self.contenders.iter().any(|word| name.contains(word))
    }
}

/// A question the bench answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// How fast, how small
    Backup,
    /// How fast when one table is everything
    OneTable,
    /// How fast back
    Restore,
    /// How much memory, at once and at three times the data
    Memory,
    /// Events over HTTP: how soon, how many, how fast, against Google's functions-framework
    Events,
    /// A rotation of a secret: how many calls of Google, how soon, how many at once
    Rotation,
    /// Scaling by the clock: calls, writes, time and memory for 10, 100 and 1,000 services
    Scaling,
    /// Budget messages: how many in a second, what one costs, and whether two instances lose or repeat anything
    Budget,
}

impl Part {
    /// All parts, in the order they run.
    pub const ALL: [Self; 8] = [
        Self::Backup,
        Self::OneTable,
        Self::Restore,
        Self::Memory,
        Self::Events,
        Self::Rotation,
        Self::Scaling,
        Self::Budget,
    ];

    /// Whether it backs up or restores a database.
    pub fn is_of_databases(self) -> bool {
        !matches!(
            self,
            Self::Events | Self::Rotation | Self::Scaling | Self::Budget
        )
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::OneTable => "backup, one table",
            Self::Restore => "restore",
            Self::Memory => "memory",
            Self::Events => "events",
            Self::Rotation => "rotation",
            Self::Scaling => "scaling",
            Self::Budget => "budget",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_choice_everything_runs() {
        let choices = |line: &[&str]| Cli::parse_from(line).choices;
        let all = choices(&["bench"]);
        assert!(Part::ALL.into_iter().all(|part| all.runs(part)));
        assert!(all.runs_contender("pg_dump | gzip"));
        let few = choices(&["bench", "--only", "restore", "--contenders", "gzip,backup"]);
        assert!(few.runs(Part::Restore) && !few.runs(Part::Backup));
        assert!(few.runs_contender("pg_dump | gzip") && !few.runs_contender("pg_restore -j2"));
    }
}
