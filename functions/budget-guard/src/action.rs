//! What a step does to the world: `family.verb:path[=value]`, such as `run.max_instances:web/europe-west1/api=1`.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What kind of thing a resource is.
///
/// The order is the order of stopping; giving back goes the other way, so that billing returns before what needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// A Cloud Run service: `PROJECT/REGION/SERVICE`.
    Run,
    /// A Cloud Run worker pool: `PROJECT/REGION/POOL`.
    Pool,
    /// A Cloud Scheduler job: `PROJECT/REGION/JOB`.
    Scheduler,
    /// A Cloud SQL instance: `PROJECT/INSTANCE`.
    Sql,
    /// A Compute Engine instance: `PROJECT/ZONE/INSTANCE`.
    Compute,
    /// A quota of a project: `PROJECT/SERVICE/LIMIT`.
    Quota,
    /// A project as a whole: `PROJECT`.
    Project,
}

impl Family {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Run, "run"),
        (Self::Pool, "pool"),
        (Self::Scheduler, "scheduler"),
        (Self::Sql, "sql"),
        (Self::Compute, "compute"),
        (Self::Quota, "quota"),
        (Self::Project, "project"),
    ];

    /// The name in front of the path.
    pub fn name(self) -> &'static str {
        let entry = Self::ALL.iter().find(|(family, _)| *family == self);
        entry.map_or("", |(_, name)| name)
    }

    /// Every family, for whoever has to go through all of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().map(|(family, _)| family)
    }

    const fn form(self) -> &'static str {
        match self {
            Self::Run => "PROJECT/REGION/SERVICE",
            Self::Pool => "PROJECT/REGION/POOL",
            Self::Scheduler => "PROJECT/REGION/JOB",
            Self::Sql => "PROJECT/INSTANCE",
            Self::Compute => "PROJECT/ZONE/INSTANCE",
            Self::Quota => "PROJECT/SERVICE/LIMIT",
            Self::Project => "PROJECT",
        }
    }
}

/// One thing that can be throttled or stopped, written `family:path`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Resource {
    /// What kind of thing it is.
    pub family: Family,
    /// Where it is; it begins with the project.
    pub path: String,
}

impl Resource {
    /// The resource of this family at `path`, when the path has the family's form.
    pub fn new(family: Family, path: &str) -> Result<Self, InvalidAction> {
        let parts = path.split('/');
        let whole = parts.clone().all(|part| {
            !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "=:#".contains(c))
        });
        if whole && parts.count() == family.form().split('/').count() {
            Ok(Self {
                family,
                path: path.to_owned(),
            })
        } else {
            Err(InvalidAction::Path {
                path: path.to_owned(),
                family: family.name(),
                form: family.form(),
            })
        }
    }

    /// The project it belongs to.
    pub fn project(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.family.name(), self.path)
    }
}

impl FromStr for Resource {
    type Err = InvalidAction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = |name: &str| Family::ALL.iter().find(|(_, known)| *known == name);
        match text
            .split_once(':')
            .and_then(|(name, path)| Some((known(name)?, path)))
        {
            Some(((family, _), path)) => Self::new(*family, path),
            None => Err(InvalidAction::Resource(text.to_owned())),
        }
    }
}

impl From<Resource> for String {
    fn from(resource: Resource) -> Self {
        resource.to_string()
    }
}

impl TryFrom<String> for Resource {
    type Error = InvalidAction;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// What is done to a resource; of two on the same resource the more severe one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Keep no idle instances of a service.
    RunMinInstances(u32),
    /// At most so many instances of a service.
    RunMaxInstances(u32),
    /// Only internal callers reach a service.
    RunIngressInternal,
    /// Nobody calls a service without credentials.
    RunCloseDoor,
    /// No instance of a service at all.
    RunDisable,
    /// So many instances of a worker pool.
    PoolInstances(u32),
    /// A job does not start by itself.
    SchedulerPause,
    /// A database instance is stopped; its storage goes on costing.
    SqlStop,
    /// A virtual machine is stopped; its disks go on costing.
    ComputeStop,
    /// So much of a quota.
    QuotaLimit(u32),
    /// A project has no billing account: everything in it stops, and may be lost.
    BillingUnlink,
}

/// Whether a verb takes a value, and how it is made.
enum Form {
    Bare(Verb),
    Value(fn(u32) -> Verb),
}

const VERBS: [(&str, Family, Form); 11] = [
    (
        "run.min_instances",
        Family::Run,
        Form::Value(Verb::RunMinInstances),
    ),
    (
        "run.max_instances",
        Family::Run,
        Form::Value(Verb::RunMaxInstances),
    ),
    (
        "run.ingress_internal",
        Family::Run,
        Form::Bare(Verb::RunIngressInternal),
    ),
    (
        "run.close_door",
        Family::Run,
        Form::Bare(Verb::RunCloseDoor),
    ),
    ("run.disable", Family::Run, Form::Bare(Verb::RunDisable)),
    (
        "pool.instances",
        Family::Pool,
        Form::Value(Verb::PoolInstances),
    ),
    (
        "scheduler.pause",
        Family::Scheduler,
        Form::Bare(Verb::SchedulerPause),
    ),
    ("sql.stop", Family::Sql, Form::Bare(Verb::SqlStop)),
    (
        "compute.stop",
        Family::Compute,
        Form::Bare(Verb::ComputeStop),
    ),
    ("quota.limit", Family::Quota, Form::Value(Verb::QuotaLimit)),
    (
        "billing.unlink",
        Family::Project,
        Form::Bare(Verb::BillingUnlink),
    ),
];

