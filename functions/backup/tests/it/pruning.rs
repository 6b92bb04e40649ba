//! Deleting: what goes, what stays, and what a crash in the middle leaves.

use crate::{
    faulty::{Call, Faulty},
    forged,
};
use backup::{
    Error,
    backup_id::BackupId,
    prune::{Fate, PruneOptions, Pruned, prune},
    repository::{Level, Pin, Proof, Record, Repository, State},
    retention::Policy,
    store::Store,
};
use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use nightshift_runtime::{Shutdown, clock::ManualClock};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, Semaphore};

const DAYS: [&str; 4] = [
    "2026-06-27T02:00:00Z",
    "2026-06-28T02:00:00Z",
    "2026-06-29T02:00:00Z",
    "2026-06-30T02:00:00Z",
];

fn options() -> PruneOptions {
    PruneOptions {
        policy: Policy {
            last: 2,
            max_delete_ratio: 0.5,
            ..Policy::default()
        },
        dry_run: false,
        accept: vec![],
    }
}

/// The store dates objects by the real clock: what is stored now is old in three days.
fn in_days(days: i64) -> ManualClock {
    ManualClock::at(Timestamp::now() + SignedDuration::from_hours(24 * days))
}

async fn pruned(repository: &Repository, options: &PruneOptions) -> Result<Pruned, Error> {
    prune(repository, options, Arc::new(in_days(3)), &Shutdown::new()).await
}

fn repository() -> Repository {
    Repository::new(Store::in_memory())
}

async fn four_days(repository: &Repository) -> Vec<BackupId> {
    let mut ids = Vec::new();
    for at in DAYS {
        ids.push(forged::backup(repository, at, &[]).await);
    }
    ids
}

/// Every object but the leases, by name.
async fn objects(repository: &Repository) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for folder in ["backups", "records", "deleted", "runs", "checks"] {
        let mut list = repository.store().list(folder);
        while let Some(found) = list.try_next().await.unwrap() {
            all.insert(found.object, found.bytes);
        }
    }
    all
}

async fn ids(repository: &Repository) -> Vec<BackupId> {
    repository.ids().await.unwrap()
}

fn fate<'a>(pruned: &'a Pruned, id: &BackupId) -> &'a Fate {
    let mut backups = pruned.plan.backups.iter();
    &backups.find(|backup| backup.id == *id).unwrap().fate
}

fn left(pruned: &Pruned, id: &BackupId) -> String {
    match fate(pruned, id) {
        Fate::Left { why } => why.clone(),
        other => panic!("{id}: {other:?}"),
    }
}

#[tokio::test]
async fn what_no_rule_keeps_goes_whole_and_the_rest_is_not_touched() {
    let repository = repository();
    let days = four_days(&repository).await;
    let before = objects(&repository).await;
    let done = pruned(&repository, &options()).await.unwrap();
    assert_eq!(ids(&repository).await, days[2..]);
    assert!(matches!(fate(&done, &days[0]), Fate::Deleted { freed, .. } if freed.objects == 3));
    assert!(matches!(fate(&done, &days[3]), Fate::Kept { why } if why == &["last"]));
    let after = objects(&repository).await;
    assert_eq!(after.len(), 8);
    assert!(after.iter().all(|(name, bytes)| before[name] == *bytes));
}

#[tokio::test]
async fn a_dry_run_decides_the_same_and_writes_nothing() {
    let repository = repository();
    let days = four_days(&repository).await;
    let before = objects(&repository).await;
    let dry = PruneOptions {
        dry_run: true,
        ..options()
    };
    let done = pruned(&repository, &dry).await.unwrap();
    assert!(matches!(fate(&done, &days[0]), Fate::Goes { .. }));
    assert_eq!(objects(&repository).await, before);
    assert!(repository.store().names("leases").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_policy_without_rules_is_refused_before_anything_is_read() {
    let (broken, _) = Faulty::repository(async |call| panic!("{call:?}"));
    let empty = PruneOptions {
        policy: Policy::default(),
        ..options()
    };
    let error = pruned(&broken, &empty).await.unwrap_err();
    assert!(error.to_string().starts_with("empty policy"), "{error}");
}

/// Prunes through a store that answers `before` calls and then never again, or with an error.
async fn stopped_after(before: usize, hang: bool) -> (Repository, Vec<BackupId>, bool) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let armed = Arc::new(AtomicUsize::new(usize::MAX));
    let (limit, hung) = (Arc::clone(&armed), Arc::new(Notify::new()));
    let hangs = Arc::clone(&hung);
    let (faulty, sound) = Faulty::repository(move |_: Call| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        let fails = number >= limit.load(Ordering::SeqCst);
        let hangs = Arc::clone(&hangs);
        async move {
            match (fails, hang) {
                (false, _) => Ok(()),
                (true, true) => {
                    hangs.notify_one();
                    std::future::pending().await
                }
                (true, false) => Err(crate::faulty::unavailable()),
            }
        }
    });
    let days = four_days(&sound).await;
    armed.store(before, Ordering::SeqCst);
    let (options, clock, shutdown) = (options(), Arc::new(in_days(3)), Shutdown::new());
    let run = prune(&faulty, &options, clock, &shutdown);
    let ended = tokio::select! {
        biased;
        done = run => done.is_ok(),
        // From here on it is as if the process had been killed.
        () = hung.notified() => false,
    };
    (sound, days, ended)
}

