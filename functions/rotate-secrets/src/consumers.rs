//! The Cloud Run services and jobs that use a secret: brought to a new version, and asked whether they still need an old
//! one.
//!
//! | how a service refers to a secret | sees a new version |
//! | --- | --- |
//! | environment variable, number | with a new revision that names it |
//! | environment variable, alias or `latest` | when an instance starts, so old and new instances of one revision disagree |
//! | volume, alias or `latest` | when it reads the file again, if it does |
//! | volume, number | with a new revision that names it |
//!
//! So every consumer gets a new revision, forced by an annotation where the reference itself stays as it is, and is waited
//! for until that revision is ready *and* has the traffic.

mod cloud_run;
mod error;
mod job;
mod references;
mod service;

pub use cloud_run::CloudRun;
pub use error::ConsumerError;

use crate::secret_manager::SecretName;
use serde::Deserialize;
use std::fmt;

/// A service or job that uses the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// `projects/P/locations/L/services/S`, or `…/jobs/J`.
    pub name: String,
    /// Which of the two it is.
    pub kind: ConsumerKind,
    /// What to do about traffic that somebody has sent to a certain revision.
    pub pinned_traffic: PinnedTraffic,
}

/// What kind of consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsumerKind {
    /// It has revisions with traffic.
    Service,
    /// It has executions, which keep what they began with.
    Job,
}

/// What to do when a service is ready on the new version and its traffic still goes to another revision by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PinnedTraffic {
    /// Leave it to whoever pinned it. The old value then stays good for as long as that revision uses it.
    #[default]
    Leave,
    /// Send the traffic to the newest revision that is ready.
    Move,
}

/// A name that is neither a service's nor a job's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the name of a consumer, expected projects/PROJECT/locations/LOCATION/services/NAME or …/jobs/NAME"
)]
pub struct BadConsumerName(String);

impl Consumer {
    /// Understands its full name.
    pub fn parse(name: &str, pinned_traffic: PinnedTraffic) -> Result<Self, BadConsumerName> {
        let parts: Vec<&str> = name.split('/').collect();
        let kind = match parts[..] {
            ["projects", project, "locations", location, "services", id]
                if are_plain(&[project, location, id]) =>
            {
                ConsumerKind::Service
            }
            ["projects", project, "locations", location, "jobs", id]
                if are_plain(&[project, location, id]) =>
            {
                ConsumerKind::Job
            }
            _ => return Err(BadConsumerName(name.to_owned())),
        };
        Ok(Self {
            name: name.to_owned(),
            kind,
            pinned_traffic,
        })
    }

    fn project(&self) -> &str {
        self.name.split('/').nth(1).unwrap_or_default()
    }
}

fn are_plain(parts: &[&str]) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:_".contains(c);
    parts
        .iter()
        .all(|part| !part.is_empty() && part.chars().all(plain))
}

impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The secret that consumers refer to, by either of its project's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referred {
    /// By the project's id.
    pub name: SecretName,
    /// By the project's number.
    pub numbered: SecretName,
}

impl Referred {
    /// Whether a reference in a template of `project` means this secret: a short name means one of the same project.
    fn is_meant_by(&self, reference: &str, project: &str) -> bool {
        if !reference.contains('/') {
            let at_home = project == self.name.project() || project == self.numbered.project();
            return at_home && reference == self.name.id() && self.name.location().is_none();
        }
        reference
            .parse()
            .is_ok_and(|name: SecretName| name == self.name || name == self.numbered)
    }
}

/// Something that still needs a version that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    holder: String,
    how: String,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.holder, self.how)
    }
}
