use super::*;
use crate::{
    manifest::{Source, Totals},
    repository::{Accepted, Failure, Records},
    summary::Summary,
};

const NOW: &str = "2026-06-30T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A complete backup of `database` of 30 June at `time`, such as `02:00`.
fn backup(database: &str, time: &str) -> Entry {
    backup_at(database, at(&format!("2026-06-30T{time}:00Z")))
}

fn backup_at(database: &str, snapshot_at: Timestamp) -> Entry {
    let id = BackupId::new(snapshot_at, 7);
    let source = Source {
        system_identifier: None,
        database: database.to_owned(),
        database_oid: 16_384,
        server_version_num: 150_018,
        server_version: "15.18".to_owned(),
        encoding: "UTF8".to_owned(),
        collate: "C".to_owned(),
        ctype: "C".to_owned(),
        locale_provider: "c".to_owned(),
        locale: None,
        collation_version: None,
        lc_monetary: "C".to_owned(),
        standby: false,
        extensions: BTreeMap::new(),
    };
    let summary = Summary {
        id: id.clone(),
        started_at: snapshot_at,
        snapshot_at,
        finished_at: snapshot_at,
        source,
        totals: Totals::default(),
        encrypted: false,
        skipped: 0,
        warnings: 0,
        suspicions: Vec::new(),
    };
    Entry {
        id,
        state: State::Complete(Box::new(summary)),
        records: Records::default(),
    }
}

fn suspicious(mut entry: Entry) -> Entry {
    if let State::Complete(summary) = &mut entry.state {
        summary.suspicions.push("0 rows, 1,000 before".to_owned());
    }
    entry
}

fn proof(level: Level, when: &str, minutes: u64, passed: bool) -> Proof {
    Proof {
        level,
        at: at(when),
        took: Duration::from_mins(minutes),
        passed,
        summary: "12 rows differ".to_owned(),
    }
}

fn proven(mut entry: Entry, proof: Proof) -> Entry {
    entry.records.proofs.push(proof);
    entry
}

fn restored(entry: Entry) -> Entry {
    proven(
        entry,
        proof(Level::Restore, "2026-06-29T04:00:00Z", 10, true),
    )
}

fn verdict(entries: &[Entry]) -> Verdict {
    judge(&Objectives::default(), entries, None, at(NOW))
}

fn problems(entries: &[Entry]) -> Vec<String> {
    let databases = verdict(entries).databases;
    let of = |database: Database| {
        let name = database.database;
        database
            .problems
            .into_iter()
            .map(move |problem| format!("{name}: {}", problem.what))
    };
    databases.into_iter().flat_map(of).collect()
}

#[test]
fn a_recent_backup_and_a_recent_quick_restore_are_within_bounds() {
    let verdict = verdict(&[restored(backup("shop", "02:00"))]);
    assert!(verdict.within_bounds);
    assert_eq!(verdict.databases[0].last_good.as_ref().unwrap().age, 36_000);
    let restored = verdict.databases[0].last_restore.as_ref().unwrap();
    assert_eq!(
        Duration::from_secs_f64(restored.seconds),
        Duration::from_mins(10)
    );
}

#[test]
fn no_backup_at_all_is_out_of_bounds() {
    assert!(!verdict(&[]).within_bounds);
    let of_another = [restored(backup("crm", "02:00"))];
    let judged = judge(&Objectives::default(), &of_another, Some("shop"), at(NOW));
    assert!(!judged.within_bounds);
    assert_eq!(judged.databases[0].database, "shop");
}

#[test]
fn each_objective_is_judged_by_itself() {
    let old = backup_at("shop", at("2026-06-29T02:00:00Z"));
    let slow = proof(Level::Restore, "2026-06-20T04:00:00Z", 61, true);
    assert_eq!(
        problems(&[proven(old, slow)]),
        [
            "shop: the last good backup is 1 d 10 h old, more than rpo allows (1 d 2 h)",
            "shop: a restore was last proven 10 d ago, longer than proven_within allows (8 d)",
            "shop: the last proven restore took 1 h 1 min, more than rto allows (1 h)",
        ]
    );
}

#[test]
fn a_restore_that_nobody_tried_is_not_proven_by_anything_less() {
    let read = proof(Level::Bytes, "2026-06-30T04:00:00Z", 1, true);
    assert_eq!(
        problems(&[proven(backup("shop", "02:00"), read)]),
        ["shop: no restore was ever proven"]
    );
}

#[test]
fn a_backup_dated_in_the_future_is_not_recent() {
    let old = restored(backup_at("shop", at("2026-06-28T02:00:00Z")));
    let future = backup_at("shop", at("2026-12-31T23:59:00Z"));
    let verdict = verdict(&[old, future]);
    assert_eq!(verdict.databases[0].problems[0].objective, "rpo");
    assert!(verdict.databases[0].remarks[0].contains("a clock is wrong"));
}

#[test]
fn a_few_minutes_of_skew_are_forgiven() {
    let entries = [restored(backup_at("shop", at("2026-06-30T12:04:00Z")))];
    let verdict = verdict(&entries);
    assert!(verdict.within_bounds);
    assert_eq!(verdict.databases[0].last_good.as_ref().unwrap().age, 0);
}

#[test]
fn a_proof_from_the_future_proves_nothing() {
    let future = proof(Level::Restore, "2027-01-01T00:00:00Z", 1, true);
    assert_eq!(
        problems(&[proven(backup("shop", "02:00"), future)]),
        ["shop: no restore was ever proven"]
    );
}

#[test]
fn a_refuted_or_suspicious_backup_is_not_the_last_good_one() {
    let good = restored(backup_at("shop", at("2026-06-28T02:00:00Z")));
    let refuted = proven(backup("shop", "02:00"), proof(Level::Bytes, NOW, 1, false));
    let verdict = verdict(&[good, refuted, suspicious(backup("shop", "03:00"))]);
    let shop = &verdict.databases[0];
    assert_eq!(
        shop.last_good.as_ref().unwrap().snapshot_at,
        at("2026-06-28T02:00:00Z")
    );
    assert_eq!(shop.problems[0].objective, "rpo");
    assert_eq!(shop.remarks.len(), 2, "{:?}", shop.remarks);
}

#[test]
fn an_accepted_suspicion_makes_a_backup_good() {
    let mut entry = restored(suspicious(backup("shop", "02:00")));
    assert!(!verdict(std::slice::from_ref(&entry)).within_bounds);
    entry.records.accepted = Some(Accepted { at: at(NOW) });
    assert!(verdict(&[entry]).within_bounds);
}

#[test]
fn one_good_database_does_not_hide_another() {
    let verdict = verdict(&[restored(backup("crm", "02:00")), backup("shop", "02:00")]);
    assert!(!verdict.within_bounds);
    let states: Vec<_> = verdict
        .databases
        .iter()
        .map(|d| (d.database.as_str(), d.problems.is_empty()))
        .collect();
    assert_eq!(states, [("crm", true), ("shop", false)]);
}

#[test]
fn debris_and_damage_are_no_backups_and_the_last_failure_is_told() {
    let mut partial = backup("shop", "02:00");
    partial.state = State::Partial {
        objects: 3,
        bytes: 1000,
        last_write: Some(at("2026-06-30T02:00:00Z")),
    };
    partial.records.failure = Some(Failure {
        at: at("2026-06-30T02:01:00Z"),
        error: "the server went away".to_owned(),
    });
    let verdict = verdict(&[partial]);
    assert!(!verdict.within_bounds);
    assert!(verdict.databases.is_empty());
    assert_eq!(
        verdict.remarks,
        ["a run failed 9 h ago: the server went away"]
    );
}
