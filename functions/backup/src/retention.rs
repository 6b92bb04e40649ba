//! Which backups stay. Pure: a policy, what there is, and the instant, in; a verdict with its reason for each, out.
//!
//! Retention counts complete backups, never the calendar alone: after weeks of failing runs age deletes nothing that
//! matters. Every database is a group of its own. Within a group, newest first, each rule keeps the newest backup of each
//! period that has one, until its slots are full; a backup that any rule keeps stays.

mod policy;
mod suspicion;

pub use policy::{Policy, PolicyError};
pub use suspicion::{COMPARED, Measured, suspicions};

use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};
use std::collections::{BTreeMap, HashMap};

/// A backup later than now by more than this was made under a wrong clock.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Why backups stay that the policy would delete, when it would delete too many at once.
pub const REFUSED: &str = "refused: more than the allowed share";

/// A backup, as far as retention must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its id; of two of the same instant the greater one counts as newer.
    pub id: String,
    /// The database it is of.
    pub group: String,
    /// Of a complete backup, the instant whose data it holds; of a partial one, when something was last written.
    pub at: Timestamp,
    /// Whether it has a manifest.
    pub complete: bool,
    /// Whether it was proven by a restore.
    pub verified: bool,
    /// Whether somebody has said that nothing may delete it.
    pub pinned: bool,
    /// Whether it is not trusted to replace others.
    pub suspicious: bool,
}

/// What becomes of a backup.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase", tag = "verdict", content = "why")]
pub enum Verdict {
    /// It stays, for each of these reasons.
    Keep(Vec<String>),
    /// It goes.
    Delete(&'static str),
    /// It is left alone and takes no slot.
    Skip(&'static str),
}

/// The verdicts, in the order of the backups they are about: by group, newest first.
pub type Decision = Vec<(Backup, Verdict)>;

/// Decides about every backup.
pub fn decide(
    policy: &Policy,
    backups: Vec<Backup>,
    now: Timestamp,
) -> Result<Decision, PolicyError> {
    let zone = policy.zone()?;
    let mut groups: BTreeMap<String, Vec<Backup>> = BTreeMap::new();
    for backup in backups {
        groups.entry(backup.group.clone()).or_default().push(backup);
    }
    let of_group = |mut group: Vec<Backup>| {
        group.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        decide_group(policy, &zone, group, now)
    };
    Ok(groups.into_values().flat_map(of_group).collect())
}

fn decide_group(policy: &Policy, zone: &TimeZone, group: Vec<Backup>, now: Timestamp) -> Decision {
    let counted = |b: &&Backup| b.complete && !b.suspicious && b.at <= now + CLOCK_SKEW;
    let good: Vec<&Backup> = group.iter().filter(counted).collect();
    let reasons = reasons(policy, zone, &good, now);
    let verdicts: Vec<Verdict> = group
        .iter()
        .map(|backup| match reasons.get(backup.id.as_str()) {
            Some(reasons) => Verdict::Keep(reasons.clone()),
            None => without_reason(policy, backup, now),
        })
        .collect();
    let complete = group.iter().filter(|b| b.complete).count();
    let goes = |(backup, verdict): &(&Backup, &Verdict)| {
        backup.complete && matches!(verdict, Verdict::Delete(_))
    };
    let going = group.iter().zip(&verdicts).filter(goes).count();
    let refused = policy.refuses(going, complete);
    group
        .into_iter()
        .zip(verdicts)
        .map(|(backup, verdict)| match verdict {
            Verdict::Delete(_) if refused && backup.complete => (backup, Verdict::Skip(REFUSED)),
            verdict => (backup, verdict),
        })
        .collect()
}

/// What becomes of a backup that no rule, pin or floor keeps.
fn without_reason(policy: &Policy, backup: &Backup, now: Timestamp) -> Verdict {
    if backup.at > now + CLOCK_SKEW {
        return Verdict::Skip("future");
    }
    if !backup.complete {
        let old = now.duration_since(backup.at) > policy.debris_grace();
        return if old {
            Verdict::Delete("debris")
        } else {
            Verdict::Skip("in progress?")
        };
    }
    if backup.pinned {
        return Verdict::Keep(vec!["pinned".to_owned()]);
    }
    if backup.suspicious {
        Verdict::Skip("suspicious")
    } else {
        Verdict::Delete("no rule keeps it")
    }
}

type Reasons<'a> = HashMap<&'a str, Vec<String>>;

/// Why each of the good backups stays, newest first.
fn reasons<'a>(
    policy: &Policy,
    zone: &TimeZone,
    good: &[&'a Backup],
    now: Timestamp,
) -> Reasons<'a> {
    let mut reasons: Reasons<'a> = HashMap::new();
    let mut keep = |backup: &'a Backup, reason: &str| {
        reasons
            .entry(&backup.id)
            .or_default()
            .push(reason.to_owned());
    };
    for rule in policy.rules() {
        let mut left = rule.slots;
        let mut period = None;
        for (place, backup) in good.iter().enumerate() {
            if left == 0 {
                break;
            }
            let its = (rule.period)(&backup.at.to_zoned(zone.clone()), place);
            let is_oldest = place + 1 == good.len();
            if period.as_ref() != Some(&its) {
                keep(backup, rule.name);
            } else if is_oldest && policy.oldest_fills {
                keep(backup, &format!("{} (oldest)", rule.name));
            } else {
                continue;
            }
            period = Some(its);
            left -= 1;
        }
    }
    if let Some(within) = policy.within() {
        good.iter()
            .filter(|b| now.duration_since(b.at) <= within)
            .for_each(|b| keep(b, "within"));
    }
    good.iter()
        .filter(|b| b.pinned)
        .for_each(|b| keep(b, "pinned"));
    hold_floors(policy, good, &mut reasons);
    reasons
}

