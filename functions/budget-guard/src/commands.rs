//! One file per command.

mod arm;
mod check;
mod evaluate;
mod files;
mod history;
mod orders;
mod serve;
mod simulate;
mod status;

pub use orders::{Disobeyed, budget, obey};
pub use serve::Service;

use crate::{
    channels::Channels,
    cli::{Cli, Command, OrderArgs, Suppositions},
    config::{Config, Text},
    error::Error,
    google::Google,
    guard::{Guard, Parts},
    policy::Policy,
    repository::Repository,
    request::Order,
    store::Store,
};
use files::{envelopes, read};
use nightshift_runtime::{
    ExitStatus, Output, Report, clock, config,
    gcp::{self, Gcp},
    report,
};

/// Does what the command line asks for.
pub async fn execute(cli: Cli) -> Result<ExitStatus, Error> {
    let Cli { command, global } = cli;
    if let Some(done) = arm::execute(&command, &global)? {
        return Ok(done);
    }
    let config: Config = config::load(global.config.as_deref())?;
    let policies = config.policies()?;
    let output = global.output;
    match command {
        Command::Evaluate(args) => evaluate::execute(policies, &args, output),
        Command::Simulate(args) => simulate::execute(policies, &args, output),
        Command::Check(args) => check::execute(&config, policies, &args, &global.gcp, output).await,
        command => at_work(command, assemble(&config, policies, &global.gcp)?, output).await,
    }
}

/// What works with the guard's memory.
async fn at_work(command: Command, guard: Guard, output: Output) -> Result<ExitStatus, Error> {
    let (order, by) = match command {
        Command::Serve(args) => return serve::execute(guard, &args).await,
        Command::Status(args) => return status::execute(&guard, &args, output).await,
        Command::History(args) => return history::execute(&guard, &args, output).await,
        Command::Snooze(args) => {
            let OrderArgs { budget, reason, by } = args.order;
            let until = args.until;
            (
                Order::Snooze {
                    budget,
                    until,
                    reason,
                },
                by,
            )
        }
        Command::Release(args) => {
            let OrderArgs { budget, reason, by } = args.order;
            let (step, until) = (args.step, args.until);
            (
                Order::Release {
                    budget,
                    step,
                    until,
                    reason,
                },
                by,
            )
        }
        Command::Resume(args) => {
            let OrderArgs { budget, reason, by } = args.order;
            (Order::Resume { budget, reason }, by)
        }
        Command::Retry(args) => (
            Order::Retry {
                budget: args.budget,
            },
            args.by,
        ),
        _ => (Order::Tick {}, String::new()),
    };
    status::obey(&guard, &order, &by, output).await
}

/// A guard as the configuration describes it.
pub fn assemble(
    config: &Config,
    policies: Vec<Policy>,
    options: &gcp::Options,
) -> Result<Guard, Error> {
    config.check_for_work()?;
    let gcp = Gcp::from_options(options)?;
    let google = Google::new(gcp.clone())?;
    let Some(Text(place)) = &config.state else {
        return Err(Error::NoState);
    };
    let store = Store::open(place.clone(), &gcp)?;
    Ok(Guard::new(Parts {
        policies,
        repository: Repository::new(store),
        channels: Channels::new(config.channels.clone(), google.clone())?,
        google,
        clock: clock::of(gcp.endpoint())?,
    }))
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
