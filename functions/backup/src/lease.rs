//! One run at a time: a lease in the store that ends by itself when its holder dies.
//!
//! Leases of one name are numbered objects, `leases/NAME/00000007.json`. The highest number counts. Whoever finds it ended
//! or given back creates the next number; creating is atomic on every store, so exactly one succeeds, and a holder that was
//! too slow finds another's number above its own before it publishes anything. The holder renews its lease and gives it back
//! by the next number too: nothing is ever written again, which a bucket with a retention policy would refuse, and a role
//! that may only create.

use crate::{
    error::Error,
    store::{Store, StoreError},
};
use jiff::{SignedDuration, Timestamp};
use nightshift_runtime::Clock;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::task::JoinHandle;

/// How long a lease lasts without being renewed.
const TERM: SignedDuration = SignedDuration::from_mins(3);
/// How long after its end a lease may still be confirmed when nobody has taken it over: a long outage of the store must not
/// cost a run, but what a run has stored is debris to a prune after some hours.
pub const FORGIVEN: SignedDuration = SignedDuration::from_hours(1);
/// How often it is renewed: a store may be away for two minutes.
const RENEWAL: Duration = Duration::from_secs(45);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Claim {
    holder: String,
    /// The execution of a Cloud Run job that the holder belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    execution: Option<String>,
    since: Timestamp,
    until: Timestamp,
    #[serde(default)]
    given_back: bool,
}

/// A lease that is held, and renewed in the background until it is given back or dropped.
pub struct Lease {
    store: Store,
    name: String,
    claim: Claim,
    clock: Arc<dyn Clock>,
    renewal: JoinHandle<()>,
}

impl Claim {
    /// Whether `next` may have what this one held: it was given back, has ended, or belonged to an earlier attempt of the same
    /// execution. Cloud Run begins an attempt when the one before is dead, and one that is not finds its lease lost.
    fn gives_way_to(&self, next: &Self) -> bool {
        let same_execution = self.execution.is_some() && self.execution == next.execution;
        self.given_back || self.until <= next.since || same_execution
    }

    fn renewed(&self, now: Timestamp) -> Self {
        Self {
            until: now + TERM,
            ..self.clone()
        }
    }

    fn refuse(self, store: &Store) -> Error {
        Error::Busy {
            holder: self.holder,
            target: store.target().to_string(),
            since: self.since,
            until: self.until,
        }
    }
}

impl Lease {
    /// Takes the lease `name` for `holder`, or says who has it.
    pub async fn take(
        store: &Store,
        name: &str,
        holder: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        Self::take_in(store, name, holder, None, clock).await
    }

    /// As [`take`](Self::take), in an execution of a Cloud Run job: from an earlier attempt of it the lease is taken over.
    pub async fn take_in(
        store: &Store,
        name: &str,
        holder: &str,
        execution: Option<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let now = clock.now();
        let claim = Claim {
            holder: holder.to_owned(),
            execution,
            since: now,
            until: now + TERM,
            given_back: false,
        };
        let number = match highest(store, name).await? {
            None => 1,
            Some((number, held)) if held.gives_way_to(&claim) => number + 1,
            Some((_, held)) => return Err(held.refuse(store)),
        };
        match store.create(&object(name, number), &sealed(&claim)?).await {
            Ok(()) => {}
            Err(StoreError::Exists(_)) => {
                let at_once = "it began at the same moment".to_owned();
                let winner = Claim {
                    holder: at_once,
                    ..claim
                };
                return Err(winner.refuse(store));
            }
            Err(error) => return Err(error.into()),
        }
        remove_older(store, name, number).await;
        Ok(Self {
            renewal: tokio::spawn(renew(
                store.clone(),
                name.to_owned(),
                claim.clone(),
                Arc::clone(&clock),
            )),
            store: store.clone(),
            name: name.to_owned(),
            claim,
            clock,
        })
    }

    /// Fails unless the lease is still ours. To be asked right before publishing.
    pub async fn confirm(&self) -> Result<(), Error> {
        match highest(&self.store, &self.name).await? {
            Some((_, claim))
                if claim.holder == self.claim.holder
                    && self.clock.now() <= claim.until + FORGIVEN =>
            {
                Ok(())
            }
            _ => Err(Error::LeaseLost),
        }
    }

