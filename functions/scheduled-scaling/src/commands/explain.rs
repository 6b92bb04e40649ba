//! `scheduled-scaling explain`.

use super::print;
use crate::{
    cli::ExplainArgs, config::Config, desired::desired, error::Error, explain::claims,
    report::explain::Explanation, schedule::Schedule,
};
use jiff::Timestamp;
use nightshift_runtime::ExitStatus;

pub(super) fn execute(
    config: &Config,
    args: &ExplainArgs,
    now: Timestamp,
) -> Result<ExitStatus, Error> {
    let at = args.at.unwrap_or(now);
    let (name, schedule, words) = match (&args.target, &args.schedule) {
        (Some(name), _) => {
            let target = config.target(name)?;
            let schedule = named(config, &target.schedule)?;
            (
                target.name.as_str(),
                schedule,
                config.overrides_of(&target.name),
            )
        }
        (None, Some(name)) => (name.as_str(), named(config, name)?, Vec::new()),
        (None, None) => {
            return Err(Error::Usage(
                "name a target, or a schedule with --schedule".into(),
            ));
        }
    };
    let answer = desired(schedule, &words, at);
    let claims = claims(schedule, &words, at);
    print(
        &Explanation::new(name, schedule, at, &answer, claims),
        args.output,
    )
}

fn named<'a>(config: &'a Config, name: &str) -> Result<&'a Schedule, Error> {
    config.schedules.get(name).ok_or_else(|| {
        let known: Vec<&str> = config.schedules.keys().map(String::as_str).collect();
        Error::Usage(format!(
            "no schedule is named {name:?}; the configuration has {}",
            known.join(", ")
        ))
    })
}
