//! What an event leads to.

use super::{
    super::{Context, status, tick},
    answer,
};
use crate::{
    event,
    managed::Managed,
    report::ended::Endings,
    request::Request,
    rotation::{Intent, Stop},
};
use nightshift_runtime::{Event, Handler, Outcome, handler};
use std::time::Duration;
use tokio::time::Instant;
use tracing::{info, warn};

/// How long before its deadline work is asked to end, so that a lease is given back.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Does what events say. The lease in the secret keeps workers of all instances apart, and those of this one.
pub(super) struct Service {
    context: Context,
}

impl Service {
    pub(super) fn new(context: Context) -> Self {
        Self { context }
    }

    async fn drive(&self, managed: &Managed, intent: Intent, budget: Duration) -> Outcome {
        let ended = self.context.drive(managed, intent, budget).await;
        answer::to(managed, &ended, self.context.services.time.now())
    }

    /// One secret's failure never keeps another from its turn. What is not finished comes back with the next tick.
    async fn tick(&self, budget: Duration) -> Outcome {
        let chosen: Vec<&Managed> = self.context.fleet.iter().collect();
        let results = tick::drive_all(&self.context, &chosen, &Intent::Tick, budget).await;
        let standing = status::judge(&self.context, &chosen).await;
        if let Some(problems) = standing.problems() {
            warn!(event = event::NOTICED, "{problems}");
        }
        let failed = results.iter().filter(|(_, result)| {
            let stop = result.as_ref().map(|ended| &ended.stop);
            matches!(stop, Err(_) | Ok(Stop::Retry { .. }))
        });
        let endings = Endings::new(&results);
        if failed.count() > 0 {
            return Outcome::later("not_finished", endings.sentence());
        }
        answer::said(&endings)
    }
}

impl Handler for Service {
    async fn handle(&self, event: Event, context: handler::Context) -> Outcome {
        let left = context.deadline.duration_since(Instant::now());
        let budget = left.saturating_sub(LAST_WORDS.min(left / 4));
        match Request::read(&event, &self.context.fleet) {
            Err(refused) => refused,
            Ok(Request::Ignore { why }) => {
                info!(
                    event = event::IGNORED,
                    why, "the event is acknowledged and ignored"
                );
                Outcome::Done
            }
            Ok(Request::Tick) => self.tick(budget).await,
            Ok(Request::Status) => {
                let chosen: Vec<&Managed> = self.context.fleet.iter().collect();
                answer::said(&status::judge(&self.context, &chosen).await)
            }
            Ok(Request::Drive(managed, intent)) => self.drive(managed, intent, budget).await,
        }
    }
}
