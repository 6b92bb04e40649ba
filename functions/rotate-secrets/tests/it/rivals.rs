//! Several workers at once, expired leases, and one that wakes up late.

use crate::bed::{Bed, Fault, SECRET, Setting, faults};
use futures::future::join_all;
use rotate_secrets::rotation::{Intent, Overlap, Stop};
use std::{pin::pin, time::Duration};

#[tokio::test]
async fn ten_copies_of_one_event_in_parallel_add_exactly_one_main_version() {
    for overlap in [Overlap::Both, Overlap::Single] {
        let bed = Bed::new(Setting {
            overlap,
            ..Setting::default()
        })
        .await;
        let due = bed.time.start();
        let copies = (0..10).map(|_| bed.call(Intent::scheduled(due)));
        let ended = join_all(copies).await;
        let rotated = |ended: &Result<rotate_secrets::apply::Ended, _>| matches!(ended, Ok(ended) if ended.stop == Stop::Rotated);
        assert_eq!(ended.iter().filter(|ended| rotated(ended)).count(), 1);
        bed.converge().await;
        assert_eq!(bed.google.versions(SECRET).await.len(), 2);
        bed.assert_unharmed("ten copies");
        bed.assert_at_rest("ten copies").await;
    }
}

#[tokio::test]
async fn two_and_three_workers_with_different_wishes_agree_on_one_candidate() {
    let setting = Setting {
        services: 1,
        ..Setting::default()
    };
    let bed = Bed::new(setting.clone()).await;
    let mut schedules = 0;
    for workers in [2, 3] {
        for _ in 0..6 {
            bed.reset(&setting);
            let due = bed.time.start();
            let intents = [
                Intent::scheduled(due),
                Intent::manual(false, false),
                Intent::Tick,
            ];
            let calls = intents.into_iter().take(workers);
            join_all(calls.map(|intent| bed.call(intent))).await;
            bed.converge().await;
            bed.assert_unharmed(&format!("{workers} workers"));
            bed.assert_at_rest(&format!("{workers} workers")).await;
            assert_eq!(bed.gate.watch().published(), 2);
            schedules += 1;
        }
    }
    println!("{schedules} schedules of two and three workers");
}

/// One worker freezes at a call, its lease ends, another does all the work, and the first wakes up.
///
/// False if its first call ends before that.
async fn woken_late(bed: &Bed, setting: &Setting, at: usize, fault: Fault) -> bool {
    bed.reset(setting);
    bed.gate.plan(&[(at, fault)]);
    let due = bed.time.start();
    let mut zombie = pin!(bed.call(Intent::scheduled(due)));
    let asleep = tokio::select! {
        biased;
        () = bed.gate.froze() => true,
        _ = &mut zombie => false,
    };
    if !asleep {
        return false;
    }
    bed.time.pass(Duration::from_secs(601));
    bed.converge().await;
    bed.gate.wake();
    let schedule = format!("{fault:?} at {at}");
    // It may find that its secret is another's by now, and say so in any way but by doing harm.
    if let Ok(ended) = zombie.await {
        println!("{schedule}: {}", ended.sentence());
    }
    bed.time.pass(Duration::from_secs(601));
    bed.settle().await;
    bed.assert_unharmed(&schedule);
    let current = bed.google.value(SECRET, "current").await.unwrap();
    assert!(bed.accounts.accepts(&current), "{schedule}");
    true
}

#[tokio::test]
async fn a_worker_that_wakes_up_after_its_lease_does_no_harm_wherever_it_fell_asleep() {
    let mut schedules = 0;
    for overlap in [Overlap::Both, Overlap::Single] {
        let setting = Setting {
            overlap,
            ..Setting::default()
        };
        let bed = Bed::new(setting.clone()).await;
        bed.converge().await;
        let calls = bed.gate.calls();
        for (at, call) in calls.iter().enumerate() {
            let both = [Fault::FrozenBefore, Fault::FrozenAfter];
            // Whoever only asks can as well be asleep before as after.
            for fault in both.into_iter().take(faults(call).len() / 2) {
                schedules += u32::from(Box::pin(woken_late(&bed, &setting, at, fault)).await);
            }
        }
    }
    println!("{schedules} schedules of a worker that wakes up late");
}
