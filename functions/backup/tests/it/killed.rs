//! Death at any moment, and the end on request.

use crate::{
    bed::Bed,
    faulty::{Call, Faulty},
    process::{Running, run, until},
};
use backup::{
    Error, apply,
    repository::{Level, State},
};
use nightshift_runtime::{Shutdown, SystemClock, clock::ManualClock};
use nix::sys::signal::Signal;
use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// What Cloud Run leaves between SIGTERM and SIGKILL, with two seconds to spare.
const ON_REQUEST: Duration = Duration::from_secs(8);

/// As Cloud Run starts it again after a death: an attempt of the same execution.
fn attempt(bed: &Bed, number: u32) -> Command {
    let mut command = bed.backup_run("");
    command
        .env("CLOUD_RUN_EXECUTION", "nightly-abc")
        .env("CLOUD_RUN_TASK_ATTEMPT", number.to_string())
        .args(["--log-format", "text"]);
    command
}

/// Fails unless everything with a manifest is whole. Returns how many that are.
async fn whole_backups(bed: &Bed) -> usize {
    let mut whole = 0;
    for entry in bed.repository.survey().await.unwrap() {
        match entry.state {
            State::Partial { .. } => {}
            State::Damaged(why) => panic!("{} is damaged: {why}", entry.id),
            State::Complete(_) => {
                let manifest = bed.repository.load(&entry.id).await.unwrap();
                let proof = bed.verify(&manifest, Level::Bytes).await.unwrap();
                assert!(proof.passed, "{}", proof.summary);
                whole += 1;
            }
        }
    }
    whole
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_leaves_a_whole_backup_or_none_and_the_next_attempt_works() {
    let bed = Bed::with_many_chunks(15);
    let mut attempts = 0..;
    // So many new objects are there: the lease alone, the schema, some chunks, most chunks …
    for objects in [1, 2, 3, 5, 8, 13, 21, 34, 55, 70] {
        let before = bed.objects("").len();
        let mut victim = Running::start(attempt(&bed, attempts.next().unwrap()));
        until("its moment has come, or it is done", || {
            let come = bed.objects("").len() >= before + objects;
            (come || victim.has_ended()).then_some(())
        });
        victim.kill();
        whole_backups(&bed).await;
    }
    // … and the manifest itself, under its own name or on its way.
    let mut victim = Running::start(attempt(&bed, attempts.next().unwrap()));
    let before = bed.manifests().len();
    victim.until("the manifest is written", || {
        (bed.manifests().len() > before || bed.writes_a_manifest()).then_some(())
    });
    victim.kill();
    bed.until_no_session_is_left();

    let before = whole_backups(&bed).await;
    run(attempt(&bed, attempts.next().unwrap())).well();
    assert_eq!(whole_backups(&bed).await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_death_the_next_run_waits_for_the_end_of_the_lease_and_no_longer() {
    let bed = Bed::with_many_chunks(15);
    let mut victim = Running::start(bed.backup_run(""));
    victim.until("a chunk is stored", || (bed.chunks() > 0).then_some(()));
    victim.kill();
    bed.until_no_session_is_left();
    let refused = run(bed.backup_run(""));
    let line = refused.refused(1);
    assert!(line.contains("should it be dead"), "{line}");

    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(3);
    let (options, clock) = (bed.run_options("app"), Arc::new(ManualClock::at(later)));
    let made = apply::run(&options, &bed.repository, clock, &Shutdown::new()).await;
    made.unwrap();
    assert_eq!(whole_backups(&bed).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_a_run_in_time_with_nothing_published_and_a_word_why() {
    let bed = Bed::with_many_chunks(15);
    let mut command = bed.backup_run("");
    command.args(["--log-format", "json"]);
    let mut running = Running::start(command);
    running.until("some chunks are stored", || {
        (bed.chunks() > 2).then_some(())
    });
    let asked = Instant::now();
    running.signal(Signal::SIGTERM);
    let ended = running.end();
    assert!(asked.elapsed() < ON_REQUEST, "{:?}", asked.elapsed());
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let last: serde_json::Value =
        serde_json::from_str(ended.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "backup.failed", "{last}");
    assert_eq!(last["severity"], "ERROR", "{last}");
    let message = last["message"].as_str().unwrap();
    assert!(
        message.contains("stopped on request; nothing was published; next: "),
        "{message}"
    );

    bed.until_no_session_is_left();
    let survey = bed.repository.survey().await.unwrap();
    let [entry] = &survey[..] else {
        panic!("{survey:?}")
    };
    assert!(matches!(entry.state, State::Partial { .. }), "{entry:?}");
    let failure = entry.records.failure.as_ref().unwrap();
    assert!(failure.error.contains("stopped on request"), "{failure:?}");
    // Its lease was given back: the next one need not wait.
    run(bed.backup_run("")).well();
}

#[test]
fn sigterm_ends_a_run_that_waits_for_a_lock_and_its_place_in_the_queue() {
    let bed = Bed::empty(15);
    bed.server.psql("app", "CREATE TABLE t (a int)").unwrap();
    let mut psql = bed.server.client("psql", "app").unwrap();
    psql.args(["-X", "-c", "BEGIN; LOCK TABLE t; SELECT pg_sleep(60)"]);
    let blocker = Running::start(psql);
    let count = |condition: &str| {
        let sql =
            format!("SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass AND {condition}");
        bed.server.psql("app", &sql).unwrap()
    };
    until("the blocker has its lock", || {
        (count("granted") == "1").then_some(())
    });
    let mut running = Running::start(bed.backup_run(""));
    running.until("it waits for the lock", || {
        (count("NOT granted") == "1").then_some(())
    });
    let asked = Instant::now();
    running.signal(Signal::SIGTERM);
    let ended = running.end();
    assert!(asked.elapsed() < ON_REQUEST, "{:?}", asked.elapsed());
    assert!(ended.refused(1).contains("stopped on request"));
    until("nobody waits any more", || {
        (count("NOT granted") == "0").then_some(())
    });
    drop(blocker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_on_request_though_its_store_has_stopped_answering() {
    let bed = Bed::with_many_chunks(15);
    let hanging = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&hanging);
    let (repository, plain) = Faulty::repository(move |call| {
        let hangs = matches!(&call, Call::Put(name) if name.contains("/data/") || name.contains("records/"));
        counter.fetch_add(u32::from(hangs), Ordering::SeqCst);
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok(())
        }
    });
    let (options, shutdown) = (bed.run_options("app"), Shutdown::new());
    let run = apply::run(&options, &repository, Arc::new(SystemClock), &shutdown);
    let request = async {
        while hanging.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        shutdown.request();
        Instant::now()
    };
    let (made, asked) = tokio::join!(run, request);
    assert!(asked.elapsed() < ON_REQUEST, "{:?}", asked.elapsed());
    assert!(matches!(made, Err(Error::Stopped)), "{made:?}");
    let survey = plain.survey().await.unwrap();
    assert!(
        survey
            .iter()
            .all(|e| !matches!(e.state, State::Complete(_))),
        "{survey:?}"
    );
    bed.until_no_session_is_left();
}
