//! One file per command.

mod evaluate;
mod simulate;

use crate::{
    cli::{Cli, Command, Suppositions},
    config::Config,
    error::Error,
    message::Envelope,
    policy::Policy,
};
use nightshift_runtime::{ExitStatus, Output, Report, config, report};
use serde_json::value::RawValue;
use std::{fs, path::Path};

/// Does what the command line asks for.
pub fn execute(cli: Cli) -> Result<ExitStatus, Error> {
    let Cli { command, global } = cli;
    let config: Config = config::load(global.config.as_deref())?;
    let policies = config.policies()?;
    match command {
        Command::Evaluate(args) => evaluate::execute(policies, &args, global.output),
        Command::Simulate(args) => simulate::execute(policies, &args, global.output),
    }
}

/// The policies as they would be.
fn suppose(mut policies: Vec<Policy>, suppositions: &Suppositions) -> Vec<Policy> {
    if let Some(mode) = suppositions.mode {
        for policy in &mut policies {
            policy.mode = mode.into();
        }
    }
    policies
}

fn print(result: &impl Report, output: Output) -> Result<(), Error> {
    report::print(result, output).map_err(Error::Print)
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::File {
        doing: "read",
        path: path.to_owned(),
        source,
    })
}

/// The messages in a file: JSON documents one after the other, or an array of them.
fn envelopes(path: &Path) -> Result<Vec<Envelope>, Error> {
    let text = read(path)?;
    let wrong = |number, source: serde_json::Error| Error::Envelope {
        path: path.to_owned(),
        number,
        source: source.into(),
    };
    let mut bodies: Vec<Box<RawValue>> = Vec::new();
    if text.trim_start().starts_with('[') {
        bodies = serde_json::from_str(&text).map_err(|source| wrong(1, source))?;
    } else {
        for body in serde_json::Deserializer::from_str(&text).into_iter() {
            bodies.push(body.map_err(|source| wrong(bodies.len() + 1, source))?);
        }
    }
    if bodies.is_empty() {
        return Err(Error::NoMessages(path.to_owned()));
    }
    let read = |(index, body): (usize, &RawValue)| {
        Envelope::read(body.get()).map_err(|source| Error::Envelope {
            path: path.to_owned(),
            number: index + 1,
            source,
        })
    };
    bodies
        .iter()
        .map(AsRef::as_ref)
        .enumerate()
        .map(read)
        .collect()
}