    /// Gives the lease back, so that the next run need not wait for its end.
    pub async fn give_back(self) {
        self.renewal.abort();
        let claim = Claim {
            until: self.clock.now(),
            given_back: true,
            ..self.claim.clone()
        };
        // A renewal that was under way may come in between.
        for _ in 0..3 {
            match say(&self.store, &self.name, &claim).await {
                Err(Error::Store(StoreError::Exists(_))) => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(%error, "the lease could not be given back; it ends by itself in three minutes");
                    return;
                }
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Who holds a lease now, whatever its name: the runs that are at work.
pub async fn holders(store: &Store, now: Timestamp) -> Result<BTreeSet<String>, Error> {
    let mut holders = BTreeSet::new();
    for name in store.names("leases").await? {
        if let Some((_, claim)) = highest(store, &name).await?
            && !claim.given_back
            && claim.until > now
        {
            holders.insert(claim.holder);
        }
    }
    Ok(holders)
}

/// What came of saying something about a lease of ours.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// It counts now.
    Heard,
    /// The lease is another's.
    Lost,
}

/// Says `claim` by the number after the highest, if that is still its holder's.
async fn say(store: &Store, name: &str, claim: &Claim) -> Result<Said, Error> {
    let number = match highest(store, name).await? {
        Some((number, held)) if held.holder == claim.holder => number + 1,
        _ => return Ok(Said::Lost),
    };
    store.create(&object(name, number), &sealed(claim)?).await?;
    remove_older(store, name, number).await;
    Ok(Said::Heard)
}

async fn renew(store: Store, name: String, mut claim: Claim, clock: Arc<dyn Clock>) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        // A machine that was suspended for days must not wake up as the holder it was.
        if clock.now() > claim.until + FORGIVEN {
            return;
        }
        let renewed = claim.renewed(clock.now());
        match say(&store, &name, &renewed).await {
            Ok(Said::Heard) => claim = renewed,
            Ok(Said::Lost) => {
                tracing::warn!("another run has taken the lease over; this one will not publish");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "the lease could not be renewed; trying again");
            }
        }
    }
}

async fn highest(store: &Store, name: &str) -> Result<Option<(u64, Claim)>, Error> {
    loop {
        let names = store.names(&format!("leases/{name}")).await?;
        let numbers = names
            .iter()
            .filter_map(|name| name.strip_suffix(".json")?.parse::<u64>().ok());
        let Some(number) = numbers.max() else {
            return Ok(None);
        };
        let bytes = match store.read(&object(name, number)).await {
            // Its successor has removed it since it was listed.
            Err(StoreError::NotFound(_)) => continue,
            read => read?,
        };
        // A claim that cannot be read was cut short by a crash of its writer: it holds nothing.
        let claim = serde_json::from_slice(&bytes).unwrap_or(Claim {
            holder: "unreadable".to_owned(),
            execution: None,
            since: Timestamp::MIN,
            until: Timestamp::MIN,
            given_back: true,
        });
        return Ok(Some((number, claim)));
    }
}

async fn remove_older(store: &Store, name: &str, number: u64) {
    let Ok(names) = store.names(&format!("leases/{name}")).await else {
        return;
    };
    for old in names {
        let is_older = old
            .strip_suffix(".json")
            .and_then(|n| n.parse::<u64>().ok())
            < Some(number);
        if is_older && let Err(error) = store.delete(&format!("leases/{name}/{old}")).await {
            tracing::debug!(%error, "an old lease stays behind");
        }
    }
}

fn object(name: &str, number: u64) -> String {
    format!("leases/{name}/{number:08}.json")
}

