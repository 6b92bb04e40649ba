//! What whoever sent an event is told: whether it is dealt with, and when not, whether to send it again.

use crate::{
    apply::Ended, error::Error, managed::Managed, report::ended::Endings, rotation::Stop,
    secret_manager::Kind,
};
use jiff::Timestamp;
use nightshift_runtime::Outcome;
use std::time::Duration;

/// The answer to an event whose work ended so.
///
/// | ended | answer | why |
/// | --- | --- | --- |
/// | done, nothing to do, or waiting for grace or a window | 200 | the tick goes on with it |
/// | another worker is at it | 409 | should that one die, the event brings its work back |
/// | time is up, or something is away | 503 | it is sent again |
/// | went back, blocked, or something was noticed | 200 | it is recorded and told; the tick tries again, the event need not |
/// | what a person asked for cannot be done | 400 | sending it again would not help |
/// | the secret is gone | 200 | nothing is left to rotate; the log says so |
pub(super) fn to(managed: &Managed, ended: &Result<Ended, Error>, now: Timestamp) -> Outcome {
    match ended {
        Ok(ended) => to_ended(managed, ended, now),
        Err(Error::Secret(error)) if error.kind() == Kind::NotFound => {
            tracing::error!(
                event = crate::event::FAILED,
                secret = %managed.name.name,
                target = managed.target.place(),
                "{error}; whatever credential the target holds is not in Secret Manager any more"
            );
            Outcome::Done
        }
        Err(error @ Error::Secret(_)) => Outcome::later("unavailable", error.one_line()),
        Err(Error::Stopped) => Outcome::later("stopping", "the process ends"),
        Err(error) => Outcome::failed("failed", error.one_line()),
    }
}

fn to_ended(managed: &Managed, ended: &Ended, now: Timestamp) -> Outcome {
    let sentence = || format!("{}: {}", managed.key, ended.sentence());
    match &ended.stop {
        Stop::Busy { .. } => Outcome::conflict("busy", sentence()),
        Stop::Retry { at, .. } => {
            let wait = Duration::try_from(at.duration_since(now)).ok();
            let problem = nightshift_runtime::Problem::new("not_finished", sentence());
            Outcome::Later {
                problem,
                after: wait,
            }
        }
        Stop::Refused(_) => Outcome::refused("refused", sentence()),
        _ => said(&Endings::one(managed, ended)),
    }
}

/// A result as the answer's body.
pub(super) fn said(report: &impl serde::Serialize) -> Outcome {
    serde_json::to_value(report).map_or(Outcome::Done, Outcome::Answer)
}
