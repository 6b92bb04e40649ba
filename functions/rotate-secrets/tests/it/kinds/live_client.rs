//! A client that logs in again and again with whatever is published notices nothing.

use super::bed::{Bed, Result, field, on_both_servers, operation, postgres, server};
use rotate_secrets::{
    payload::Payload,
    target::{Probe, Target, Test},
};
use std::{
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// Enough for each account to have its turn many times.
const ROTATIONS: usize = 20;

/// What the client sees and what it has seen.
struct Life {
    published: RwLock<Payload>,
    logins: AtomicUsize,
    failures: RwLock<Vec<String>>,
    over: AtomicBool,
}

/// Logs in about 50 times a second.
async fn live(life: Arc<Life>) {
    while !life.over.load(SeqCst) {
        let url = field(&life.published.read().unwrap(), "url");
        let logged_in = async {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
            let connection = tokio::spawn(connection);
            client.batch_execute("SELECT count(*) FROM orders").await?;
            drop(client);
            connection.await.ok();
            Ok::<_, tokio_postgres::Error>(())
        };
        match logged_in.await {
            Ok(()) => {
                life.logins.fetch_add(1, SeqCst);
            }
            Err(error) => life.failures.write().unwrap().push(format!("{error:?}")),
        }
        sleep(Duration::from_millis(20)).await;
    }
}

impl Life {
    /// Waits until the client has logged in with what is published now.
    async fn goes_on(&self) {
        // The login that is under way may have begun before.
        let enough = self.logins.load(SeqCst) + 2;
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.logins.load(SeqCst) < enough && Instant::now() < deadline {
            sleep(Duration::from_millis(5)).await;
        }
        assert!(
            self.logins.load(SeqCst) >= enough,
            "{:?}",
            self.failures.read().unwrap()
        );
    }
}

/// The order of the state machine: staged, proven, promoted, rolled, retiring.
async fn rotate(target: &dyn Target, life: &Life) -> Result<()> {
    let base = life.published.read().unwrap().clone();
    let candidate = target.create(Some(&base), &operation()).await?.payload;
    life.goes_on().await;
    assert!(matches!(
        target.probe(&candidate).await,
        Probe::Rejected { .. }
    ));
    target.apply(&candidate, &operation()).await?;
    assert_eq!(target.probe(&candidate).await, Probe::Works);
    assert_eq!(target.test(&candidate).await?, Test::Passed);
    life.goes_on().await;
    *life.published.write().unwrap() = candidate;
    life.goes_on().await;
    target.revoke(&base, &operation()).await?;
    assert!(matches!(target.probe(&base).await, Probe::Rejected { .. }));
    life.goes_on().await;
    Ok(())
}

on_both_servers!(a_client_that_reconnects_all_the_time_sees_no_failed_login);

async fn a_client_that_reconnects_all_the_time_sees_no_failed_login(major: u32) -> Result<()> {
    let bed = Bed::new(server(major)?)?;
    let target = postgres(bed.pair()).await?;
    let life = Arc::new(Life {
        published: RwLock::new(bed.first()),
        logins: AtomicUsize::new(0),
        failures: RwLock::default(),
        over: AtomicBool::new(false),
    });
    let client = tokio::spawn(live(life.clone()));
    let begun = Instant::now();
    for _ in 0..ROTATIONS {
        rotate(&*target, &life).await?;
    }
    let took = begun.elapsed();
    life.over.store(true, SeqCst);
    client.await?;
    let logins = life.logins.load(SeqCst);
    eprintln!("Postgres {major}: {ROTATIONS} rotations and {logins} logins in {took:?}");
    assert_eq!(*life.failures.read().unwrap(), [""; 0]);
    assert!(logins >= 8 * ROTATIONS, "{logins}");
    Ok(())
}
