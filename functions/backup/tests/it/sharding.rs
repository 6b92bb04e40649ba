//! Several processes, one backup: what Cloud Run's tasks do, with its environment and its way to kill.

use crate::{
    bed::Bed,
    process::{Running, run},
};
use backup::{
    manifest::Manifest,
    prune::{PruneOptions, prune},
    repository::{Level, State},
    retention::Policy,
};
use jiff::{SignedDuration, Timestamp};
use local_postgres::compare::same_text;
use nightshift_runtime::{Shutdown, clock::ManualClock};
use nix::sys::signal::Signal;
use std::{process::Command, sync::Arc, time::Duration};

/// Enough reads that nobody is done before the others have come: 24 tables, of which one has several ranges of pages.
fn tables(bed: &Bed) {
    let sql = "DO $$ BEGIN FOR t IN 1..23 LOOP
                 EXECUTE format('CREATE TABLE t%s AS SELECT g AS a, md5((g * %s)::text) AS b
                                 FROM generate_series(1, 4000) g', t, t);
               END LOOP; END $$;
               CREATE TABLE large AS SELECT g AS a, repeat(md5(g::text), 30) AS b FROM generate_series(1, 36000) g;
               CREATE INDEX ON large (a)";
    bed.server.psql("app", sql).unwrap();
}

/// Task `index` of `count` in the execution `nightly-abc`.
fn task(bed: &Bed, index: u32, count: u32, attempt: u32) -> Command {
    let mut command = bed.backup_run("task_silence = \"1s\"");
    command
        .env("CLOUD_RUN_EXECUTION", "nightly-abc")
        .env("CLOUD_RUN_TASK_INDEX", index.to_string())
        .env("CLOUD_RUN_TASK_COUNT", count.to_string())
        .env("CLOUD_RUN_TASK_ATTEMPT", attempt.to_string())
        // Elsewhere a job's logs would be JSON.
        .args(["--log-format", "text", "--workers", "1"]);
    command
}

/// Who has claimed how many reads, and how many of these are reported.
fn claims(bed: &Bed, label: &str) -> (usize, usize) {
    let (mut claimed, mut reported) = (0, 0);
    for object in bed.objects("backups") {
        let Some((folder, number)) = object.split_once("/run/claims/") else {
            continue;
        };
        let claim = std::fs::read_to_string(bed.folder.path().join(&object)).unwrap();
        if claim.contains(&format!("\"{label}\"")) {
            claimed += 1;
            let report = format!("{folder}/run/reports/{number}");
            reported += usize::from(bed.folder.path().join(report).exists());
        }
    }
    (claimed, reported)
}

/// Starts `count` tasks, each of which stands still as soon as the plan is there and it has begun to read.
fn begin(bed: &Bed, count: u32) -> Vec<Running> {
    let mut tasks: Vec<Running> = (0..count)
        .map(|index| Running::start(task(bed, index, count, 0)))
        .collect();
    tasks[0].until("the plan is there", || {
        (!bed.objects("runs").is_empty()).then_some(())
    });
    tasks[0].signal(Signal::SIGSTOP);
    for (index, task) in tasks.iter_mut().enumerate().skip(1) {
        let label = format!("{index}-0");
        task.until("it has claimed a read", || {
            (claims(bed, &label).0 > 0).then_some(())
        });
        task.signal(Signal::SIGSTOP);
    }
    tasks
}

fn go_on(tasks: &[Running]) {
    for task in tasks {
        task.signal(Signal::SIGCONT);
    }
}

/// The one backup there is, verified and restored.
async fn the_only_backup(bed: &Bed) -> Manifest {
    let mut survey = bed.repository.survey().await.unwrap();
    assert_eq!(survey.len(), 1, "{survey:?}");
    let entry = survey.remove(0);
    assert!(
        matches!(entry.state, State::Complete(_)),
        "{:?}",
        entry.state
    );
    let manifest = bed.repository.load(&entry.id).await.unwrap();
    let proof = bed.verify(&manifest, Level::Bytes).await.unwrap();
    assert!(proof.passed, "{}", proof.summary);
    let restored = bed.restore(&manifest, "copy").await.unwrap();
    let comparison = restored.comparison.unwrap();
    assert_eq!(comparison.differences, Vec::<String>::new());
    assert_eq!(comparison.rows, 23 * 4000 + 36_000);
    let text = |database| bed.server.schema_and_data_text(database).unwrap();
    same_text(&text("app"), &text("copy")).unwrap();
    manifest
}

/// How many chunks of the backup each task has stored; the leader's names have no task in them.
fn chunks_of(manifest: &Manifest, label: &str) -> usize {
    let ending = format!(".t{label}.");
    manifest
        .objects()
        .filter(|o| o.object.contains(&ending))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_tasks_make_one_backup_that_restores() {
    let bed = Bed::empty(15);
    tables(&bed);
    let tasks = begin(&bed, 3);
    go_on(&tasks);
    for task in tasks {
        task.end().well();
    }
    let manifest = the_only_backup(&bed).await;
    for label in ["1-0", "2-0"] {
        assert!(
            chunks_of(&manifest, label) > 0,
            "task {label} has read nothing"
        );
    }
    let by_leader = |o: &&backup::manifest::StoredObject| {
        o.object.starts_with("data/")
            && !o.object.contains(".t1-0.")
            && !o.object.contains(".t2-0.")
    };
    assert!(
        manifest.objects().filter(by_leader).count() > 0,
        "the leader has read nothing"
    );

    // Cloud Run may run a task again whose success it did not hear of.
    let again = run(task(&bed, 1, 3, 1)).well();
    assert!(again.took < Duration::from_secs(5), "{:?}", again.took);
    assert_eq!(bed.manifests().len(), 1);
    let proof = bed.verify(&manifest, Level::Bytes).await.unwrap();
    assert!(proof.passed, "{}", proof.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tasks_make_one_backup_on_18() {
    let bed = Bed::empty(18);
    tables(&bed);
    let tasks = begin(&bed, 2);
    go_on(&tasks);
    for task in tasks {
        task.end().well();
    }
    assert!(chunks_of(&the_only_backup(&bed).await, "1-0") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_killed_loses_nothing() {
    let bed = Bed::empty(15);
    tables(&bed);
    let mut tasks = begin(&bed, 3);
    let mut victim = tasks.remove(1);
    // In the middle of a read: claimed, and not reported.
    loop {
        let (claimed, reported) = claims(&bed, "1-0");
        if claimed > reported {
            break;
        }
        victim.signal(Signal::SIGCONT);
        victim.until("it has claimed another read", || {
            (claims(&bed, "1-0").0 > claimed).then_some(())
        });
        victim.signal(Signal::SIGSTOP);
    }
    assert_eq!(victim.kill().code, None);
    go_on(&tasks);
    for task in tasks {
        task.end().well();
    }
    let manifest = the_only_backup(&bed).await;
    let said = manifest.warnings.join("\n");
    assert!(said.contains("task 1-0 died"), "{said}");
    let wanted: Vec<String> = manifest.objects().map(|o| o.object.clone()).collect();
    let folder = format!("backups/{}/", manifest.id);
    for object in bed.objects(&format!("{folder}data")) {
        let object = object.strip_prefix(&folder).unwrap();
        assert!(
            wanted.iter().any(|w| w == object),
            "{object} belongs to nothing"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_leader_is_killed_the_run_fails_and_the_next_execution_works() {
    let bed = Bed::empty(15);
    tables(&bed);
    let mut tasks = begin(&bed, 2);
    tasks.remove(0).kill();
    go_on(&tasks);
    let follower = tasks.remove(0).end();
    let line = follower.refused(1);
    assert!(
        line.contains("the session that holds the snapshot was lost"),
        "{line}"
    );
    assert_eq!(bed.manifests(), Vec::<String>::new());
    bed.until_no_session_is_left();

    // What is left is what a prune knows as debris: not yet while the run could be alive, and whole when the grace is over.
    let survey = bed.repository.survey().await.unwrap();
    let [entry] = &survey[..] else {
        panic!("{survey:?}")
    };
    assert!(matches!(entry.state, State::Partial { objects, .. } if objects > 0));
    let debris = entry.id.clone();
    let before = bed.objects("backups");
    run(bed.backup("[retention]\nlast = 1", &["prune"])).well();
    assert_eq!(bed.objects("backups"), before);

    // The next execution finds the lease of a dead run; later than that it works.
    let later = Arc::new(ManualClock::at(
        Timestamp::now() + SignedDuration::from_hours(72),
    ));
    let (options, shutdown) = (bed.run_options("app"), Shutdown::new());
    let heir = backup::apply::run(
        &options,
        &bed.repository,
        Arc::clone(&later) as _,
        &shutdown,
    );
    let heir = heir.await.unwrap().id;
    let pruning = PruneOptions {
        policy: Policy {
            last: 1,
            ..Policy::default()
        },
        dry_run: false,
        accept: vec![],
    };
    prune(&bed.repository, &pruning, later, &shutdown)
        .await
        .unwrap();
    assert_eq!(bed.repository.ids().await.unwrap(), [heir]);
    let left = bed.objects("");
    assert!(
        !left.iter().any(|name| name.contains(debris.as_str())),
        "{left:?}"
    );
}
