//! What a rotation costs in calls to Google, as local-gcp's journal counts them: every request of the rotation to any of
//! Google's services, from the event that says it is due to the state in which nothing is under way, the retirement of the
//! old version included. Tokens come from the metadata server and are not among them.

use crate::{
    bed::{Bed, Google, SECRET, Setting, gcp},
    kinds::bed as postgres,
};
use local_gcp::{Direction, Options};
use rotate_secrets::{
    apply::Services,
    consumers::CloudRun,
    rotation::{Intent, Stop},
    secret_manager::SecretManager,
};
use std::{error::Error, sync::Arc, time::Duration};

type Result = std::result::Result<(), Box<dyn Error>>;

/// A bed whose target is a pair of accounts of a real server, and whose clients talk to local-gcp itself.
async fn alternating_users(server: &postgres::Bed, grace: Duration) -> postgres::Result<Bed> {
    let mut bed = Bed::new(Setting {
        grace,
        ..Setting::default()
    })
    .await;
    bed.google.reset();
    bed.google.seed(server.first().expose_text().unwrap(), 0);
    bed.managed.target = postgres::postgres(server.pair()).await?;
    let gcp = gcp(bed.google.url());
    bed.services = Services {
        secrets: SecretManager::new(gcp.clone()),
        run: CloudRun::new(gcp),
        time: Arc::new(bed.time.clone()),
    };
    Ok(bed)
}

/// How a call of the program ends, and the calls to Google that it makes.
async fn counted(bed: &Bed, intent: Intent) -> postgres::Result<(Stop, Vec<String>)> {
    let journal = bed.google.gcp.journal();
    journal.clear();
    let stop = bed.call(intent).await?.stop;
    let asked = journal.entries();
    let asked = asked
        .iter()
        .filter(|entry| entry.direction == Direction::In);
    let calls: Vec<_> = asked
        .map(|entry| format!("{} {}", entry.method, entry.path))
        .collect();
    println!("{stop:?}: {} calls {calls:#?}", calls.len());
    Ok((stop, calls))
}

#[tokio::test]
async fn rotating_alternating_users_takes_at_most_fourteen_calls() -> Result {
    let server = postgres::Bed::new(postgres::server(18)?)?;
    let bed = alternating_users(&server, Duration::ZERO).await?;
    let due = bed.time.start();
    let (stop, calls) = counted(&bed, Intent::scheduled(due)).await?;
    assert_eq!(stop, Stop::Rotated);
    assert!(calls.len() <= 14, "{} calls", calls.len());
    let (stop, calls) = counted(&bed, Intent::scheduled(due)).await?;
    assert_eq!(stop, Stop::Duplicate);
    assert_eq!(calls.len(), 1, "the event again");
    Ok(())
}

#[tokio::test]
async fn a_tick_while_the_old_value_is_in_its_grace_takes_one_call() -> Result {
    let server = postgres::Bed::new(postgres::server(18)?)?;
    let bed = alternating_users(&server, Duration::from_hours(1)).await?;
    let (stop, published) = counted(&bed, Intent::scheduled(bed.time.start())).await?;
    assert!(matches!(stop, Stop::WaitingForGrace { .. }), "{stop:?}");
    let (stop, waiting) = counted(&bed, Intent::Tick).await?;
    assert!(matches!(stop, Stop::WaitingForGrace { .. }), "{stop:?}");
    assert_eq!(waiting, [format!("GET /v1/{SECRET}")]);
    bed.time.pass(Duration::from_mins(61));
    let (stop, retired) = counted(&bed, Intent::Tick).await?;
    assert_eq!(stop, Stop::Rotated);
    // The second call of the program reads the secret and the two values again: nothing is kept between calls.
    assert!(published.len() + retired.len() <= 14 + 3);
    Ok(())
}

#[tokio::test]
async fn a_service_that_takes_minutes_to_start_is_asked_less_and_less_often() {
    let google = Google::with(Options {
        run_writes_per_minute: None,
        operation_time: Duration::from_hours(1),
        ..Options::default()
    });
    let setting = Setting {
        services: 1,
        ..Setting::default()
    };
    let bed = Bed::on(google.await, setting).await;
    bed.call(Intent::manual(false, false)).await.unwrap();
    let calls = bed.gate.calls();
    let roll = |call: &String| call.starts_with("PATCH /v2/");
    let first = calls.iter().position(roll).unwrap();
    let looks = calls[first + 1..].iter().take_while(|call| !roll(call));
    let looks = looks.filter(|call| call.starts_with("GET /v2/")).count();
    println!("asked {looks} times in {:?}", bed.time_passed());
    assert!(bed.time_passed() > bed.managed.policy.rollout_deadline);
    assert!((3..=30).contains(&looks), "{looks}: {calls:#?}");
}
