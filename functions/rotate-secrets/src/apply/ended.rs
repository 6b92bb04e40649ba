//! How a call ended.

use super::Call;
use crate::{
    event,
    rotation::{Notice, State, Stop, state::ErrorCode},
    secret_manager::SecretName,
};
use jiff::Timestamp;
use tracing::{error, info, warn};

/// How a call ended, and how it leaves the secret.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The secret.
    pub secret: SecretName,
    /// Why the call stopped.
    pub stop: Stop,
    /// The state as it was last read or written.
    pub state: Option<State>,
    /// The words for what was in the way, if something was.
    pub trouble: Option<String>,
}

impl Call<'_> {
    pub(super) fn end(self, stop: Stop) -> Ended {
        let ended = Ended {
            secret: self.managed.name.name.clone(),
            stop,
            state: self.run.secret.state.ok().flatten(),
            trouble: self.trouble,
        };
        ended.tell();
        ended
    }
}

impl Ended {
    /// One line, as loud as somebody has to look at it.
    fn tell(&self) {
        let (secret, why) = (&self.secret, self.trouble.as_deref());
        match &self.stop {
            Stop::Rotated => {
                let version = self.state.as_ref().map(|state| state.current.0);
                info!(event = event::COMPLETED, %secret, version, "the secret is rotated");
            }
            Stop::Failed(code) if code.is_by_operator() => {
                info!(event = event::PHASE, %secret, %code, "{}", self.sentence());
            }
            Stop::Failed(code) | Stop::Blocked(code) => {
                error!(event = event::FAILED, %secret, %code, why, "{}", self.sentence());
            }
            Stop::Noticed(_) | Stop::Refused(_) => {
                error!(event = event::NOTICED, %secret, why, "{}", self.sentence());
            }
            Stop::Retry {
                code: Some(code), ..
            } => {
                warn!(event = event::STEP_FAILED, %secret, %code, why, "{}", self.sentence());
            }
            _ => info!(event = event::STEP, %secret, step = "stop", "{}", self.sentence()),
        }
    }
}

impl Ended {
    /// How it ended, for people.
    pub fn sentence(&self) -> String {
        let why = self.trouble.as_deref();
        let because = why.map_or_else(String::new, |why| format!(": {why}"));
        match &self.stop {
            Stop::Rotated => match &self.state {
                Some(state) => format!("rotated; version {} is current", state.current),
                None => "rotated".to_owned(),
            },
            Stop::Idle => "nothing is due, and all is well".to_owned(),
            Stop::Adopted => "taken under management, not rotated".to_owned(),
            Stop::AlreadyManaged => "under management already".to_owned(),
            Stop::Duplicate => "this rotation has been taken on before".to_owned(),
            Stop::TooSoon { until } => {
                format!("the value is fresh enough; none is due before {until:.0}")
            }
            Stop::Deferred { until } => format!("remembered; it starts at {until:.0} or later"),
            Stop::Held { until } => {
                format!(
                    "not before {until:.0}: a window, a gap or another member of the group is in the way"
                )
            }
            Stop::WaitingForGrace { until } => format!(
                "published and in use; the old value stays good until {until:.0}, then the tick retires it"
            ),
            Stop::Paused => "frozen by its annotation; nothing was touched".to_owned(),
            Stop::Busy { until } => format!("another worker is at it, until {until:.0} at most"),
            Stop::Retry { at, code: None } => format!("not done yet; it goes on at {at:.0}"),
            Stop::Retry {
                at,
                code: Some(code),
            } => {
                format!("in the way is {code}; it is tried again at {at:.0}{because}")
            }
            Stop::Failed(code) => format!("{} ({code}){because}", went_back(*code)),
            Stop::Blocked(code) if self.state.is_none() => {
                format!("not taken under management ({code}){because}")
            }
            Stop::Blocked(code) => {
                format!("does not go on until somebody puts something right ({code}){because}")
            }
            Stop::Noticed(notice) => format!("{}{because}", noticed(*notice)),
            Stop::Refused(refusal) => refusal.to_string(),
        }
    }

