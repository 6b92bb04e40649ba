//! What whoever sent an event is told: whether it is dealt with, and when not, whether to send it again.

use super::super::Found;
use crate::{
    announcement::{Announcement, Subject},
    error::Error,
    event,
    store::StoreError,
};
use nightshift_runtime::{Outcome, telemetry};
use serde_json::json;
use std::io::{self, ErrorKind};

/// Whether nothing has happened that anybody but the sender wants to know.
pub(super) fn is_nobodys_news<R>(ended: &Result<Found<R>, Error>) -> bool {
    matches!(ended, Err(Error::Busy { .. } | Error::MadeBefore(_)))
}

/// The answer to an event whose work ended so.
///
/// | ended | answer | for |
/// | --- | --- | --- |
/// | done | 200 | the report, `outcome` `success` |
/// | done, and somebody has to look | 200 | `outcome` `suspicious` or `failure`: doing it again would tell the same |
/// | done when the event came before | 200 | the id of the backup that was made then |
/// | another is at it | 409 | |
/// | asked to end, or something is away | 503 | the next attempt finds it back |
/// | the event asks for what cannot be | 400 | such as the newest backup of several databases |
/// | anything else | 500 | told in full |
pub(super) fn to(
    subject: Subject,
    announcement: Announcement,
    ended: Result<Option<Error>, Error>,
) -> Outcome {
    match ended {
        Ok(concern) => {
            if let Some(concern) = concern {
                telemetry::tell_failure(subject.failed(), &concern.one_line());
            }
            serde_json::to_value(announcement).map_or(Outcome::Done, Outcome::Answer)
        }
        Err(Error::MadeBefore(id)) => {
            tracing::info!(%id, "the event has come again; its backup is there");
            Outcome::Answer(json!({
                "event": subject.done(), "outcome": event::SUCCESS, "target": announcement.target, "made_before": id,
            }))
        }
        Err(error @ Error::Busy { .. }) => Outcome::conflict("busy", error.one_line()),
        Err(error) => {
            let line = error.one_line();
            telemetry::tell_failure(subject.failed(), &line);
            match error {
                Error::Usage(_) => Outcome::refused("impossible", line),
                error if may_pass(&error) => Outcome::later("unavailable", line),
                _ => Outcome::failed("failed", line),
            }
        }
    }
}

/// Whether the same may succeed later without anybody doing anything about it.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::Stopped
        | Error::RestoreStopped
        | Error::PruneStopped
        | Error::SnapshotLost(_)
        | Error::NeverStill { .. }
        | Error::GaveWay(_)
        | Error::LeaseLost => true,
        Error::Store(error @ StoreError::Failed { .. }) if error.is_out_of_order() => true,
        _ => nobody_was_there(error) || error.sqlstate().is_some_and(is_passing_state),
    }
}

/// Connections, resources, an operator's intervention, conflicts.
fn is_passing_state(sqlstate: &str) -> bool {
    ["08", "53", "57", "40", "55"]
        .iter()
        .any(|class| sqlstate.starts_with(class))
}

/// Whether the network or the other side was away.
fn nobody_was_there(error: &Error) -> bool {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| error.source())
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .map(io::Error::kind)
        .any(|kind| match kind {
            // A server that is down has no socket.
            ErrorKind::NotFound => matches!(first.downcast_ref(), Some(Error::Connect(_))),
            kind => matches!(
                kind,
                ErrorKind::ConnectionRefused
                    | ErrorKind::ConnectionReset
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::HostUnreachable
                    | ErrorKind::NetworkUnreachable
                    | ErrorKind::NotConnected
                    | ErrorKind::BrokenPipe
                    | ErrorKind::TimedOut
                    | ErrorKind::UnexpectedEof
            ),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use nightshift_runtime::Report;
    use serde::Serialize;

    #[derive(Serialize)]
    struct Nothing {}

    impl Report for Nothing {
        fn table(&self) -> String {
            String::new()
        }
    }

    fn answer(ended: Result<Option<Error>, Error>) -> (u16, String) {
        let error = ended.as_ref().map_or_else(Some, Option::as_ref);
        let report = ended.is_ok().then_some(&Nothing {});
        let target = "gs://vault/shop".parse().unwrap();
        let announcement = Announcement::new(
            Subject::Backup,
            &target,
            Timestamp::UNIX_EPOCH,
            report,
            error,
        );
        let outcome = to(Subject::Backup, announcement, ended);
        let said = match &outcome {
            Outcome::Answer(value) => value["outcome"].as_str().unwrap().to_owned(),
            other => other.problem().unwrap().code.to_owned(),
        };
        (outcome.status().as_u16(), said)
    }

    #[test]
    fn each_end_has_its_one_answer() {
        let id = || "20260630T020000Z-k3f9qx".parse().unwrap();
        let suspicious = Error::Suspicious {
            id: id(),
            why: "it is small".into(),
        };
        let busy = Error::Busy {
            holder: "another".into(),
            target: "gs://vault/shop".into(),
            since: Timestamp::UNIX_EPOCH,
            until: Timestamp::UNIX_EPOCH,
        };
        let away = Error::io("connect")(ErrorKind::ConnectionRefused.into());
        for (ended, status, said) in [
            (Ok(None), 200, "success"),
            (Ok(Some(suspicious)), 200, "suspicious"),
            (Ok(Some(Error::PruneBlocked("shop".into()))), 200, "failure"),
            (Err(Error::MadeBefore(id())), 200, "success"),
            (Err(busy), 409, "busy"),
            (Err(Error::Stopped), 503, "unavailable"),
            (
                Err(Error::SnapshotLost("it went away".into())),
                503,
                "unavailable",
            ),
            (Err(away), 503, "unavailable"),
            (Err(Error::Usage("say which".into())), 400, "impossible"),
            (
                Err(Error::NoBackup("gs://vault/shop".into())),
                500,
                "failed",
            ),
        ] {
            let told = format!("{ended:?}");
            assert_eq!(answer(ended), (status, said.to_owned()), "{told}");
        }
    }
}