impl Verb {
    /// How it is written, and its value.
    fn parts(self) -> (&'static str, Option<u32>) {
        match self {
            Self::RunMinInstances(n) => ("run.min_instances", Some(n)),
            Self::RunMaxInstances(n) => ("run.max_instances", Some(n)),
            Self::RunIngressInternal => ("run.ingress_internal", None),
            Self::RunCloseDoor => ("run.close_door", None),
            Self::RunDisable => ("run.disable", None),
            Self::PoolInstances(n) => ("pool.instances", Some(n)),
            Self::SchedulerPause => ("scheduler.pause", None),
            Self::SqlStop => ("sql.stop", None),
            Self::ComputeStop => ("compute.stop", None),
            Self::QuotaLimit(n) => ("quota.limit", Some(n)),
            Self::BillingUnlink => ("billing.unlink", None),
        }
    }

    /// How much it takes away: first the kind, then the value, where less is more severe.
    fn severity(self) -> (u8, u32) {
        match self {
            Self::RunMinInstances(n) | Self::PoolInstances(n) | Self::QuotaLimit(n) => {
                (0, u32::MAX - n)
            }
            Self::RunMaxInstances(n) => (1, u32::MAX - n),
            Self::RunIngressInternal => (2, 0),
            Self::RunCloseDoor => (3, 0),
            Self::RunDisable => (4, 0),
            Self::SchedulerPause | Self::SqlStop | Self::ComputeStop | Self::BillingUnlink => {
                (0, 0)
            }
        }
    }
}

/// One change of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Action {
    /// What is done.
    pub verb: Verb,
    /// To what.
    pub resource: Resource,
}

impl Action {
    /// Whether it takes more away from the same resource than `other`.
    pub fn exceeds(&self, other: &Self) -> bool {
        self.verb.severity() > other.verb.severity()
    }

    /// Whether it takes a project's billing account away.
    pub fn unlinks_billing(&self) -> bool {
        self.verb == Verb::BillingUnlink
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, value) = self.verb.parts();
        write!(f, "{name}:{}", self.resource.path)?;
        value.map_or(Ok(()), |value| write!(f, "={value}"))
    }
}

impl From<Action> for String {
    fn from(action: Action) -> Self {
        action.to_string()
    }
}

impl TryFrom<String> for Action {
    type Error = InvalidAction;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Action {
    type Err = InvalidAction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, rest) = text
            .split_once(':')
            .ok_or_else(|| InvalidAction::Form(text.to_owned()))?;
        let Some((_, family, form)) = VERBS.iter().find(|(known, ..)| *known == name) else {
            return Err(InvalidAction::Verb(name.to_owned()));
        };
        let (path, value) = match rest.split_once('=') {
            Some((path, value)) => (path, Some(value)),
            None => (rest, None),
        };
        let verb = match (form, value) {
            (Form::Bare(verb), None) => *verb,
            (Form::Bare(_), Some(_)) => return Err(InvalidAction::NoValue(name.to_owned())),
            (Form::Value(make), Some(value)) => {
                make(value.parse().map_err(|_| InvalidAction::Value {
                    verb: name.to_owned(),
                    value: value.to_owned(),
                })?)
            }
            (Form::Value(_), None) => return Err(InvalidAction::MissingValue(name.to_owned())),
        };
        // A service without a maximum has the largest one, so 0 would lift the limit instead of setting it.
        if verb == Verb::RunMaxInstances(0) {
            return Err(InvalidAction::MaxZero);
        }
        Ok(Self {
            verb,
            resource: Resource::new(*family, path)?,
        })
    }
}

/// Why a text is not an action or a resource.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidAction {
    /// No colon.
    #[error("`{0}` is not an action; write one such as \"run.disable:PROJECT/REGION/SERVICE\"")]
    Form(String),
    /// An unknown verb.
    #[error("unknown action `{0}`; known are {known}", known = verbs())]
    Verb(String),
    /// A verb that takes no value.
    #[error("`{0}` takes no value")]
    NoValue(String),
    /// A verb that takes one.
    #[error("`{0}` needs a value, such as \"{0}:…=1\"")]
    MissingValue(String),
    /// Not a number.
    #[error("`{value}` is not a whole number for `{verb}`")]
    Value {
        /// What takes it.
        verb: String,
        /// What was found.
        value: String,
    },
    /// Zero as a maximum.
    #[error(
        "`run.max_instances` cannot be 0, which Cloud Run reads as no maximum; use `run.disable`"
    )]
    MaxZero,
    /// A path of another form.
    #[error("`{path}` is not the path of a resource of the family `{family}`; write {form}")]
    Path {
        /// What was found.
        path: String,
        /// What it should be a path of.
        family: &'static str,
        /// The form it should have.
        form: &'static str,
    },
    /// Not `family:path`.
    #[error("`{0}` is not a resource; write one such as \"run:PROJECT/REGION/SERVICE\"")]
    Resource(String),
}

fn verbs() -> String {
    let names: Vec<&str> = VERBS.iter().map(|(name, ..)| *name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
