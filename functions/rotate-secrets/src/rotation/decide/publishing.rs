//! The way forward once readers see the new value: promoted, rolled, retiring.

use super::driving::Driver;
use crate::rotation::{
    decision::{Decision, Effect, Look, Stop},
    policy::{Overlap, Staging},
    run::Consumers,
    state::{Candidate, ErrorCode, Phase, Place, Subject, VersionNumber},
};
use jiff::Timestamp;
use std::time::Duration;

/// How soon consumers that are starting are asked again whether they are ready, at first and at last.
const FIRST_LOOK: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long consumers that are starting are watched at least, however late it is.
const SHORTEST_WATCH: Duration = Duration::from_secs(30);

/// Brings every consumer to the new version, one after the other.
pub(super) fn promoted(driver: &Driver, candidate: &Candidate, main: VersionNumber) -> Decision {
    match driver.run.facts.consumers {
        None => Decision::Look(Look::Consumers(main)),
        Some(Consumers::Failed(_)) => driver.turn_around(ErrorCode::ConsumerFailed),
        Some(Consumers::Behind(consumer)) => driver
            .roll(consumer, main)
            .unwrap_or_else(|()| driver.keep_watching_to_the_deadline()),
        Some(Consumers::Rolling) => driver.keep_watching_to_the_deadline(),
        Some(Consumers::Ready) => driver.advance(Phase::Rolled {
            candidate: candidate.clone(),
            main,
            retire_after: driver.now + driver.policy.grace,
        }),
    }
}

/// Waits for the grace, then makes sure that nothing needs the old value any more.
///
/// Consumers are looked at again: a pipeline may have put an old reference back meanwhile.
pub(super) fn rolled(
    driver: &Driver,
    candidate: &Candidate,
    main: VersionNumber,
    retire_after: Timestamp,
) -> Decision {
    if driver.now < retire_after {
        return driver.let_go(Stop::WaitingForGrace {
            until: retire_after,
        });
    }
    nothing_needs_base(driver, main).unwrap_or_else(|()| {
        driver.advance(Phase::Retiring {
            candidate: candidate.clone(),
            main,
        })
    })
}

/// What has to be done or found out before base may go; `Err` when nothing has.
fn nothing_needs_base(driver: &Driver, main: VersionNumber) -> Result<Decision, ()> {
    if driver.policy.has_consumers {
        match driver.run.facts.consumers {
            None => return Ok(Decision::Look(Look::Consumers(main))),
            Some(Consumers::Failed(_)) => return Ok(driver.blocked(ErrorCode::ConsumerFailed)),
            Some(Consumers::Behind(consumer)) => {
                let blocked = |()| driver.blocked(ErrorCode::ConsumerTimeout);
                return Ok(driver.roll(consumer, main).unwrap_or_else(blocked));
            }
            Some(Consumers::Rolling) => return Ok(driver.keep_watching()),
            Some(Consumers::Ready) => {}
        }
    }
    match driver.references(driver.old_versions()) {
        Err(decision) => return Ok(decision),
        Ok(0) => {}
        Ok(_) => return Ok(driver.blocked(ErrorCode::RetireBlocked)),
    }
    match driver.probed(Subject::main(main)) {
        Err(decision) => Ok(decision),
        // Whatever happened to the new value, the old one is not the one to lose now.
        Ok(false) => Ok(driver.blocked(ErrorCode::Drift)),
        Ok(true) => Err(()),
    }
}

/// Makes the old value useless, then clears up. Every effect may be repeated; there is no way back.
pub(super) fn retiring(driver: &Driver, candidate: &Candidate, main: VersionNumber) -> Decision {
    let facts = &driver.run.facts;
    let base = Subject::main(driver.operation.base);
    let lives_on = driver.policy.revoke && driver.policy.overlap == Overlap::Both;
    if lives_on && !facts.revoked.contains(&base) {
        return driver.act(Effect::Revoke(base));
    }
    let old = driver.old_versions();
    if let Some(version) = old.iter().find(|version| !facts.retired.contains(version)) {
        return driver.act(Effect::Retire(*version));
    }
    if !facts.cleared {
        return driver.act(match candidate.place {
            Place::Side => driver.sweep(candidate),
            Place::Main => Effect::Clear {
                place: Place::Main,
                after: driver.operation.base,
                up_to: VersionNumber(main.0 - 1),
            },
        });
    }
    driver.complete()
}

impl Driver<'_> {
    /// Base and its twins.
    fn old_versions(&self) -> Vec<VersionNumber> {
        let base = self.operation.base;
        let twins = self.state.twins.iter().copied();
        std::iter::once(base).chain(twins).collect()
    }

    /// Rolls a consumer; `Err` if that was just done and it is behind all the same. Something puts it back, or Cloud Run
    /// does not take it: asking again at once would go round in circles.
    pub(super) fn roll(&self, consumer: usize, version: VersionNumber) -> Result<Decision, ()> {
        if self.run.facts.rolled.contains(&consumer) {
            return Err(());
        }
        Ok(self.act(Effect::Roll { consumer, version }))
    }

    /// Consumers are starting, and have until the deadline to be ready. It counts from the first roll of this call,
    /// and whoever takes over from a worker that died meanwhile gives them a moment before it gives them up.
    fn keep_watching_to_the_deadline(&self) -> Decision {
        let facts = &self.run.facts;
        let rolled = facts.rolled_at.unwrap_or(self.operation.since);
        let watched = facts.watched_from.unwrap_or(self.now);
        let deadline = (rolled + self.policy.rollout_deadline).max(watched + SHORTEST_WATCH);
        if deadline <= self.now {
            self.turn_around(ErrorCode::ConsumerTimeout)
        } else {
            self.keep_watching()
        }
    }

    /// Consumers are starting: keeps the lease while there is time, or lets a later call go on.
    pub(super) fn keep_watching(&self) -> Decision {
        let pause = self.pause_between_looks();
        if self.run.until < self.now + pause {
            return self.let_go(Stop::Retry {
                at: self.now,
                code: None,
            });
        }
        Decision::Pause(pause)
    }

    /// Half as long again as has been watched: what takes minutes is not asked for every second.
    fn pause_between_looks(&self) -> Duration {
        let watched = self.run.facts.watched_from.unwrap_or(self.now);
        let watched = self.now.duration_since(watched).unsigned_abs();
        (watched / 2).clamp(FIRST_LOOK, LONGEST_PAUSE)
    }

    /// Whether candidates wait in the main secret.
    pub(super) fn is_inline(&self) -> bool {
        self.policy.staging == Staging::Inline
    }
}
