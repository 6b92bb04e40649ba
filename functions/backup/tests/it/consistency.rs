//! One instant, whatever happens meanwhile.

use crate::{
    bed::{Bed, run_into},
    faulty::{Call, Faulty},
};
use backup::{Error, engine::OnBlockedDdl, manifest::Manifest, repository::State};
use local_postgres::fixtures;
use std::{
    process::Stdio,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::Duration,
};
use tokio::sync::Notify;
use tokio_postgres::NoTls;

pub(crate) async fn client(bed: &Bed, database: &str) -> tokio_postgres::Client {
    let url = bed.server.url(database);
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Waits until `query` says true, for ten seconds.
pub(crate) async fn until(client: &tokio_postgres::Client, query: &str) {
    for _ in 0..1000 {
        if client.query_one(query, &[]).await.unwrap().get(0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never became true: {query}");
}

fn rows(manifest: &Manifest, table: &str) -> u64 {
    manifest
        .tables
        .iter()
        .find(|t| t.name == table)
        .unwrap()
        .rows
}

const SOMEBODY_WAITS: &str =
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation')";

/// The leader has its snapshot and waits for the lock of `t`; then `change` happens and is committed.
async fn changed_under_the_snapshot(change: &str) -> (Bed, Manifest) {
    let bed = Bed::empty(15);
    bed.server
        .psql(
            "app",
            "CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 1000) g",
        )
        .unwrap();
    let (blocker, watcher) = (client(&bed, "app").await, client(&bed, "app").await);
    blocker
        .batch_execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let (manifest, ()) = tokio::join!(bed.run("app"), async {
        until(&watcher, SOMEBODY_WAITS).await;
        blocker
            .batch_execute(&format!("{change}; COMMIT"))
            .await
            .unwrap();
    });
    let manifest = manifest.unwrap();
    (bed, manifest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncate_between_snapshot_and_lock_never_loses_rows() {
    let change = "TRUNCATE t; INSERT INTO t SELECT generate_series(1, 10)";
    assert_eq!(rows(&changed_under_the_snapshot(change).await.1, "t"), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewrite_between_snapshot_and_lock_never_loses_rows() {
    let change = "ALTER TABLE t ALTER COLUMN a TYPE bigint";
    assert_eq!(rows(&changed_under_the_snapshot(change).await.1, "t"), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_dropped_and_made_again_between_snapshot_and_lock_is_read_anew() {
    let change = "DROP TABLE t; CREATE TABLE t (b text); INSERT INTO t VALUES ('new')";
    let (bed, manifest) = changed_under_the_snapshot(change).await;
    assert_eq!(rows(&manifest, "t"), 1);
    bed.restore(&manifest, "copy").await.unwrap();
    assert_eq!(bed.server.psql("copy", "SELECT b FROM t").unwrap(), "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_stays_locked_gives_an_error_that_says_so() {
    let bed = Bed::empty(15);
    bed.server.psql("app", "CREATE TABLE t (a int)").unwrap();
    let blocker = client(&bed, "app").await;
    blocker
        .batch_execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let mut options = bed.run_options("app");
    options.snapshot.lock_timeout = Duration::from_millis(50);
    let error = bed.run_with(&options).await.unwrap_err();
    assert!(
        error.one_line().contains("lock_timeout"),
        "{}",
        error.one_line()
    );
}

/// Stores nothing of table `first` until `gate` opens, so that a test can act in the middle of a run.
pub(crate) fn gated(
    gate: &Arc<Notify>,
) -> (
    backup::repository::Repository,
    backup::repository::Repository,
) {
    let (gate, closed) = (Arc::clone(gate), Arc::new(AtomicBool::new(true)));
    Faulty::repository(move |call| {
        let (gate, closed) = (Arc::clone(&gate), Arc::clone(&closed));
        async move {
            if matches!(&call, Call::Put(name) if name.contains("public.first"))
                && closed.load(Ordering::SeqCst)
            {
                gate.notified().await;
                closed.store(false, Ordering::SeqCst);
                // Whoever waits beside us may pass too.
                gate.notify_one();
            }
            Ok(())
        }
    })
}

/// `first` is large, so it is read first and waits at the gate; one worker, so `second` is not touched yet.
pub(crate) fn two_tables(bed: &Bed) {
    let sql = "CREATE TABLE first AS SELECT g AS a, repeat(md5(g::text), 20) AS t FROM generate_series(1, 20000) g;
               CREATE TABLE second AS SELECT g AS a FROM generate_series(1, 100) g";
    bed.server.psql("app", sql).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_behind_somebodys_exclusive_lock_request_is_read_by_the_leader() {
    let bed = Bed::empty(15);
    two_tables(&bed);
    let (ddl, watcher) = (client(&bed, "app").await, client(&bed, "app").await);
    let gate = Arc::new(Notify::new());
    let (repository, plain) = gated(&gate);
    let mut options = bed.run_options("app");
    options.workers = 1;
    let (manifest, altered, ()) = tokio::join!(
        run_into(&options, &repository),
        async {
            until(&watcher, READING_FIRST).await;
            // It waits behind the leader, and whoever comes later waits behind it.
            ddl.batch_execute("ALTER TABLE second ADD COLUMN b int")
                .await
        },
        async {
            until(&watcher, READING_FIRST).await;
            until(&watcher, SOMEBODY_WAITS).await;
            gate.notify_one();
        }
    );
    let manifest = manifest.unwrap();
    altered.unwrap();
    assert_eq!(rows(&manifest, "second"), 100);
    assert_eq!(
        manifest
            .tables
            .iter()
            .find(|t| t.name == "second")
            .unwrap()
            .columns,
        ["a"]
    );
    let options = bed.restore_options("copy");
    let shutdown = nightshift_runtime::Shutdown::new();
    backup::restore::restore(&manifest, plain.store(), &options, &shutdown)
        .await
        .unwrap();
    assert_eq!(
        bed.server
            .psql("copy", "SELECT count(*) FROM second")
            .unwrap(),
        "100"
    );
}

const READING_FIRST: &str = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
    WHERE application_name = 'nightshift backup' AND query LIKE '%COPY%first%')";

#[tokio::test(flavor = "multi_thread")]
async fn a_run_gives_way_to_blocked_ddl_when_told_to() {
    let bed = Bed::empty(15);
    two_tables(&bed);
    let (ddl, watcher) = (client(&bed, "app").await, client(&bed, "app").await);
    let gate = Arc::new(Notify::new());
    let (repository, plain) = gated(&gate);
    let mut options = bed.run_options("app");
    (options.workers, options.on_blocked_ddl) = (1, OnBlockedDdl::Abort);
    let (run, altered) = tokio::join!(run_into(&options, &repository), async {
        until(&watcher, READING_FIRST).await;
        ddl.batch_execute("ALTER TABLE first ADD COLUMN b int")
            .await
    });
    let error = run.unwrap_err();
    assert!(matches!(error, Error::GaveWay(_)), "{}", error.one_line());
    altered.unwrap();
    let left = plain.survey().await.unwrap();
    assert!(
        left.iter()
            .all(|entry| !matches!(entry.state, State::Complete(_)))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_balance_in_a_copy_made_while_everybody_writes() {
    let bed = Bed::new(
        local_postgres::LocalPostgres::for_tests(15)
            .unwrap()
            .start()
            .unwrap(),
    );
    fixtures::pgbench(&bed.server, "app", 3).unwrap();
    let mut load = bed.server.client("pgbench", "app").unwrap();
    load.args(["-n", "-c", "4", "-T", "120"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut load = load.spawn().unwrap();
    let watcher = client(&bed, "app").await;
    until(&watcher, "SELECT count(*) > 100 FROM pgbench_history").await;

    let manifest = bed.run("app").await;
    load.kill().unwrap();
    load.wait().unwrap();

    let manifest = manifest.unwrap();
    bed.restore(&manifest, "copy").await.unwrap();
    let balanced = "SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(bbalance) FROM pgbench_branches)
                       AND (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(tbalance) FROM pgbench_tellers)
                       AND (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history)
                       AND (SELECT count(*) FROM pgbench_history) > 0";
    assert_eq!(bed.server.psql("copy", balanced).unwrap(), "t");
}
