//! The way back: the target accepts base, readers get base, consumers use base; then the candidate goes.

use super::driving::Driver;
use crate::rotation::{
    decision::{Decision, Effect, Look, Stop},
    policy::Overlap,
    run::{Consumers, NewestValue},
    state::{Candidate, ErrorCode, Phase, Place, Subject, Undo, VersionNumber},
};

pub(super) fn decide(driver: &Driver) -> Decision {
    let Phase::Undoing(undo) = &driver.operation.phase else {
        return Decision::Stop(Stop::Blocked(ErrorCode::Other));
    };
    // Somebody who lost the lease may still be doing something that leads forward. Going back before that has landed
    // would be overtaken by it.
    if let Some(until) = driver.still_unquiet() {
        return driver.let_go(Stop::Retry {
            at: until,
            code: Some(undo.why),
        });
    }
    let back = Back { driver, undo };
    back.next().unwrap_or_else(|decision| decision)
}

struct Back<'a> {
    driver: &'a Driver<'a>,
    undo: &'a Undo,
}

/// `Err` holds what has to be done first.
type Step<T = ()> = Result<T, Decision>;

impl Back<'_> {
    fn next(&self) -> Step<Decision> {
        self.target_accepts_base()?;
        let copy = self.readers_get_base()?;
        if let Some((bad, copy)) = copy {
            self.consumers_use(copy)?;
            self.nothing_refers_to(bad)?;
        }
        self.candidate_is_gone(copy.map(|(_, copy)| copy))?;
        Ok(self.driver.end_in_failure(self.undo.why))
    }

    fn base(&self) -> Subject {
        Subject::main(self.driver.operation.base)
    }

    /// A target with one credential gets base back if it holds the candidate. It is left alone if it holds neither and
    /// we never gave it anything: then somebody else has changed it.
    fn target_accepts_base(&self) -> Step {
        let driver = self.driver;
        let Some(candidate) = self.undo.candidate.as_ref().map(Candidate::subject) else {
            return Ok(());
        };
        if driver.policy.overlap == Overlap::Both || self.undo.copy.is_some() {
            return Ok(());
        }
        if driver.run.facts.applied.is_some() {
            if !driver.probed(self.base())? {
                return Err(driver.blocked(ErrorCode::Drift));
            }
            return Ok(());
        }
        let restore = driver.probed(candidate)?
            || (self.undo.why != ErrorCode::Drift && !driver.probed(self.base())?);
        if restore {
            return Err(driver.act(Effect::Apply(self.base())));
        }
        Ok(())
    }

    /// If readers may have seen the candidate, a copy of base goes in front of it: `latest` is the newest version
    /// whatever its state, so disabling the candidate would leave `latest` broken. Returns the version that must go and
    /// the copy; none if readers never saw it.
    fn readers_get_base(&self) -> Step<Option<(VersionNumber, VersionNumber)>> {
        let driver = self.driver;
        let Some(bad) = self.published()? else {
            return Ok(None);
        };
        if let Some(copy) = self.undo.copy {
            return Ok(Some((bad, copy)));
        }
        // Only what the target accepts is published.
        if !driver.probed(self.base())? {
            return Err(driver.blocked(ErrorCode::Drift));
        }
        let Some(copy) = driver.run.facts.published else {
            return Err(driver.act(Effect::Publish {
                from: self.base(),
                adopt: true,
            }));
        };
        Err(driver.note(|state, operation| {
            state.current = copy;
            state.add_twin(operation.base);
            operation.phase = Phase::Undoing(Undo {
                main: Some(bad),
                copy: Some(copy),
                ..self.undo.clone()
            });
        }))
    }

    /// The version of the main secret that readers should not have. If it is not recorded, it may still have been added
    /// just before somebody died.
    fn published(&self) -> Step<Option<VersionNumber>> {
        let driver = self.driver;
        if self.undo.main.is_some() {
            return Ok(self.undo.main);
        }
        let base = driver.operation.base;
        let candidate = self.undo.candidate.as_ref().map(Candidate::subject);
        let Some(newest) = driver.run.facts.newest else {
            return Err(Decision::Look(Look::Newest {
                current: base,
                candidate,
            }));
        };
        let staged_unrecorded = driver.is_inline()
            && newest.version > base
            && !matches!(newest.value, NewestValue::Current);
        let is_bad = newest.value == NewestValue::Candidate || staged_unrecorded;
        Ok(is_bad.then_some(newest.version))
    }

    fn consumers_use(&self, copy: VersionNumber) -> Step {
        let driver = self.driver;
        if !driver.policy.has_consumers {
            return Ok(());
        }
        Err(match driver.run.facts.consumers {
            None => Decision::Look(Look::Consumers(copy)),
            Some(Consumers::Behind(consumer)) => driver
                .roll(consumer, copy)
                .unwrap_or_else(|()| driver.blocked(ErrorCode::ConsumerTimeout)),
            Some(Consumers::Rolling) => driver.keep_watching(),
            Some(Consumers::Failed(_)) => driver.blocked(ErrorCode::ConsumerFailed),
            Some(Consumers::Ready) => return Ok(()),
        })
    }

    fn nothing_refers_to(&self, bad: VersionNumber) -> Step {
        let driver = self.driver;
        if driver.references(vec![bad])? > 0 {
            return Err(driver.blocked(ErrorCode::RetireBlocked));
        }
        if !driver.run.facts.retired.contains(&bad) {
            return Err(driver.act(Effect::Retire(bad)));
        }
        Ok(())
    }

    fn candidate_is_gone(&self, copy: Option<VersionNumber>) -> Step {
        let driver = self.driver;
        let facts = &driver.run.facts;
        let candidate = self.undo.candidate.as_ref();
        if let Some(candidate) = candidate
            && driver.policy.revoke
            && driver.policy.overlap == Overlap::Both
            && !facts.revoked.contains(&candidate.subject())
        {
            return Err(driver.act(Effect::Revoke(candidate.subject())));
        }
        let leftovers = match (candidate, copy) {
            _ if facts.cleared => return Ok(()),
            (Some(candidate), _) if candidate.place == Place::Side => driver.sweep(candidate),
            (_, Some(copy)) if driver.is_inline() => Effect::Clear {
                place: Place::Main,
                after: driver.operation.base,
                up_to: VersionNumber(copy.0 - 1),
            },
            _ => return Ok(()),
        };
        Err(driver.act(leftovers))
    }
}