fn sealed(claim: &Claim) -> Result<crate::chunk::Sealed, Error> {
    let bytes = serde_json::to_vec(claim).map_err(|e| Error::io("write a lease")(e.into()))?;
    Ok(crate::chunk::Sealed::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_runtime::clock::ManualClock;

    fn clock() -> ManualClock {
        ManualClock::at("2026-06-30T02:00:00Z".parse().unwrap())
    }

    #[tokio::test]
    async fn a_second_run_is_refused_until_the_first_gives_the_lease_back() {
        let (store, clock) = (Store::in_memory(), clock());
        let take = |holder: &'static str| {
            let (store, clock) = (store.clone(), clock.clone());
            async move { Lease::take(&store, "db", holder, Arc::new(clock)).await }
        };
        let first = take("first").await.unwrap();
        let refused = take("second").await.err().unwrap();
        assert!(matches!(refused, Error::Busy { holder, .. } if holder == "first"));
        first.give_back().await;
        take("second").await.unwrap().confirm().await.unwrap();
    }

    #[tokio::test]
    async fn a_later_attempt_of_an_execution_takes_the_lease_over_and_the_earlier_may_not_publish()
    {
        let (store, clock) = (Store::in_memory(), clock());
        let take = |holder: &'static str, execution: &'static str| {
            let (store, clock) = (store.clone(), Arc::new(clock.clone()));
            async move { Lease::take_in(&store, "db", holder, Some(execution.into()), clock).await }
        };
        let killed = take("first attempt", "nightly-1").await.unwrap();
        assert!(matches!(
            take("another", "nightly-2").await,
            Err(Error::Busy { .. })
        ));
        let retried = take("second attempt", "nightly-1").await.unwrap();
        assert!(matches!(killed.confirm().await, Err(Error::LeaseLost)));
        retried.confirm().await.unwrap();
    }

    #[tokio::test]
    async fn a_dead_holders_lease_ends_and_a_late_one_may_not_publish() {
        let (store, clock) = (Store::in_memory(), clock());
        let zombie = Lease::take(&store, "db", "zombie", Arc::new(clock.clone()))
            .await
            .unwrap();
        clock.set("2026-06-30T02:03:01Z".parse().unwrap());
        let heir = Lease::take(&store, "db", "heir", Arc::new(clock.clone()))
            .await
            .unwrap();
        assert!(matches!(zombie.confirm().await, Err(Error::LeaseLost)));
        heir.confirm().await.unwrap();
        assert_eq!(store.names("leases/db").await.unwrap(), ["00000002.json"]);
    }

    #[tokio::test]
    async fn a_holder_that_slept_for_hours_may_not_publish_even_when_nobody_came() {
        let (store, clock) = (Store::in_memory(), clock());
        let sleeper = Lease::take(&store, "db", "sleeper", Arc::new(clock.clone()))
            .await
            .unwrap();
        clock.set("2026-06-30T02:50:00Z".parse().unwrap());
        sleeper.confirm().await.unwrap();
        clock.set("2026-06-30T03:03:01Z".parse().unwrap());
        assert!(matches!(sleeper.confirm().await, Err(Error::LeaseLost)));
    }

    #[tokio::test]
    async fn the_holders_are_those_whose_lease_runs() {
        let (store, clock) = (Store::in_memory(), clock());
        let take = |name: &'static str, holder: &'static str| {
            let (store, clock) = (store.clone(), clock.clone());
            async move {
                Lease::take(&store, name, holder, Arc::new(clock))
                    .await
                    .unwrap()
            }
        };
        let (_held, done) = (take("a", "at-work").await, take("b", "done").await);
        done.give_back().await;
        let holders = |now: &str| {
            let (store, now) = (store.clone(), now.parse().unwrap());
            async move { holders(&store, now).await.unwrap() }
        };
        assert_eq!(
            holders("2026-06-30T02:00:01Z").await,
            BTreeSet::from(["at-work".to_owned()])
        );
        assert!(holders("2026-06-30T02:04:00Z").await.is_empty());
    }

    #[tokio::test]
    async fn of_two_that_begin_at_once_one_wins() {
        let (store, clock) = (Store::in_memory(), clock());
        let takes = (0..8).map(|n| {
            let (store, clock) = (store.clone(), clock.clone());
            async move { Lease::take(&store, "db", &n.to_string(), Arc::new(clock)).await }
        });
        let taken = futures::future::join_all(takes).await;
        assert_eq!(taken.iter().filter(|lease| lease.is_ok()).count(), 1);
    }
}