#[tokio::test]
async fn stopped_at_any_call_it_leaves_no_manifest_without_objects_and_the_next_prune_ends_it() {
    let mut points = 0;
    for hang in [false, true] {
        for call in 0.. {
            let (repository, days, ended) = stopped_after(call, hang).await;
            for entry in repository.survey().await.unwrap() {
                if let State::Complete(_) = entry.state {
                    let manifest = repository.load(&entry.id).await.unwrap();
                    let folder = Repository::folder(&entry.id);
                    for object in manifest.objects() {
                        let stored = repository.store().check_stored(&folder, object).await;
                        stored.unwrap_or_else(|e| panic!("stopped at call {call}: {e}"));
                    }
                }
            }
            assert!(ids(&repository).await.ends_with(&days[2..]), "call {call}");
            // The dead one's lease has ended by then, and what it left is older than the grace.
            let clock = Arc::new(in_days(6));
            let again = prune(&repository, &options(), clock, &Shutdown::new()).await;
            again.unwrap();
            let left = objects(&repository).await;
            assert_eq!(left.len(), 8, "stopped at call {call}: {left:?}");
            assert_eq!(ids(&repository).await, days[2..]);
            points += 1;
            if ended {
                break;
            }
        }
    }
    assert!(points > 40, "only {points} points were tried");
}

#[tokio::test]
async fn what_the_bucket_protects_stays_whole_is_said_and_is_no_error() {
    let (faulty, sound) = Faulty::repository(async |call| match call {
        Call::Delete(object)
            if object.ends_with("manifest.json") && object.contains("20260627") =>
        {
            Err(object_store::Error::Generic {
                store: "GCS",
                source: "403 Forbidden: retentionPolicyNotMet until 2026-07-27".into(),
            })
        }
        _ => Ok(()),
    });
    let days = four_days(&sound).await;
    let done = pruned(&faulty, &options()).await.unwrap();
    assert!(matches!(fate(&done, &days[0]), Fate::Deferred { why } if why.contains("2026-07-27")));
    assert!(matches!(fate(&done, &days[1]), Fate::Deleted { .. }));
    let kept = [&days[0], &days[2], &days[3]].map(Clone::clone);
    assert_eq!(ids(&sound).await, kept);
    assert!(
        matches!(sound.state(&days[0]).await.unwrap(), State::Complete(s) if s.totals.objects == 3)
    );
}

#[tokio::test]
async fn a_suspicious_newest_backup_blocks_pruning_until_somebody_accepts_it() {
    let repository = repository();
    let mut days = four_days(&repository).await;
    days.push(forged::backup(&repository, "2026-06-30T08:00:00Z", &["it has 3 rows"]).await);
    let blocked = pruned(&repository, &options()).await.unwrap();
    assert!(blocked.plan.blocked[0].why.contains("it has 3 rows"));
    assert_eq!(
        left(&blocked, &days[0]),
        "blocked: the newest backup is not trusted"
    );
    assert_eq!(ids(&repository).await, days);
    let accept = PruneOptions {
        accept: vec![days[4].clone()],
        policy: Policy {
            max_delete_ratio: 1.0,
            ..options().policy
        },
        ..options()
    };
    let done = pruned(&repository, &accept).await.unwrap();
    assert!(done.plan.blocked.is_empty());
    assert_eq!(ids(&repository).await, days[3..]);
}

#[tokio::test]
async fn accepting_what_nobody_suspects_is_a_mistake() {
    let repository = repository();
    let days = four_days(&repository).await;
    let accept = PruneOptions {
        accept: vec![days[0].clone()],
        dry_run: true,
        ..options()
    };
    let error = pruned(&repository, &accept).await.unwrap_err();
    assert!(
        error.to_string().contains("nothing is suspicious"),
        "{error}"
    );
}

