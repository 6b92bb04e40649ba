//! `budget-guard simulate`.

use crate::{
    chart,
    cli::SimulateArgs,
    error::Error,
    policy::Policy,
    rehearsal::{self, Rehearsal},
    report::simulated::Simulated,
};
use nightshift_runtime::{ExitStatus, Output};
use std::{fs, path::Path};

pub(super) fn execute(
    policies: Vec<Policy>,
    args: &SimulateArgs,
    output: Output,
) -> Result<ExitStatus, Error> {
    let policies = super::suppose(policies, &args.suppositions);
    let envelopes = super::envelopes(&args.file)?;
    let armed = args.suppositions.armed.iter().cloned().collect();
    let mut rehearsal = rehearsal::rehearse(&policies, &envelopes, &armed);
    if let Some(only) = &args.budget {
        rehearsal
            .stories
            .retain(|story| story.policy.budget == *only);
    }
    if let Some(path) = &args.chart {
        draw(&rehearsal, path)?;
    }
    super::print(&Simulated::new(&rehearsal, args.all), output)?;
    Ok(ExitStatus::Done)
}

fn draw(rehearsal: &Rehearsal<'_>, path: &Path) -> Result<(), Error> {
    let [story] = rehearsal.stories.as_slice() else {
        return Err(Error::ChartBudgets(rehearsal.stories.len()));
    };
    let drawn = match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => chart::svg(story),
        Some("html") => chart::html(story),
        _ => return Err(Error::ChartForm(path.to_owned())),
    };
    fs::write(path, drawn).map_err(|source| Error::File {
        doing: "write the chart",
        path: path.to_owned(),
        source,
    })
}
