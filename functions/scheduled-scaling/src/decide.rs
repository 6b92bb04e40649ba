//! What to do about one target: a pure function of what is wanted, what was seen, the policy and the instant.
//!
//! What we wrote last is remembered on the target itself (the [`Stamp`]), so that a person's change can be told from ours. A
//! person who raised the floor during an incident keeps it until the next boundary; a floor somebody lowered comes back.
//! What could not be read is never lowered.

mod release;
mod seen;
mod why;

pub use release::{Release, release};
pub use seen::{Observed, Reading, Stamp};
pub use why::{Drift, Why};

use crate::{
    desired::{Desired, Rule},
    schedule::{Level, Limits, Setting},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a deploy is waited for before we write all the same.
pub const DEPLOY_PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// How often within [`CONTEST`] a lowered floor is put back before we take it that somebody else writes it too.
const PUT_BACK_AT_MOST: usize = 3;

/// The time within which put-backs are counted.
const CONTEST: SignedDuration = SignedDuration::from_hours(1);

/// What the configuration says about deciding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// What is done about a raise that is not ours.
    pub on_drift: OnDrift,
    /// What nothing we write may leave.
    pub limits: Limits,
}

/// What is done about a raise that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDrift {
    /// Keep it until the next boundary, and say so.
    #[default]
    Respect,
    /// Undo it.
    Enforce,
}

/// What to do about a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// All is as it should be; no request beyond the read.
    Nothing,
    /// Write.
    Write(Change),
    /// Leave it, on purpose.
    Hold(Why),
    /// Leave it now; a later run will not.
    Defer(Why),
    /// Leave it until a person has looked.
    Refuse(Why),
}

/// One guarded write: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The new setting; none when only what is remembered changes.
    pub set: Option<Setting>,
    /// What is remembered as written by us; none removes it.
    pub stamp: Option<Stamp>,
    /// What was there before us, to be remembered because nothing is yet. It is never overwritten.
    pub original: Option<Setting>,
    /// How far what was found is from what should have been there.
    pub drift: Option<Drift>,
    /// A revision's own floor, above what we write, which makes the write have no effect.
    pub revision_floor: Option<u32>,
}

/// Decides about one target at `at`.
pub fn decide(desired: &Desired, seen: &Observed, policy: &Policy, at: Timestamp) -> Decision {
    let reading = match seen {
        Observed::Read(reading) => reading,
        Observed::Unreadable(why) => return Decision::Refuse(Why::Unreadable(why.clone())),
    };
    let wanted = match wanted(desired, reading) {
        Ok(wanted) => wanted,
        Err(why) => return Decision::Hold(why),
    };
    if let Some(why) = forbidden(desired.level, wanted, reading, policy.limits) {
        return Decision::Refuse(why);
    }
    let case = Case {
        desired,
        reading,
        wanted,
        at,
    };
    case.decide(policy.on_drift)
}

/// The setting that is wanted, or why none is.
fn wanted(desired: &Desired, reading: &Reading) -> Result<Setting, Why> {
    let baseline = reading.original.unwrap_or(reading.setting);
    Ok(match desired.level {
        Level::Keep => {
            if let Some(setting) = left_by_override(desired, reading) {
                return Ok(setting);
            }
            return Err(Why::Asked(desired.rule.to_string()));
        }
        Level::Original => baseline,
        Level::AtLeast(count) => match baseline {
            Setting::Automatic { min, max } => Setting::Automatic {
                min: min.max(count),
                max: max.map(|max| max.max(count)),
            },
            Setting::Manual(own) => Setting::Manual(own.max(count)),
            Setting::Power(power) => Setting::Power(power),
        },
        Level::Set { min, max } => Setting::Automatic {
            min,
            max: max.or_else(|| unspoken_maximum(reading, baseline)),
        },
        Level::Manual(count) => Setting::Manual(count),
        Level::Power(power) => Setting::Power(power),
    })
}

/// The maximum where nobody speaks of one: what was there before us if we have set another, else what is there.
fn unspoken_maximum(reading: &Reading, baseline: Setting) -> Option<u32> {
    let maximum = |setting| match setting {
        Setting::Automatic { max, .. } => Some(max),
        Setting::Manual(_) | Setting::Power(_) => None,
    };
    let found = maximum(reading.setting);
    let written = reading.applied.as_ref().map(|stamp| maximum(stamp.setting));
    if found.is_some() && written != Some(found) {
        return found.flatten();
    }
    maximum(baseline).flatten()
}

/// Under `keep` nothing is touched, but for what an override of ours has left behind: it would never end otherwise.
fn left_by_override(desired: &Desired, reading: &Reading) -> Option<Setting> {
    let stamp = reading.applied.as_ref()?;
    let is_hold = matches!(desired.rule, Rule::Override { .. });
    (!is_hold && stamp.by_override && reading.setting == stamp.setting)
        .then_some(reading.original)
        .flatten()
}

