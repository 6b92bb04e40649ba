//! `budget-guard arm` and `disarm`: the consent is a person's, so the guard only says how to give it.

use super::print;
use crate::{actions::ARMED, cli::Command, error::Error};
use nightshift_runtime::{ExitStatus, Output, Report};
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Consent {
    project: String,
    label: String,
    command: String,
    note: &'static str,
}

impl Report for Consent {
    fn table(&self) -> String {
        format!("{}\n\n# {}\n", self.command, self.note)
    }
}

/// Done, when it is one of the two.
pub(super) fn execute(command: &Command, output: Output) -> Result<Option<ExitStatus>, Error> {
    let (name, value) = ARMED;
    let (project, change, note) = match command {
        Command::Arm(args) => (
            &args.project,
            format!("--update-labels={name}={value}"),
            "Without a billing account everything in the project stops, and resources may be irretrievably deleted.",
        ),
        Command::Disarm(args) => (
            &args.project,
            format!("--remove-labels={name}"),
            "From the next message on, billing is not unlinked. What is unlinked already stays so: `budget-guard release STEP`.",
        ),
        _ => return Ok(None),
    };
    let consent = Consent {
        project: project.clone(),
        label: format!("{name}={value}"),
        command: format!("gcloud alpha projects update {project} {change}"),
        note,
    };
    print(&consent, output)?;
    Ok(Some(ExitStatus::Done))
}
