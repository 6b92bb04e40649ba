//! What happens to a secret by itself: rotation notices, expiry, and the destruction of versions after their delay.

use super::{
    API, events, names,
    secret::{Kept, Rotation, Secret},
    version::{self, Payload, State, Version},
};
use crate::{
    app::App,
    engine::timers,
    google::iam,
    http::ApiError,
    store::{Tx, View},
};
use jiff::{SignedDuration, Timestamp};

/// Sets a secret's timers to what it says now.
pub(super) fn set_timers(tx: &mut Tx, secret: &Secret) {
    let rotates = secret.rotation.as_ref().and_then(|r| r.next_rotation_time);
    for (what, due) in [("rotate", rotates), ("expire", secret.expire_time)] {
        let key = format!("{what} {}", secret.name);
        match due {
            Some(at) => timers::set(tx, API, &key, at),
            None => drop(timers::cancel(tx, API, &key)),
        }
    }
}

/// Destroys a version later; `None` takes that back.
pub(super) fn set_destruction(tx: &mut Tx, version: &str, at: Option<Timestamp>) {
    let key = format!("destroy {version}");
    match at {
        Some(at) => timers::set(tx, API, &key, at),
        None => drop(timers::cancel(tx, API, &key)),
    }
}

pub(super) fn on_timer(app: &App, tx: &mut Tx, key: &str, at: Timestamp) -> Result<(), ApiError> {
    match key.split_once(' ') {
        Some(("rotate", secret)) => rotate(app, tx, secret, at),
        Some(("expire", secret)) => match tx.get::<Kept>(secret) {
            Some(kept) => delete(app, tx, &kept.secret, "EXPIRATION"),
            None => Ok(()),
        },
        Some(("destroy", version)) => destroy(app, tx, version),
        Some(("event", id)) => events::retry(app, tx, id, at),
        _ => Err(ApiError::internal(format!(
            "Secret Manager sets no timer named {key:?}"
        ))),
    }
}

/// Says that it is time to rotate, once the next time is written down. Without a period there is no next time, and the
/// schedule is gone.
fn rotate(app: &App, tx: &mut Tx, name: &str, due: Timestamp) -> Result<(), ApiError> {
    let Some(kept) = tx.get::<Kept>(name) else {
        return Ok(());
    };
    let mut secret = kept.secret.clone();
    secret.rotation = secret
        .rotation
        .and_then(|rotation| advanced(rotation, due, app.clock.now()));
    secret.etag = names::new_etag();
    set_timers(tx, &secret);
    tx.put(
        name,
        Kept {
            secret: secret.clone(),
            ..*kept
        },
    );
    events::secret(app, tx, "SECRET_ROTATE", &secret)
}

/// The next time lies ahead even if several were missed, and one notice stands for all of these.
fn advanced(rotation: Rotation, due: Timestamp, now: Timestamp) -> Option<Rotation> {
    let period = rotation
        .rotation_period
        .filter(|p| *p > SignedDuration::ZERO)?;
    let late = now.duration_since(due).max(SignedDuration::ZERO);
    let missed = late.as_secs() / period.as_secs().max(1);
    let steps = i32::try_from(missed).unwrap_or(i32::MAX - 1) + 1;
    let next = due.checked_add(period.checked_mul(steps)?).ok()?;
    Some(Rotation {
        next_rotation_time: Some(next),
        ..rotation
    })
}

fn destroy(app: &App, tx: &mut Tx, name: &str) -> Result<(), ApiError> {
    let (Some(version), Some(kept)) = (
        tx.get::<Version>(name),
        names::split_version(name)
            .ok()
            .and_then(|(secret, _)| tx.get::<Kept>(secret)),
    ) else {
        return Ok(());
    };
    if version.state == State::Destroyed {
        return Ok(());
    }
    let destroyed = version::destroy(tx, &version, app.clock.now());
    events::version(app, tx, "SECRET_VERSION_DESTROY", &kept.secret, &destroyed)
}

/// Removes a secret with all that belongs to it, and tells its topics why.
pub(super) fn delete(app: &App, tx: &mut Tx, secret: &Secret, why: &str) -> Result<(), ApiError> {
    forget(tx, &secret.name);
    events::deleted(app, tx, secret, why)
}

/// Removes a secret with all that belongs to it.
pub(super) fn forget(tx: &mut Tx, name: &str) {
    let versions = version_names(tx, name);
    for version in versions {
        set_destruction(tx, &version, None);
        tx.delete::<Payload>(&version);
        tx.delete::<Version>(&version);
    }
    for what in ["rotate", "expire"] {
        timers::cancel(tx, API, &format!("{what} {name}"));
    }
    tx.delete::<Kept>(name);
    iam::forget(tx, name);
}

fn version_names(view: &View, secret: &str) -> Vec<String> {
    view.with_prefix::<Version>(&format!("{secret}/versions/"))
        .map(|(key, _)| key.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(period: Option<i64>, due: &str, now: &str) -> Option<String> {
        let rotation = Rotation {
            rotation_period: period.map(SignedDuration::from_secs),
            ..Rotation::default()
        };
        let next = advanced(rotation, due.parse().unwrap(), now.parse().unwrap())?;
        next.next_rotation_time.map(|at| at.to_string())
    }

    #[test]
    fn the_next_time_keeps_the_rhythm_and_lies_ahead() {
        let due = "2026-01-01T00:00:00Z";
        let day = Some(86_400);
        assert_eq!(
            next(day, due, "2026-01-01T00:00:19Z").as_deref(),
            Some("2026-01-02T00:00:00Z")
        );
        assert_eq!(
            next(day, due, "2026-01-05T07:00:00Z").as_deref(),
            Some("2026-01-06T00:00:00Z")
        );
    }

    #[test]
    fn without_a_period_there_is_no_next_time() {
        assert_eq!(
            next(None, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            None
        );
    }
}