/// Why a setting must not be written whatever else is the case.
fn forbidden(level: Level, wanted: Setting, reading: &Reading, limits: Limits) -> Option<Why> {
    // What was there before us may be outside of limits that were written for us.
    if level != Level::Original
        && let Err(why) = limits.admit(&level)
    {
        return Some(Why::OutsideLimits(why));
    }
    if let Setting::Automatic {
        min,
        max: Some(max),
    } = wanted
        && min > max
    {
        return Some(Why::AboveMaximum { min, max });
    }
    match (wanted, reading.setting) {
        (Setting::Automatic { .. }, Setting::Manual(_)) if !ours(reading) => Some(Why::ManualMode),
        (Setting::Power(_), Setting::Automatic { .. } | Setting::Manual(_))
        | (Setting::Automatic { .. } | Setting::Manual(_), Setting::Power(_)) => {
            Some(Why::OtherKind)
        }
        _ => None,
    }
}

/// Whether what is there is what we wrote.
fn ours(reading: &Reading) -> bool {
    let stamp = reading.applied.as_ref();
    stamp.is_some_and(|stamp| stamp.setting == reading.setting)
}

/// One target whose wanted setting is known and allowed.
struct Case<'a> {
    desired: &'a Desired,
    reading: &'a Reading,
    wanted: Setting,
    at: Timestamp,
}

impl Case<'_> {
    fn decide(&self, on_drift: OnDrift) -> Decision {
        let found = self.reading.setting;
        let right = found == self.wanted;
        if right && self.is_stamped() {
            return Decision::Nothing;
        }
        if let Some(since) = self.deploying() {
            return Decision::Defer(Why::Deploying { since });
        }
        if right {
            return self.write(None, None);
        }
        let raising = self.wanted.compare(found).is_gt();
        if raising && !self.reading.waits_for.is_empty() {
            return Decision::Defer(Why::WaitsFor(self.reading.waits_for.clone()));
        }
        let ours = ours(self.reading);
        let stamp = self.reading.applied.as_ref();
        let Some(stamp) = stamp.filter(|stamp| !ours && self.within(stamp)) else {
            // First sight, or what we wrote, or a new segment.
            return self.write(Some(self.wanted), None);
        };
        let drift = Drift {
            found,
            expected: stamp.setting,
            wanted: self.wanted,
        };
        let put_back = stamp.put_back_since(self.at, CONTEST);
        if raising && put_back >= PUT_BACK_AT_MOST {
            return Decision::Hold(Why::Contested {
                times: put_back,
                by: self.reading.last_writer.clone(),
            });
        }
        if !raising && on_drift == OnDrift::Respect {
            let until = stamp.until;
            return Decision::Hold(Why::Raised { drift, until });
        }
        self.write(Some(self.wanted), Some(drift))
    }

    /// Whether the segment of `stamp` still lasts. One that an override cut short does not.
    fn within(&self, stamp: &Stamp) -> bool {
        let over = stamp.until.is_some_and(|until| self.at >= until);
        let cut_short = self.desired.since > stamp.since;
        !over && !cut_short
    }

    fn is_stamped(&self) -> bool {
        self.reading.applied.as_ref().is_some_and(|stamp| {
            stamp.setting == self.wanted
                && stamp.since == self.desired.since
                && stamp.until == self.desired.until
        })
    }

    /// Since when a deploy has been going on that is worth waiting for.
    fn deploying(&self) -> Option<Timestamp> {
        let since = self.reading.reconciling_since?;
        (self.at.duration_since(since) < DEPLOY_PATIENCE).then_some(since)
    }

    fn write(&self, set: Option<Setting>, drift: Option<Drift>) -> Decision {
        let reading = self.reading;
        let mut put_back = Vec::new();
        if let Some(stamp) = &reading.applied {
            put_back.clone_from(&stamp.put_back);
        }
        if drift.is_some_and(|drift| drift.wanted.compare(drift.found).is_gt()) {
            put_back.push(self.at);
            let surplus = put_back.len().saturating_sub(PUT_BACK_AT_MOST);
            put_back.drain(..surplus);
        }
        Decision::Write(Change {
            set,
            stamp: Some(Stamp {
                setting: self.wanted,
                rule: self.desired.rule.to_string(),
                since: self.desired.since,
                until: self.desired.until,
                by_override: matches!(self.desired.rule, Rule::Override { .. }),
                put_back,
            }),
            original: reading.original.is_none().then_some(reading.setting),
            drift,
            revision_floor: reading
                .revision_floor
                .filter(|floor| *floor > self.wanted.floor()),
        })
    }
}
