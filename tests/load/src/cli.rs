//! The command line.

use crate::{Limits, Plan, Target};
use clap::Parser;
use nightshift_runtime::{Output, config::HumanDuration};

/// Lets users ask a service, and says whether it stayed quick and well; ends with 1 if it did not.
#[derive(Debug, Parser)]
#[command(
    name = "load",
    version,
    max_term_width = 100,
    after_help = "\
Only against a service of your own.
Examples:
  load http://127.0.0.1:8080/health
  load http://127.0.0.1:8080/ --post '{\"command\":\"status\"}' --users 20 --hold 1m --output json | jq .p95_ms"
)]
pub struct Cli {
    /// What is asked for
    #[arg(value_name = "URL")]
    url: String,
    /// Asks by POST with this JSON, instead of by GET
    #[arg(long, value_name = "JSON")]
    post: Option<String>,
    /// How many users there are in the end
    #[arg(long, default_value = "100", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    users: u32,
    /// How long it takes until all of them have joined
    #[arg(long, value_name = "TIME", default_value = "30s")]
    ramp: HumanDuration,
    /// How long all of them stay
    #[arg(long, value_name = "TIME", default_value = "1m")]
    hold: HumanDuration,
    /// How long a user thinks between an answer and the next request: this, and up to as much again
    #[arg(long, value_name = "TIME", default_value = "1s")]
    think: HumanDuration,
    /// What 95 of 100 answers must be faster than
    #[arg(long, value_name = "TIME", default_value = "500ms")]
    p95: HumanDuration,
    /// How many answers of a thousand may fail
    #[arg(long, value_name = "NUMBER", default_value = "10", value_parser = clap::value_parser!(u32).range(..=1000))]
    failures_per_thousand: u32,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

impl Cli {
    /// Whom they ask for what.
    pub fn target(&self) -> Target {
        Target {
            url: self.url.clone(),
            post: self.post.clone(),
        }
    }

    /// Who comes when.
    pub fn plan(&self) -> Plan {
        Plan {
            users: self.users,
            ramp: self.ramp.into(),
            hold: self.hold.into(),
            think: self.think.into(),
        }
    }

    /// What it must keep to.
    pub fn limits(&self) -> Limits {
        Limits {
            p95: self.p95.into(),
            failures_per_thousand: self.failures_per_thousand,
        }
    }
}
