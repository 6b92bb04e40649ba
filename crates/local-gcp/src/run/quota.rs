//! The quota of writes per minute, project and region. Deployments share it with whatever scales.

use super::names;
use crate::{
    http::{ApiError, Call, Code},
    store::{Record, Tx},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How much of its quota a region of a project has used. Its key is `projects/P/locations/R`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Used {
    /// Minutes since 1970.
    minute: i64,
    writes: u32,
}

impl Record for Used {
    const TABLE: &'static str = "run.quota";
}

/// Takes one write from the quota of `location`, or refuses with 429 until the minute is over.
pub(super) fn take(call: &Call, tx: &mut Tx, location: &str) -> Result<(), ApiError> {
    let limit = call.app.options.run_writes_per_minute;
    let minute = call.now().as_second().div_euclid(60);
    let used = tx
        .get::<Used>(location)
        .filter(|used| used.minute == minute);
    let writes = used.map_or(0, |used| used.writes) + 1;
    if limit.is_some_and(|limit| writes > limit) {
        return Err(exhausted(call, location));
    }
    tx.put(location, Used { minute, writes });
    Ok(())
}

fn exhausted(call: &Call, location: &str) -> ApiError {
    let (project, region) = names::project_and_region(location);
    let number = call.app.identity.project_number(project);
    let mut error = ApiError::new(
        Code::ResourceExhausted,
        format!(
            "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per region' of service \
             'run.googleapis.com' for consumer 'project_number:{number}'."
        ),
    );
    error.details.push(json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {
            "service": "run.googleapis.com",
            "consumer": format!("projects/{number}"),
            "quota_metric": "run.googleapis.com/write_regional",
            "quota_limit": "WritePerMinutePerProjectRegion",
            "quota_location": region,
        },
    }));
    error
}
