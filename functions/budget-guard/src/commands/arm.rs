//! `budget-guard arm` and `disarm`: the consent is a person's, so the guard only says how to give it.

use super::print;
use crate::{
    actions::ARMED,
    cli::{Command, Global},
    config::Config,
    error::Error,
};
use nightshift_runtime::{
    ExitStatus, Report,
    config::{self, ConfigError},
};
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Debug, Serialize)]
struct Consent {
    project: String,
    label: String,
    command: String,
    note: &'static str,
    /// Why nothing would come of it.
    warning: Option<String>,
}

impl Report for Consent {
    fn table(&self) -> String {
        let mut table = format!("{}\n\n# {}\n", self.command, self.note);
        if let Some(warning) = &self.warning {
            let _ = writeln!(table, "# {warning}");
        }
        table
    }
}

/// Done, when it is one of the two.
pub(super) fn execute(command: &Command, global: &Global) -> Result<Option<ExitStatus>, Error> {
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
    let is_in_vain = matches!(command, Command::Arm(_)) && !has_first_consent(project, global)?;
    let warning = is_in_vain.then(|| {
        format!("Nothing would come of it: `cap_billing` in the configuration is not enabled for {project}.")
    });
    let consent = Consent {
        project: project.clone(),
        label: format!("{name}={value}"),
        command: format!("gcloud alpha projects update {project} {change}"),
        note,
        warning,
    };
    print(&consent, global.output)?;
    Ok(Some(ExitStatus::Done))
}

/// Whether the configuration lets billing be unlinked there; without one at hand there is nothing to doubt.
fn has_first_consent(project: &str, global: &Global) -> Result<bool, Error> {
    let config: Config = match config::load(global.config.as_deref()) {
        Err(ConfigError::NotGiven) => return Ok(true),
        read => read?,
    };
    let policies = config.policies()?;
    Ok(policies
        .iter()
        .any(|policy| policy.cap_projects.contains(project)))
}
