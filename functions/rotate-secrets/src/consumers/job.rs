//! How far a job is. Its executions keep what they began with.

use super::{
    Consumer, Referred,
    references::{Standing, repoint},
    service::{Progress, settled},
};
use crate::rotation::state::VersionNumber;
use google_cloud_run_v2::model::{Execution, Job, TaskTemplate};
use std::collections::HashMap;

pub(super) fn progress(
    job: &Job,
    consumer: &Consumer,
    secret: &Referred,
    wanted: VersionNumber,
) -> Progress {
    let standing = template(job, consumer, secret);
    if !standing.refers() {
        return Progress::Ready;
    }
    if !standing.is_on(wanted) {
        return Progress::Behind;
    }
    settled(
        job.reconciling,
        job.generation,
        job.observed_generation,
        job.terminal_condition.as_ref(),
    )
}

/// What the next execution will use.
pub(super) fn template(job: &Job, consumer: &Consumer, secret: &Referred) -> Standing {
    let template = job.template.as_ref();
    let none = HashMap::new();
    of_task(
        template.and_then(|execution| execution.template.as_ref()),
        template.map_or(&none, |execution| &execution.annotations),
        consumer,
        secret,
    )
}

/// What an execution uses.
pub(super) fn standing(execution: &Execution, consumer: &Consumer, secret: &Referred) -> Standing {
    of_task(
        execution.template.as_ref(),
        &execution.annotations,
        consumer,
        secret,
    )
}

fn of_task(
    task: Option<&TaskTemplate>,
    annotations: &HashMap<String, String>,
    consumer: &Consumer,
    secret: &Referred,
) -> Standing {
    let empty = TaskTemplate::new();
    let task = task.unwrap_or(&empty);
    Standing::of(
        secret,
        consumer.project(),
        &task.containers,
        &task.volumes,
        annotations,
    )
}

/// Whether an execution is still under way.
pub(super) fn is_running(execution: &Execution) -> bool {
    execution.completion_time.is_none() && execution.delete_time.is_none()
}

/// The change that brings a job to `version`; none if it is there already.
pub(super) fn rolled(
    mut job: Job,
    consumer: &Consumer,
    secret: &Referred,
    version: VersionNumber,
) -> Option<Job> {
    let standing = template(&job, consumer, secret);
    if !standing.refers() || standing.is_on(version) {
        return None;
    }
    let execution = job.template.get_or_insert_default();
    let task = execution.template.get_or_insert_default();
    repoint(
        secret,
        consumer.project(),
        version,
        &mut task.containers,
        &mut task.volumes,
        &mut execution.annotations,
    );
    Some(job)
}
