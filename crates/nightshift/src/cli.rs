//! The command line.

use crate::{demo, up};
use clap::{Parser, Subcommand};

/// Nightshift on your own machine: the real programs, against servers that are thrown away.
#[derive(Debug, Parser)]
#[command(
    name = "nightshift",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lose a web shop and get it back; then change its password while somebody uses it
    #[command(after_help = "\
Examples:
  nightshift demo
  nightshift demo rotation
  nightshift demo month
  nightshift demo backup --scale 60 --keep ./demo-backups
  nightshift demo --quiet > summary.txt")]
    Demo(demo::Options),
    /// Google Cloud on this machine, a small project in it, and a console in the browser; until Ctrl-C
    #[command(after_help = "\
Examples:
  nightshift up
  nightshift up --port 0
  nightshift up --stopped       # then wake the crew by hand, in the console
  LOCAL_GCP_PORT=9100 nightshift up")]
    Up(up::Options),
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
