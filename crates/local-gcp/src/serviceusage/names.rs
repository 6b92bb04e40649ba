//! Names of metrics and limits, whose own slashes are written `%2F`.

use crate::http::{ApiError, Call};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

/// The limit that a path means.
pub(super) struct Path {
    /// The project's number.
    project: u64,
    service: String,
    pub(super) metric: String,
    limit: String,
}

impl Path {
    /// The variables of the path that are there.
    pub(super) fn of(call: &Call) -> Result<Self, ApiError> {
        Ok(Self {
            project: call.app.identity.project_number(call.param("project")?),
            service: call.param("service")?.to_owned(),
            metric: variable(call, "metric")?,
            limit: variable(call, "limit")?,
        })
    }

    /// The limit of a seeded unit.
    pub(super) fn seeded(project: u64, service: &str, metric: &str, unit: &str) -> Self {
        Self {
            project,
            service: service.to_owned(),
            metric: metric.to_owned(),
            limit: limit_of(unit),
        }
    }

    /// `projects/N/services/S`.
    pub(super) fn service(&self) -> String {
        format!("projects/{}/services/{}", self.project, self.service)
    }

    pub(super) fn metric(&self) -> String {
        let metric = utf8_percent_encode(&self.metric, KEPT);
        format!("{}/consumerQuotaMetrics/{metric}", self.service())
    }

    /// The limit's resource name, by which it is kept.
    pub(super) fn limit(&self) -> String {
        let limit = utf8_percent_encode(&self.limit, KEPT);
        format!("{}/limits/{limit}", self.metric())
    }
}

/// Some clients encode the `%2F` of a name once more.
fn variable(call: &Call, name: &str) -> Result<String, ApiError> {
    let Some(value) = call.params.get(name) else {
        return Ok(String::new());
    };
    let decoded = percent_decode_str(value).decode_utf8();
    let decoded = decoded.map_err(|_| ApiError::invalid(format!("The {name} is not UTF-8")))?;
    Ok(decoded.into_owned())
}

/// `1/{project}/{region}` → `/project/region`.
fn limit_of(unit: &str) -> String {
    let parts = unit.split('/').skip(1);
    parts
        .map(|part| format!("/{}", part.trim_matches(['{', '}'])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_named_after_its_unit() {
        let path = Path::seeded(
            123,
            "compute.googleapis.com",
            "compute.googleapis.com/cpus",
            "1/{project}/{region}",
        );
        assert_eq!(
            path.limit(),
            "projects/123/services/compute.googleapis.com/consumerQuotaMetrics/compute.googleapis.com%2Fcpus/limits/\
             %2Fproject%2Fregion"
        );
        assert_eq!(limit_of("1/d/{project}"), "/d/project");
    }
}
