//! What is scaled.

use super::Estimate;
use crate::{
    decide::{OnDrift, Release},
    schedule::{Level, Unit},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One service, worker pool or database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What it is.
    pub kind: Kind,
    /// Its full name, such as `projects/p/locations/europe-west1/services/checkout`.
    pub name: String,
    /// The schedule it goes by.
    pub schedule: String,
    /// What must be up before it is raised, by full name. It is lowered before them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Whether the instances of a worker pool may be stopped in the middle of their work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupt: Option<Interrupt>,
    /// What is done about a raise that is not ours.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_drift: OnDrift,
    /// How it is given back when it leaves the configuration.
    #[serde(default, skip_serializing_if = "is_default")]
    pub release: Release,
    /// What an instance is made of, for the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A Cloud Run service.
    Service,
    /// A Cloud Run worker pool.
    WorkerPool,
    /// A Cloud SQL instance.
    Sql,
}

/// The consent to stop workers in the middle of their work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Interrupt {
    /// They may be.
    Ok,
}

/// Where targets are found by their label, whose value names their schedule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Discover {
    /// Projects that are looked through.
    pub projects: Vec<String>,
    /// Regions that are looked through.
    pub regions: Vec<String>,
    /// The label.
    #[serde(default = "default_label")]
    pub label: String,
    /// What is looked for.
    #[serde(default = "all_kinds")]
    pub kinds: Vec<Kind>,
    /// How a target is given back when its label goes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub release: Release,
}

fn all_kinds() -> Vec<Kind> {
    vec![Kind::Service, Kind::WorkerPool, Kind::Sql]
}

fn default_label() -> String {
    "nightshift-schedule".to_owned()
}

impl Target {
    /// The last part of its name.
    pub fn short_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// Its region, where its name has one.
    pub fn region(&self) -> Option<&str> {
        let mut parts = self.name.split('/').skip_while(|part| *part != "locations");
        parts.nth(1)
    }

    /// Refuses a name that is not one of its kind.
    pub(super) fn check_name(&self) -> Result<(), String> {
        let parts: Vec<&str> = self.name.split('/').collect();
        let fits = match self.kind {
            Kind::Service => matches!(parts[..], ["projects", _, "locations", _, "services", _]),
            // Both spellings occur in what the API says.
            Kind::WorkerPool => matches!(
                parts[..],
                [
                    "projects",
                    _,
                    "locations",
                    _,
                    "workerPools" | "workerpools",
                    _
                ]
            ),
            Kind::Sql => matches!(parts[..], ["projects", _, "instances", _]),
        };
        if fits && parts.iter().all(|part| !part.is_empty()) {
            return Ok(());
        }
        Err(format!(
            "name is {:?}; the name of a {} is {}",
            self.name,
            self.kind,
            self.kind.form()
        ))
    }
}

impl Kind {
    /// Refuses a level that targets of this kind cannot have.
    pub fn admit(self, level: &Level) -> Result<(), String> {
        let fits = match (self, level.unit()) {
            (_, None) | (Self::Service, Some(Unit::Instances | Unit::ManualCount)) => true,
            (Self::WorkerPool, Some(unit)) => unit == Unit::ManualCount,
            (Self::Sql, Some(unit)) => unit == Unit::Power,
            (Self::Service, Some(Unit::Power)) => false,
        };
        if fits {
            return Ok(());
        }
        let right = match self {
            Self::Service => "min or manual",
            Self::WorkerPool => "manual",
            Self::Sql => "power = \"on\" and \"off\"",
        };
        Err(format!("says {level}; a {self} takes {right}"))
    }

    fn form(self) -> &'static str {
        match self {
            Self::Service => "projects/PROJECT/locations/REGION/services/NAME",
            Self::WorkerPool => "projects/PROJECT/locations/REGION/workerPools/NAME",
            Self::Sql => "projects/PROJECT/instances/NAME",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Service => "service",
            Self::WorkerPool => "worker-pool",
            Self::Sql => "sql",
        })
    }
}
