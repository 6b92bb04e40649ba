//! What there is: read with one call for each page of each project and region, whatever the number of targets.
//!
//! A place that cannot be read says nothing about the targets in it, least of all that they are gone.

mod databases;
mod made_of;
mod services;
mod worker_pools;

use crate::{
    config::{Config, Estimate, Kind},
    google::{Google, Refused},
    memory::{Memory, is_marked},
    schedule::Setting,
};
use futures::{StreamExt, stream};
use google_cloud_run_v2::model::{Condition, condition::State};
use google_cloud_wkt::Timestamp as WireTime;
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

/// How many places are read at once.
const AT_ONCE: usize = 8;
/// How many targets are asked for in one page: small enough that a page of large services stays far below the memory of the
/// smallest instance.
const PAGE: i32 = 100;

/// Where targets of one kind are listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What is listed.
    pub kind: Kind,
    /// The project.
    pub project: String,
    /// The region; databases are listed for all regions at once.
    pub region: Option<String>,
}

/// A target as an API shows it, reduced to what decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it is.
    pub kind: Kind,
    /// Its full name.
    pub name: String,
    /// The value of the label that names a schedule.
    pub label: Option<String>,
    /// Whether a label allows to interrupt its work.
    pub may_interrupt: bool,
    /// What it is set to; an error where that is not understood.
    pub setting: Result<Setting, String>,
    /// What we remember on it; an error where that cannot be read.
    pub memory: Result<Memory, String>,
    /// Its annotations, or its labels if it is a database, to be sent back with ours in them.
    pub notes: HashMap<String, String>,
    /// Changes with every change; the version of its settings if it is a database.
    pub etag: String,
    /// Since when a change has been carried out.
    pub reconciling_since: Option<Timestamp>,
    /// Whether it is there to be used, which for a database its setting does not say alone.
    pub is_ready: bool,
    /// The floor that its template carries.
    pub revision_floor: Option<u32>,
    /// What Google says of its last change, where that has failed.
    pub last_error: Option<String>,
    /// Who changed it last.
    pub last_writer: Option<String>,
    /// What an instance of it is made of, for the price.
    pub made_of: Option<Estimate>,
}

/// What was read, and what could not be.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// Targets by full name.
    pub listed: BTreeMap<String, Listed>,
    /// Places that could not be read, and why.
    pub failed: BTreeMap<Place, Refused>,
}

/// Which of all that is listed is kept.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    label: Option<String>,
    named: BTreeSet<String>,
}

impl Place {
    /// Where the target of this name is listed.
    pub fn of(kind: Kind, name: &str) -> Self {
        let part = |index| name.split('/').nth(index).unwrap_or_default().to_owned();
        Self {
            kind,
            project: part(1),
            region: (kind != Kind::Sql).then(|| part(3)),
        }
    }

    fn parent(&self) -> String {
        let region = self.region.as_deref().unwrap_or_default();
        format!("projects/{}/locations/{region}", self.project)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Service => "services",
            Kind::WorkerPool => "worker pools",
            Kind::Sql => "databases",
        };
        write!(f, "{what} of {}", self.project)?;
        match &self.region {
            Some(region) => write!(f, " in {region}"),
            None => Ok(()),
        }
    }
}

impl Listed {
    /// Its project.
    pub fn project(&self) -> &str {
        self.name.split('/').nth(1).unwrap_or_default()
    }

    /// The last part of its name.
    pub fn short_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// Where it is listed.
    pub fn place(&self) -> Place {
        Place::of(self.kind, &self.name)
    }
}

impl Wanted {
    pub(crate) fn by(config: &Config) -> Self {
        Self {
            label: config
                .discover
                .as_ref()
                .map(|discover| discover.label.clone()),
            named: config
                .targets
                .iter()
                .map(|target| target.name.clone())
                .collect(),
        }
    }