    /// What a person can do about it.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match &self.stop {
            Stop::Held { .. } => "wait, or say --force, which disregards everything but a lease",
            Stop::Busy { .. } => "wait until it is done, or until its lease ends by itself",
            Stop::Paused => "`rotate-secrets resume` lets it be rotated again",
            Stop::Retry { .. } => {
                "the tick goes on with it; to go on at once, run the command again"
            }
            Stop::Failed(code) | Stop::Blocked(code) => advice_for(*code),
            Stop::Noticed(_) => {
                "`rotate-secrets check` says more; `rotate-secrets rotate SECRET --repair` makes a new value all the same"
            }
            _ => return None,
        })
    }

    /// Whether what was asked for is done, or goes on by itself. Going back is well where an operator wanted it.
    pub fn is_well(&self) -> bool {
        if let Stop::Failed(code) = &self.stop {
            return code.is_by_operator();
        }
        matches!(
            self.stop,
            Stop::Rotated
                | Stop::Idle
                | Stop::Adopted
                | Stop::AlreadyManaged
                | Stop::Duplicate
                | Stop::TooSoon { .. }
                | Stop::Deferred { .. }
                | Stop::WaitingForGrace { .. }
                | Stop::Paused
        )
    }
}

/// Where a failed rotation has left the secret.
fn went_back(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Drift | ErrorCode::BaseUnusable => {
            "stopped without a change; the old value is not good either"
        }
        _ => "went back to the old value, which is still good",
    }
}

fn noticed(notice: Notice) -> String {
    match notice {
        Notice::CurrentRejected => "the target does not accept the published value".to_owned(),
        Notice::UnprovenNewest(version) => format!(
            "version {version} is the newest and the target does not accept it: readers of `latest` fail"
        ),
        Notice::NewestUnusable(version) => {
            format!("version {version} is the newest and cannot be read: readers of `latest` fail")
        }
        Notice::ConsumerBehind(index) => {
            format!(
                "consumer {} of the configuration uses another version",
                index + 1
            )
        }
    }
}

fn advice_for(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::TargetUnreachable => "look why the target cannot be reached; it is tried again",
        ErrorCode::TargetRefused => "compare the password policies of target and configuration",
        ErrorCode::TargetDenied => "`rotate-secrets check` says which right is missing",
        ErrorCode::TestFailed => "`rotate-secrets check` says what the credential lacks",
        ErrorCode::Drift => {
            "somebody else has changed the target: add what it accepts as a version, or give it a new value with `rotate-secrets rotate SECRET --repair`"
        }
        ErrorCode::BaseUnusable => {
            "enable the current version or add a good one; `rotate-secrets rotate SECRET --repair` makes one without it"
        }
        ErrorCode::SecretDenied => "grant the rotator's service account the missing role",
        ErrorCode::ConsumerFailed | ErrorCode::ConsumerTimeout => {
            "the log of the revision that did not start says why"
        }
        ErrorCode::RetireBlocked => {
            "move the traffic or the tag away from the revision that uses the old value"
        }
        ErrorCode::UnprovenNewest => "find out who added the newest version",
        _ => "it is tried again by itself; the log says more",
    }
}

impl Ended {
    /// A constant word for programs.
    pub fn outcome(&self) -> &'static str {
        match &self.stop {
            Stop::Rotated => "rotated",
            Stop::Idle => "idle",
            Stop::Adopted => "adopted",
            Stop::AlreadyManaged => "managed",
            Stop::Duplicate => "duplicate",
            Stop::TooSoon { .. } => "too_soon",
            Stop::Deferred { .. } => "deferred",
            Stop::Held { .. } => "held",
            Stop::WaitingForGrace { .. } => "published",
            Stop::Paused => "paused",
            Stop::Busy { .. } => "busy",
            Stop::Retry { .. } => "retry",
            Stop::Failed(ErrorCode::Aborted) => "aborted",
            Stop::Failed(ErrorCode::RolledBack) => "rolled_back",
            Stop::Failed(_) => "failed",
            Stop::Blocked(_) => "blocked",
            Stop::Noticed(_) => "noticed",
            Stop::Refused(_) => "refused",
        }
    }

    /// The phase that the secret is left in; `unmanaged` where it has none.
    pub fn phase_name(&self) -> &'static str {
        self.state.as_ref().map_or("unmanaged", State::phase_name)
    }

    /// The time that the stop names.
    pub fn until(&self) -> Option<Timestamp> {
        match &self.stop {
            Stop::TooSoon { until }
            | Stop::Deferred { until }
            | Stop::Held { until }
            | Stop::WaitingForGrace { until }
            | Stop::Busy { until }
            | Stop::Retry { at: until, .. } => Some(*until),
            _ => None,
        }
    }

    /// What was in the way.
    pub fn code(&self) -> Option<ErrorCode> {
        match &self.stop {
            Stop::Failed(code) | Stop::Blocked(code) => Some(*code),
            Stop::Retry { code, .. } => *code,
            _ => None,
        }
    }
}