/// Whatever the rules say, the newest backups and the newest proven one stay.
fn hold_floors<'a>(policy: &Policy, good: &[&'a Backup], reasons: &mut Reasons<'a>) {
    let mut hold = |backup: &'a Backup, floor: &str| {
        let why = reasons.entry(&backup.id).or_default();
        if why.is_empty() {
            why.push(floor.to_owned());
        }
    };
    for (place, backup) in good.iter().take(policy.min_keep()).enumerate() {
        hold(
            backup,
            if place == 0 {
                "floor: newest"
            } else {
                "floor: newest (min_keep)"
            },
        );
    }
    if let Some(verified) = good.iter().find(|backup| backup.verified) {
        hold(verified, "floor: newest verified");
    }
}

/// A rule that keeps one backup a period.
struct Rule {
    name: &'static str,
    slots: u32,
    period: fn(&Zoned, usize) -> Period,
}

/// Two backups with the same value are of the same period.
type Period = (i64, i64, i64);

/// Every backup is a period of its own.
fn each(_: &Zoned, place: usize) -> Period {
    (i64::try_from(place).unwrap_or(i64::MAX), 0, 0)
}

/// With the offset, so that the hour that comes twice in autumn is two hours.
fn hour(at: &Zoned, _: usize) -> Period {
    let (y, m, d) = day(at, 0);
    (
        y * 10_000 + m * 100 + d,
        at.hour().into(),
        at.offset().seconds().into(),
    )
}

fn day(at: &Zoned, _: usize) -> Period {
    (at.year().into(), at.month().into(), at.day().into())
}

/// ISO 8601: a week belongs to the year that has its Thursday.
fn week(at: &Zoned, _: usize) -> Period {
    let week = at.date().iso_week_date();
    (week.year().into(), week.week().into(), 0)
}

fn month(at: &Zoned, _: usize) -> Period {
    (at.year().into(), at.month().into(), 0)
}

fn year(at: &Zoned, _: usize) -> Period {
    (at.year().into(), 0, 0)
}

#[cfg(test)]
mod tests;
