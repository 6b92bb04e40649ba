//! Cloud Scheduler jobs with an HTTP target:
//! <https://docs.cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#httptarget>.

use super::{
    Attributes, Event, EventError, EventId, Source,
    headers::{Headers, field},
};
use bytes::Bytes;

/// `true` in every request of Cloud Scheduler.
pub(super) const MARK: &str = "x-cloudscheduler";
pub(super) const JOB_NAME: &str = "x-cloudscheduler-jobname";
/// When the job was due: the same in each repetition of a failed attempt.
const SCHEDULE_TIME: &str = "x-cloudscheduler-scheduletime";

pub(super) fn tick(headers: Headers<'_>, body: Bytes) -> Result<Event, EventError> {
    let job = headers.require(JOB_NAME)?;
    let time = headers.time(SCHEDULE_TIME)?;
    let id = time
        .map(|due| EventId::new(&field(JOB_NAME), format!("{job}@{due}")))
        .transpose()?;
    Ok(Event {
        id,
        source: Source::Scheduler { job },
        time,
        attributes: Attributes::default(),
        data: body,
        delivery_attempt: None,
        ordering_key: None,
    })
}
