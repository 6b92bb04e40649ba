//! What `plan` says.

use crate::{
    managed::Managed,
    plan::Plan,
    secret_manager::SecretError,
    target::{Finding, Level},
};
use nightshift_runtime::Report;
use serde::Serialize;

/// What would happen to every secret.
#[derive(Debug, Default, Serialize)]
pub struct Plans {
    secrets: Vec<Planned>,
}

#[derive(Debug, Serialize)]
struct Planned {
    secret: String,
    would_rotate: bool,
    instead: Option<String>,
    steps: Vec<String>,
    findings: Vec<Finding>,
    obstacles: usize,
}

impl Plans {
    /// Adds what would happen to one.
    pub fn add(
        &mut self,
        managed: &Managed,
        planned: Result<Plan, SecretError>,
        findings: Vec<Finding>,
    ) {
        let (instead, steps) = match planned {
            Ok(plan) => (plan.instead, plan.steps),
            Err(error) => (Some(error.to_string()), Vec::new()),
        };
        let errors = findings.iter();
        let obstacles = errors
            .filter(|finding| finding.level == Level::Error)
            .count();
        self.secrets.push(Planned {
            secret: managed.key.clone(),
            would_rotate: instead.is_none() && obstacles == 0,
            instead,
            steps,
            findings,
            obstacles,
        });
    }
}

impl Report for Plans {
    fn table(&self) -> String {
        let mut lines = Vec::new();
        for planned in &self.secrets {
            lines.push(match &planned.instead {
                Some(instead) => format!("{}: {instead}", planned.secret),
                None => format!("{} would be rotated", planned.secret),
            });
            let steps = planned.steps.iter().enumerate();
            lines.extend(steps.map(|(index, step)| format!("  {}. {step}", index + 1)));
            for finding in &planned.findings {
                match finding.level {
                    Level::Ok => {}
                    Level::Warning => lines.push(format!("  warning: {}", finding.message)),
                    Level::Error => lines.push(format!("  IN THE WAY: {}", finding.message)),
                }
            }
        }
        lines.join("\n")
    }
}
