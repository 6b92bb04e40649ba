//! Two runs at once: a scheduler that fires twice, a person who cannot wait, a process that was asleep.

use crate::{
    bed::Bed,
    process::{Running, run},
};
use backup::repository::State;
use nightshift_runtime::{Shutdown, clock::ManualClock};
use nix::sys::signal::Signal;
use std::{sync::Arc, time::Duration};

/// A run that stands still in its middle.
fn in_the_middle(bed: &Bed) -> Running {
    let mut running = Running::start(bed.backup_run(""));
    running.until("a chunk is stored", || (bed.chunks() > 0).then_some(()));
    running.signal(Signal::SIGSTOP);
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_is_refused_at_once_and_told_who_is_at_work_since_when() {
    let bed = Bed::with_many_chunks(15);
    bed.server.create_database("other").unwrap();
    let table = "CREATE TABLE t AS SELECT 1 AS a";
    bed.server.psql("other", table).unwrap();
    let first = in_the_middle(&bed);
    let ids = bed.repository.ids().await.unwrap();

    let refused = run(bed.backup_run(""));
    assert!(refused.took < Duration::from_secs(5), "{:?}", refused.took);
    let line = refused.refused(1);
    let began = ids[0].began().unwrap();
    for said in [
        format!("another run ({})", ids[0]),
        format!("at work on file://{}", bed.folder.path().display()),
        // To the minute: the lease is taken a moment after the id is made.
        format!("since {}", &began.to_string()[..16]),
    ] {
        assert!(line.contains(&said), "it does not say {said:?}: {line}");
    }
    // Another database of the same target is nobody's rival.
    let url = bed.server.socket_url("other");
    let mut other = bed.backup("", &["run", "--from", &url]);
    other.envs(bed.server.password_file().map(|file| ("PGPASSFILE", file)));
    run(other).well();

    first.signal(Signal::SIGCONT);
    first.end().well();
    run(bed.backup_run("")).well();
    assert_eq!(bed.manifests().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_slept_while_another_took_its_lease_publishes_nothing() {
    let bed = Bed::with_many_chunks(15);
    let sleeper = in_the_middle(&bed);
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(4);
    let (options, clock) = (bed.run_options("app"), Arc::new(ManualClock::at(later)));
    let made = backup::apply::run(&options, &bed.repository, clock, &Shutdown::new()).await;
    let heir = made.unwrap().id;

    sleeper.signal(Signal::SIGCONT);
    let woken = sleeper.end();
    let line = woken.refused(1);
    assert!(line.contains("the lease was taken over"), "{line}");
    for entry in bed.repository.survey().await.unwrap() {
        assert_eq!(
            matches!(entry.state, State::Complete(_)),
            entry.id == heir,
            "{entry:?}"
        );
    }
}
