//! What a run leans on goes away in its middle: one clear error, exit 1, nothing published, nothing pruned.

use crate::{
    bed::{Bed, run_into},
    cloud::{Cloud, TARGET},
    faulty::{Call, Faulty},
    process::{Ended, Running, run},
};
use backup::repository::State;
use local_gcp::Fault;
use nix::sys::signal::Signal;
use std::{
    io,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Makes a good backup, then begins `second`, stops it in its middle, lets `cause` happen and looks at what it does then.
/// Returns the one line it ends with.
fn outage(bed: &mut Bed, second: Command, cause: impl FnOnce(&mut Bed)) -> Ended {
    run(bed.backup_run("")).well();
    let (before, chunks) = (bed.objects("backups"), bed.chunks());
    let mut running = Running::start(second);
    running.until("a chunk is stored", || {
        (bed.chunks() > chunks).then_some(())
    });
    running.signal(Signal::SIGSTOP);
    cause(bed);
    running.signal(Signal::SIGCONT);
    let ended = running.end();
    ended.refused(1);
    assert_eq!(bed.manifests().len(), 1, "it has published something");
    let after = bed.objects("backups");
    for name in before {
        assert!(after.contains(&name), "{name} was pruned");
    }
    bed.until_no_session_is_left();
    ended
}

#[test]
fn a_server_that_is_restarted_ends_the_run() {
    let mut bed = Bed::with_many_chunks(15);
    let second = bed.backup_run("");
    let ended = outage(&mut bed, second, |bed| bed.server.restart().unwrap());
    let line = ended.refused(1);
    // A reader that connects meanwhile may be told before the leader notices.
    let told = ["snapshot was lost", "the server was stopped or restarted"];
    assert!(told.iter().any(|told| line.contains(told)), "{line}");
    run(bed.backup_run("")).well();
}

#[test]
fn a_leader_whose_session_is_cut_ends_the_run() {
    let mut bed = Bed::with_many_chunks(15);
    let second = bed.backup_run("");
    let ended = outage(&mut bed, second, |bed| {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'nightshift%'";
        assert_ne!(bed.server.psql("postgres", sql).unwrap(), "0");
    });
    let line = ended.refused(1);
    assert!(line.contains("snapshot was lost"), "{line}");
}

#[test]
fn a_role_that_loses_its_right_to_select_ends_the_run_and_is_told_which_table() {
    let mut bed = Bed::with_many_chunks(15);
    let grant = "CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader";
    bed.server.psql("app", grant).unwrap();
    let url = bed.server.socket_url("app");
    let as_reader = url.replacen("://postgres@", "://reader@", 1);
    let second = bed.backup("", &["run", "--from", &as_reader]);
    let ended = outage(&mut bed, second, |bed| {
        let revoke = "REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM reader";
        bed.server.psql("app", revoke).unwrap();
    });
    let line = ended.refused(1);
    assert!(line.contains("permission denied for table t"), "{line}");
    assert!(line.contains("grant the missing right"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_answers_503_ends_the_run_when_patience_is_over() {
    let bed = Bed::with_many_chunks(15);
    // From the lease on, or after some chunks.
    for room in [0, 12] {
        let cloud = Cloud::start().await;
        cloud.gcp.faults().add(Fault {
            status: Some(503),
            after: room,
            times: Some(0),
            ..Fault::on("storage.xml.objects.put")
        });
        let ended = run(cloud.command(bed.backup_run("")));
        let line = ended.refused(1);
        assert!(line.contains("503 Service Unavailable"), "{line}");
        assert!(line.contains(TARGET), "{line}");
        assert!(line.contains("when the store answers again"), "{line}");
        assert!(ended.took < Duration::from_secs(30), "{:?}", ended.took);
        let names = cloud.names("").await;
        assert_eq!(names.len(), room as usize, "{names:?}");
        assert!(!names.iter().any(|name| name.ends_with("manifest.json")));
    }
    bed.until_no_session_is_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_target_ends_the_run_at_the_first_chunk_that_does_not_fit() {
    let bed = Bed::with_many_chunks(15);
    let puts = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&puts);
    let (repository, plain) = Faulty::repository(move |call| {
        let chunk = matches!(&call, Call::Put(name) if name.contains("/data/"));
        let full = chunk && counter.fetch_add(1, Ordering::SeqCst) >= 5;
        async move {
            if full {
                return Err(object_store::Error::Generic {
                    store: "LocalFileSystem",
                    source: io::Error::from(io::ErrorKind::StorageFull).into(),
                });
            }
            Ok(())
        }
    });
    let error = run_into(&bed.run_options("app"), &repository).await;
    let line = error.unwrap_err().one_line();
    assert!(line.starts_with("write file:///memory/backups/"), "{line}");
    assert!(line.contains("no storage space"), "{line}");
    assert!(line.contains("; next: make room there"), "{line}");
    // Nobody reads on for hours what cannot be kept.
    assert!(puts.load(Ordering::SeqCst) < 5 + 16, "{puts:?}");
    let survey = plain.survey().await.unwrap();
    let [entry] = &survey[..] else {
        panic!("{survey:?}")
    };
    assert!(matches!(entry.state, State::Partial { .. }), "{entry:?}");
    bed.until_no_session_is_left();
}