#[tokio::test]
async fn a_policy_that_would_delete_most_of_it_deletes_nothing() {
    let repository = repository();
    let days = four_days(&repository).await;
    let greedy = PruneOptions {
        policy: Policy {
            last: 1,
            ..options().policy
        },
        ..options()
    };
    let done = pruned(&repository, &greedy).await.unwrap();
    assert!(
        done.plan.blocked[0].why.contains("3 backups"),
        "{:?}",
        done.plan.blocked
    );
    assert_eq!(ids(&repository).await, days);
}

#[tokio::test]
async fn pinned_and_newest_proven_backups_stay_whatever_the_rules_say() {
    let repository = repository();
    let days = four_days(&repository).await;
    let pin = Record::Pin(Pin {
        at: Timestamp::now(),
        reason: "before the migration".into(),
    });
    repository.record(&days[0], &pin).await.unwrap();
    let proof = Record::Proof(Proof {
        level: Level::Restore,
        at: Timestamp::now(),
        took: Duration::from_secs(9),
        passed: true,
        summary: "all rows".into(),
    });
    repository.record(&days[1], &proof).await.unwrap();
    pruned(&repository, &options()).await.unwrap();
    assert_eq!(ids(&repository).await, days);
}

#[tokio::test]
async fn debris_goes_after_its_grace_unless_its_run_is_still_at_work() {
    let repository = repository();
    let days = four_days(&repository).await;
    let dead = forged::debris(&repository, "2026-06-30T03:00:00Z").await;
    let alive = forged::debris(&repository, "2026-06-30T04:00:00Z").await;
    let clock = in_days(1);
    let young = prune(&repository, &options(), Arc::new(clock), &Shutdown::new()).await;
    assert_eq!(left(&young.unwrap(), &dead), "in progress?");
    let clock = Arc::new(in_days(3));
    let lease =
        backup::lease::Lease::take(repository.store(), "7-shop", alive.as_str(), clock.clone())
            .await
            .unwrap();
    let done = prune(&repository, &options(), clock, &Shutdown::new())
        .await
        .unwrap();
    assert!(matches!(fate(&done, &dead), Fate::Deleted { why, .. } if why == "debris"));
    assert_eq!(left(&done, &alive), "a run is at work on it");
    assert_eq!(ids(&repository).await, [&days[2..], &[alive]].concat());
    lease.give_back().await;
}

#[tokio::test]
async fn a_damaged_manifest_is_left_for_a_person_to_look_at() {
    let repository = repository();
    let days = four_days(&repository).await;
    let object = Repository::manifest_object(&days[0]);
    let mut bytes = repository.store().read(&object).await.unwrap().to_vec();
    bytes.truncate(bytes.len() / 2);
    repository.store().replace(&object, bytes).await.unwrap();
    let done = pruned(&repository, &options()).await.unwrap();
    assert!(left(&done, &days[0]).starts_with("damaged: the manifest is cut short"));
    assert_eq!(ids(&repository).await, [&days[..1], &days[2..]].concat());
}

#[tokio::test]
async fn of_two_prunes_at_once_one_is_refused() {
    let (deleting, go_on) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let hooks = (Arc::clone(&deleting), Arc::clone(&go_on));
    let (slow, repository) = Faulty::repository(move |call| {
        let (deleting, go_on) = hooks.clone();
        async move {
            if matches!(call, Call::Delete(_)) {
                deleting.notify_one();
                // Closed is open: an error here is the sign to go on.
                let _ = go_on.acquire().await;
            }
            Ok(())
        }
    });
    four_days(&repository).await;
    let options = options();
    let second = async {
        deleting.notified().await;
        let second = pruned(&repository, &options).await;
        go_on.close();
        second
    };
    let (first, second) = tokio::join!(pruned(&slow, &options), second);
    assert!(matches!(second, Err(Error::Busy { .. })), "{second:?}");
    first.unwrap();
}

#[tokio::test]
async fn of_the_numbers_of_a_lease_that_nobody_deleted_the_highest_stays() {
    let repository = repository();
    let store = repository.store();
    four_days(&repository).await;
    for lease in [
        "one/00000001",
        "one/00000002",
        "one/00000010",
        "two/00000003",
    ] {
        let sealed = backup::chunk::Sealed::new(b"{}".to_vec());
        let object = format!("leases/{lease}.json");
        store.create(&object, &sealed).await.unwrap();
    }
    pruned(&repository, &options()).await.unwrap();
    assert_eq!(store.names("leases/one").await.unwrap(), ["00000010.json"]);
    assert_eq!(store.names("leases/two").await.unwrap(), ["00000003.json"]);
}
