//! Names of Cloud Run's resources, and the three kinds that users write.

use crate::http::ApiError;

/// What users create: services, worker pools and jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Service,
    WorkerPool,
    Job,
}

impl Kind {
    /// Of the resource with this name.
    pub(super) fn of(name: &str) -> Result<Self, ApiError> {
        match name.split('/').nth(4) {
            Some("services") => Ok(Self::Service),
            Some("workerPools") => Ok(Self::WorkerPool),
            Some("jobs") => Ok(Self::Job),
            _ => Err(ApiError::invalid(format!("Invalid resource name {name:?}"))),
        }
    }

    /// The part of names and paths.
    pub(super) fn collection(self) -> &'static str {
        match self {
            Self::Service => "services",
            Self::WorkerPool => "workerPools",
            Self::Job => "jobs",
        }
    }

    /// The message in Google's schema.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Service => "GoogleCloudRunV2Service",
            Self::WorkerPool => "GoogleCloudRunV2WorkerPool",
            Self::Job => "GoogleCloudRunV2Job",
        }
    }

    /// The type within `google.protobuf.Any`.
    pub(super) fn any(self) -> &'static str {
        match self {
            Self::Service => "type.googleapis.com/google.cloud.run.v2.Service",
            Self::WorkerPool => "type.googleapis.com/google.cloud.run.v2.WorkerPool",
            Self::Job => "type.googleapis.com/google.cloud.run.v2.Job",
        }
    }

    /// The query parameter that names a new one.
    pub(super) fn id_parameter(self) -> &'static str {
        match self {
            Self::Service => "serviceId",
            Self::WorkerPool => "workerPoolId",
            Self::Job => "jobId",
        }
    }

    fn in_errors(self) -> &'static str {
        match self {
            Self::Service => "SERVICE",
            Self::WorkerPool => "WORKERPOOL",
            Self::Job => "JOB",
        }
    }
}

/// The last part of a name.
pub(super) fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// `projects/{project}/locations/{location}` of any name.
pub(super) fn location(name: &str) -> &str {
    let end = name
        .match_indices('/')
        .nth(3)
        .map_or(name.len(), |(at, _)| at);
    &name[..end]
}

/// The project and the region of any name.
pub(super) fn project_and_region(name: &str) -> (&str, &str) {
    let mut parts = name.split('/').skip(1).step_by(2);
    (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    )
}

/// The resource that owns a revision, or the job of an execution.
pub(super) fn owner(name: &str) -> &str {
    let end = name
        .match_indices('/')
        .nth(5)
        .map_or(name.len(), |(at, _)| at);
    &name[..end]
}

/// Checks the id of a new service, worker pool or job: at most 49 lower-case letters, digits and dashes.
pub(super) fn check_id(id: &str) -> Result<(), ApiError> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let good = (1..=49).contains(&id.len())
        && id.chars().all(legal)
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && !id.ends_with('-');
    if good {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Invalid resource ID {id:?}: it must be 1 to 49 characters, only lowercase letters, digits and hyphens, begin with \
         a letter and not end with a hyphen"
    )))
}

/// Checks the whole name of a service, worker pool or job.
pub(super) fn check(kind: Kind, name: &str) -> Result<(), ApiError> {
    let parts: Vec<&str> = name.split('/').collect();
    match parts[..] {
        ["projects", project, "locations", location, collection, id]
            if !project.is_empty() && !location.is_empty() && collection == kind.collection() =>
        {
            check_location(name)?;
            check_id(id)
        }
        _ => Err(ApiError::invalid(format!(
            "name: {name:?} is not of the form projects/PROJECT/locations/REGION/{}/ID",
            kind.collection()
        ))),
    }
}

/// A location that can hold resources: lists and creations refuse the wildcard.
pub(super) fn check_location(parent: &str) -> Result<(), ApiError> {
    match project_and_region(parent) {
        (_, "-") => Err(ApiError::invalid(
            "The location cannot be the wildcard '-': name one region",
        )),
        _ => Ok(()),
    }
}

pub(super) fn missing(kind: Kind, name: &str) -> ApiError {
    missing_of(kind.in_errors(), name)
}

/// The refusal for something that a resource owns, such as a `REVISION`.
pub(super) fn missing_of(kind: &str, name: &str) -> ApiError {
    let (project, region) = project_and_region(name);
    ApiError::not_found(format!(
        "Resource '{}' of kind '{kind}' in region '{region}' in project '{project}' does not exist",
        id(name)
    ))
}

pub(super) fn taken(name: &str) -> ApiError {
    ApiError::already_exists(format!("Resource '{}' already exists.", id(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let name = "projects/p/locations/r/services/s/revisions/s-1";
        assert_eq!(location(name), "projects/p/locations/r");
        assert_eq!(owner(name), "projects/p/locations/r/services/s");
        assert_eq!(project_and_region(name), ("p", "r"));
        assert_eq!((id(name), Kind::of(name).unwrap()), ("s-1", Kind::Service));
    }

    #[test]
    fn ids_follow_googles_rules() {
        for good in ["a", "web-1", &"a".repeat(49)] {
            assert!(check_id(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "a-", "A", "a_b", &"a".repeat(50)] {
            assert!(check_id(bad).is_err(), "{bad}");
        }
    }
}