    /// The value of the label that names a schedule, in `labels`.
    fn label(&self, labels: &HashMap<String, String>) -> Option<String> {
        labels
            .get(self.label.as_ref()?)
            .cloned()
            .filter(|value| !value.is_empty())
    }

    fn keeps(&self, listed: &Listed) -> bool {
        listed.label.is_some() || is_marked(&listed.notes) || self.named.contains(&listed.name)
    }
}

/// The places of all targets that `config` names, and of those that are to be discovered.
pub fn places(config: &Config) -> BTreeSet<Place> {
    let named = config
        .targets
        .iter()
        .map(|target| Place::of(target.kind, &target.name));
    let mut places: BTreeSet<Place> = named.collect();
    if let Some(discover) = &config.discover {
        for project in &discover.projects {
            for kind in &discover.kinds {
                let regions: Vec<_> = match kind {
                    Kind::Sql => vec![None],
                    _ => discover.regions.iter().cloned().map(Some).collect(),
                };
                places.extend(regions.into_iter().map(|region| Place {
                    kind: *kind,
                    project: project.clone(),
                    region,
                }));
            }
        }
    }
    places
}

/// Reads all places of `config`.
pub async fn survey(google: &Google, config: &Config) -> Survey {
    let wanted = &Wanted::by(config);
    let reading = stream::iter(places(config)).map(|place| async move {
        let read = match place.kind {
            Kind::Service => services::list(google, &place, wanted).await,
            Kind::WorkerPool => worker_pools::list(google, &place, wanted).await,
            Kind::Sql => databases::list(google, &place, wanted).await,
        };
        (place, read)
    });
    let mut reading = reading.buffer_unordered(AT_ONCE);
    let mut survey = Survey::default();
    while let Some((place, read)) = reading.next().await {
        match read {
            Ok(listed) => {
                let named = listed
                    .into_iter()
                    .map(|listed| (listed.name.clone(), listed));
                survey.listed.extend(named);
            }
            Err(refused) => drop(survey.failed.insert(place, refused)),
        }
    }
    survey
}

/// Reads one target anew.
pub async fn look_again(
    google: &Google,
    config: &Config,
    listed: &Listed,
) -> Result<Listed, Refused> {
    let wanted = &Wanted::by(config);
    match listed.kind {
        Kind::Service => services::get(google, &listed.name, wanted).await,
        Kind::WorkerPool => worker_pools::get(google, &listed.name, wanted).await,
        Kind::Sql => databases::get(google, &listed.name, wanted).await,
    }
}

fn memory(kind: Kind, notes: &HashMap<String, String>) -> Result<Memory, String> {
    Memory::read(kind, notes).map_err(|why| why.to_string())
}

/// A count as the APIs have it. Zero is what is not set, too.
fn count(wire: i32) -> Result<u32, String> {
    u32::try_from(wire).map_err(|_| format!("it has a count of {wire}"))
}

fn time(wire: Option<&WireTime>) -> Option<Timestamp> {
    wire.and_then(|at| Timestamp::new(at.seconds(), at.nanos()).ok())
}

fn text(wire: &str) -> Option<String> {
    (!wire.is_empty()).then(|| wire.to_owned())
}

/// What Cloud Run says of a resource whose last change has failed.
fn failure(condition: Option<&Condition>) -> Option<String> {
    let condition = condition.filter(|condition| condition.state == State::ConditionFailed)?;
    Some(match condition.message.as_str() {
        "" => "its last change failed, and Google does not say why".to_owned(),
        message => format!("its last change failed: {message}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_condition_that_failed_is_an_error() {
        let condition = |state: State| Condition::new().set_state(state).set_message("no quota");
        assert_eq!(failure(None), None);
        assert_eq!(failure(Some(&condition(State::ConditionSucceeded))), None);
        assert_eq!(failure(Some(&condition(State::ConditionReconciling))), None);
        assert_eq!(
            failure(Some(&condition(State::ConditionFailed))).unwrap(),
            "its last change failed: no quota"
        );
    }
}
