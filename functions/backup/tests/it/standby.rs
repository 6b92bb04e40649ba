//! A hot standby as the source: the primary is spared, within what a standby can give.

use crate::{
    bed::{Bed, params, run_into},
    consistency::{client, gated, two_tables, until},
};
use backup::{Error, manifest::Manifest, preflight::PreflightError};
use local_postgres::LocalPostgres;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

const CAUGHT_UP: &str =
    "SELECT count(*) = 1 FROM pg_class WHERE relname = 'second' AND pg_is_in_recovery()";

/// A primary with two tables, and a standby that has them too and cancels readers that are in its way at once.
fn primary_and_standby(major: u32) -> (Bed, LocalPostgres) {
    let builder = LocalPostgres::for_tests(major).unwrap();
    let builder = builder.setting("max_standby_streaming_delay", "0");
    let bed = Bed::new(builder.start().unwrap());
    bed.server.create_database("app").unwrap();
    bed.server
        .psql(
            "app",
            "CREATE UNLOGGED TABLE scratch (id serial, a int); INSERT INTO scratch (a) VALUES (1)",
        )
        .unwrap();
    let standby = bed.server.standby().unwrap();
    two_tables(&bed);
    standby.wait_until("app", CAUGHT_UP).unwrap();
    (bed, standby)
}

async fn run_on(
    bed: &Bed,
    standby: &LocalPostgres,
    lag: Option<Duration>,
) -> Result<Manifest, Error> {
    let mut options = bed.run_options("app");
    options.params = params(standby, "app");
    options.snapshot.max_replica_lag = lag;
    bed.run_with(&options).await
}

async fn a_backup_of_a_standby_restores(major: u32) {
    let (bed, standby) = primary_and_standby(major);
    let manifest = run_on(&bed, &standby, None).await.unwrap();
    assert!(manifest.source.standby);
    let skipped: Vec<_> = manifest.skipped.iter().map(|s| s.what.as_str()).collect();
    assert_eq!(skipped, ["rows of public.scratch"]);
    bed.restore(&manifest, "copy").await.unwrap();
    let rows = "SELECT (SELECT count(*) FROM first), (SELECT count(*) FROM second), (SELECT count(*) FROM scratch)";
    assert_eq!(bed.server.psql("copy", rows).unwrap(), "20000|100|0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_standby_restores_and_names_what_a_standby_cannot_read_on_15() {
    a_backup_of_a_standby_restores(15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_standby_restores_and_names_what_a_standby_cannot_read_on_18() {
    a_backup_of_a_standby_restores(18).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_behind_is_refused_but_not_one_whose_primary_is_idle() {
    let (bed, standby) = primary_and_standby(15);
    let limit = Some(Duration::ZERO);
    let long_ago = "SELECT now() - pg_last_xact_replay_timestamp() > '1.1 s'";
    standby.wait_until("app", long_ago).unwrap();
    run_on(&bed, &standby, limit).await.unwrap();

    standby.psql("app", "SELECT pg_wal_replay_pause()").unwrap();
    bed.server.psql("app", "DELETE FROM second").unwrap();
    let behind = "SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()";
    standby.wait_until("app", behind).unwrap();
    let error = run_on(&bed, &standby, limit).await.unwrap_err();
    assert!(
        matches!(error, Error::Preflight(PreflightError::Lag { .. })),
        "{}",
        error.one_line()
    );
    assert!(error.one_line().contains("next: "), "{}", error.one_line());
}

const READS: &str = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
    WHERE application_name = 'nightshift backup' AND query LIKE '%COPY%first%')";

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_the_primary_vacuums_away_fail_a_run_on_the_standby_with_the_cure() {
    let (bed, standby) = primary_and_standby(15);
    let watched = Bed::new(standby);
    let watcher = client(&watched, "app").await;
    let gate = Arc::new(Notify::new());
    let (held, plain) = gated(&gate);
    let mut options = bed.run_options("app");
    options.params = watched.params("app");
    let (run, ()) = tokio::join!(run_into(&options, &held), async {
        until(&watcher, READS).await;
        let vacuum = "DELETE FROM first WHERE a > 10000; VACUUM first";
        for statement in vacuum.split(';') {
            bed.server.psql("app", statement).unwrap();
        }
        until(
            &watcher,
            "SELECT confl_snapshot > 0 FROM pg_stat_database_conflicts WHERE datname = 'app'",
        )
        .await;
        gate.notify_one();
    });
    let line = run.unwrap_err().one_line();
    assert!(line.contains("hot_standby_feedback"), "{line}");
    let state = plain.survey().await.unwrap();
    assert!(
        state
            .iter()
            .all(|entry| !matches!(entry.state, backup::repository::State::Complete(_)))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_restored_into_a_standby() {
    let (bed, standby) = primary_and_standby(15);
    let manifest = bed.run("app").await.unwrap();
    let mut options = bed.restore_options("app");
    (options.into, options.create) = (params(&standby, "app"), false);
    let error = bed.restore_with(&manifest, &options).await.unwrap_err();
    assert!(
        error.one_line().contains("is a standby"),
        "{}",
        error.one_line()
    );
}
