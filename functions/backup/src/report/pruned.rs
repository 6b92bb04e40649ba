//! What `prune` says.

use super::{or_dash, remarks};
use crate::{
    event,
    prune::{Blocked, Fate, Freed, Plan, Pruned},
    store::Target,
};
use jiff::Timestamp;
use nightshift_runtime::{
    Report,
    report::{Column, Table, age, bytes, count},
};
use serde::Serialize;

/// What a prune did, or would do.
#[derive(Debug, Serialize)]
pub struct PruneReport {
    target: String,
    dry_run: bool,
    #[serde(flatten)]
    plan: Plan,
    /// Objects and bytes that are gone, small ones without a backup among them.
    freed: Freed,
    #[serde(skip)]
    in_bucket: bool,
    #[serde(skip)]
    now: Timestamp,
}

impl PruneReport {
    /// Describes `pruned`.
    pub fn new(target: &Target, pruned: Pruned, dry_run: bool, now: Timestamp) -> Self {
        Self {
            target: target.to_string(),
            dry_run,
            plan: pruned.plan,
            freed: pruned.freed,
            in_bucket: matches!(target, Target::Bucket { .. }),
            now,
        }
    }

    /// The databases of which nothing was deleted although the policy says so.
    pub fn blocked(&self) -> &[Blocked] {
        &self.plan.blocked
    }

    /// Tells it to whoever watches, unless nothing was to be done in earnest. What is blocked is told as the error it is.
    pub fn tell(&self) {
        if self.dry_run || !self.plan.blocked.is_empty() {
            return;
        }
        tracing::info!(
            event = event::PRUNED,
            outcome = event::SUCCESS,
            target = self.target,
            kept = self.count(|fate| matches!(fate, Fate::Kept { .. } | Fate::Left { .. })),
            deleted = self.count(|fate| matches!(fate, Fate::Deleted { .. })),
            deferred = self.count(|fate| matches!(fate, Fate::Deferred { .. })),
            freed_objects = self.freed.objects,
            freed_bytes = self.freed.bytes,
            "pruned"
        );
    }

    fn count(&self, wanted: impl Fn(&Fate) -> bool) -> usize {
        self.plan
            .backups
            .iter()
            .filter(|backup| wanted(&backup.fate))
            .count()
    }

    fn summary(&self) -> String {
        let going = |fate: &Fate| matches!(fate, Fate::Goes { .. });
        if self.dry_run {
            let doomed = self
                .plan
                .backups
                .iter()
                .filter(|backup| going(&backup.fate));
            let freed: u64 = doomed
                .clone()
                .filter_map(|backup| backup.stored_bytes)
                .sum();
            return format!(
                "\nDry run: {} would go and free {}.",
                backups(doomed.count()),
                bytes(freed)
            );
        }
        let deleted = self.count(|fate| matches!(fate, Fate::Deleted { .. }));
        let (gone, objects) = (backups(deleted), count(self.freed.objects));
        let mut summary = format!(
            "\n{gone} deleted: {objects} objects, {}.",
            bytes(self.freed.bytes)
        );
        if self.in_bucket && deleted > 0 {
            summary
                .push_str(" A bucket with soft delete keeps and bills them for its days of grace.");
        }
        summary
    }
}

fn backups(count: usize) -> String {
    match count {
        1 => "1 backup".to_owned(),
        count => format!("{count} backups"),
    }
}

impl Report for PruneReport {
    fn table(&self) -> String {
        if self.plan.backups.is_empty() {
            return format!("There are no backups in {}.", self.target);
        }
        let mut table = Table::new([
            Column::text("ID"),
            Column::text("DATABASE"),
            Column::text("TAKEN"),
            Column::number("STORED"),
            Column::text("VERDICT"),
            Column::text("WHY"),
        ]);
        for backup in &self.plan.backups {
            let (verdict, why) = backup.fate.words();
            table.row([
                backup.id.to_string(),
                or_dash(backup.database.as_ref(), Clone::clone),
                or_dash(backup.at, |at| age(self.now, at)),
                or_dash(backup.stored_bytes, bytes),
                verdict.to_owned(),
                why,
            ]);
        }
        let blocked: Vec<String> = self
            .plan
            .blocked
            .iter()
            .map(|blocked| {
                format!(
                    "nothing of {} is deleted: {}",
                    blocked.database, blocked.why
                )
            })
            .collect();
        [table.to_string(), self.summary(), remarks("!", &blocked)].concat()
    }
}

impl Fate {
    fn words(&self) -> (&'static str, String) {
        match self {
            Self::Kept { why } => ("keep", why.join(", ")),
            Self::Left { why } => ("leave", why.clone()),
            Self::Goes { why } => ("delete", why.clone()),
            Self::Deleted { why, .. } => ("deleted", why.clone()),
            Self::Deferred { why } => ("deferred", why.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prune::Facts;

    #[test]
    fn a_dry_run_says_what_would_go_and_what_that_frees() {
        let facts = |id: &str, fate: Fate| Facts {
            id: id.parse().unwrap(),
            complete: true,
            database: Some("shop".into()),
            group: None,
            at: Some("2026-06-30T02:00:00Z".parse().unwrap()),
            stored_bytes: Some(2_000_000),
            fate,
        };
        let plan = Plan {
            backups: vec![
                facts(
                    "20260630T020000Z-a",
                    Fate::Kept {
                        why: vec!["last".into(), "daily".into()],
                    },
                ),
                facts(
                    "20260629T020000Z-b",
                    Fate::Goes {
                        why: "no rule keeps it".into(),
                    },
                ),
            ],
            blocked: vec![],
        };
        let pruned = Pruned {
            plan,
            freed: Freed::default(),
        };
        let target = "gs://acme/shop".parse().unwrap();
        let now = "2026-06-30T12:00:00Z".parse().unwrap();
        let text = PruneReport::new(&target, pruned, true, now).table();
        assert!(text.contains("last, daily"), "{text}");
        assert!(
            text.contains("Dry run: 1 backup would go and free 2.0 MB."),
            "{text}"
        );
    }
}
