//! One run: read everything, decide about each target, write what differs, and say what became of each.
//!
//! The order is what keeps a run harmless wherever it ends: what is raised comes first, each target after those it needs;
//! then what is lowered, each target before those it needs; last the notes. A database is stopped only when all that use it
//! have been seen at nothing. What does not fit into the minute's writes is left to the next run.

mod budget;
mod judge;
mod order;
mod person;
mod step;

pub use budget::Budget;
pub use judge::{Judged, Wants, Way, found};
pub use person::NotGranted;
pub use step::{Ended, Outcome};

use crate::{
    config::Config,
    fleet::Fleet,
    google::{self, Google},
    observe::survey,
};
use futures::{StreamExt, future::join_all, stream};
use jiff::Timestamp;
use nightshift_runtime::Clock;
use order::{Due, Order};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use step::Turn;
use tokio::time::Instant;

/// How many targets are written at once.
const AT_ONCE: usize = 16;

/// Keeps the targets of a configuration at what their schedules want.
pub struct Scaler {
    /// Google.
    pub google: Google,
    /// What is wanted.
    pub config: Arc<Config>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What may be written.
    pub budget: Budget,
    /// How long to wait for things.
    pub patience: Patience,
}

/// How long a run waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For room in the minute's writes, over the whole run.
    pub budget: Duration,
    /// Before an accepted change is looked at for the first time. It doubles from look to look.
    pub first_look: Duration,
    /// For the changes of one step to come true. Those that take longer are seen by the next run.
    pub operations: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            budget: Duration::from_mins(4),
            first_look: Duration::from_millis(100),
            operations: Duration::from_secs(20),
        }
    }
}

/// What a run did.
#[derive(Debug, Clone)]
pub struct Run {
    /// The instant it was for.
    pub at: Timestamp,
    /// What became of each target, by its full name.
    pub outcomes: BTreeMap<String, Outcome>,
    /// Places that could not be read, and why.
    pub unread: Vec<(String, String)>,
}

impl Scaler {
    /// For `config`, with the clients of `google`.
    pub fn new(google: Google, config: Arc<Config>, clock: Arc<dyn Clock>) -> Self {
        Self {
            google,
            budget: Budget::new(config.writes_per_minute),
            config,
            clock,
            patience: Patience::default(),
        }
    }

    /// Reads all there is.
    pub async fn fleet(&self) -> Fleet {
        Fleet::new(&self.config, survey(&self.google, &self.config).await)
    }

    /// Reads, decides, writes. The instant is read once, at the beginning; only what somebody else changed meanwhile is
    /// decided anew, for the instant at which that is found.
    pub async fn run(&self) -> Run {
        let at = self.clock.now();
        let fleet = self.fleet().await;
        self.converge(fleet, at).await
    }

    /// Decides and writes.
    pub async fn converge(&self, fleet: Fleet, at: Timestamp) -> Run {
        let unread = fleet.unread.iter();
        let unread = unread
            .map(|(place, why)| (place.to_string(), why.clone()))
            .collect();
        let mut order = Order::new(&self.config, fleet, at);
        let until = Instant::now() + self.patience.budget;
        let turn = |way| Turn { way, at, until };
        for depth in 0..=order.deepest() {
            let raised = order.next_up(depth);
            self.carry_out(&mut order, raised, turn(Way::Up)).await;
        }
        for depth in (0..=order.deepest()).rev() {
            let lowered = order.next_down(depth);
            self.carry_out(&mut order, lowered, turn(Way::Down)).await;
        }
        let noted = order.last_notes();
        self.carry_out(&mut order, noted, turn(Way::Note)).await;
        Run {
            at,
            outcomes: order.outcomes(),
            unread,
        }
    }

    /// Writes some targets at once, then waits for all of them together: one that is slow holds up no other.
    async fn carry_out(&self, order: &mut Order, targets: Vec<Due>, turn: Turn) {
        let steps = stream::iter(targets)
            .map(|due| self.step(due, turn))
            .buffer_unordered(AT_ONCE);
        let outcomes: Vec<Outcome> = steps.collect().await;
        let deadline = Instant::now() + self.patience.operations;
        let waiting = outcomes
            .into_iter()
            .map(|outcome| self.settle(outcome, deadline));
        for outcome in join_all(waiting).await {
            order.record(outcome);
        }
    }

    /// Waits until a change has come true.
    async fn settle(&self, mut outcome: Outcome, deadline: Instant) -> Outcome {
        if let Ended::Accepted(operation) = &outcome.ended {
            let first_look = self.patience.first_look;
            match self.google.wait(operation, first_look, deadline).await {
                Ok(Some(google::Ended::Done)) => outcome.ended = Ended::Written,
                Ok(Some(google::Ended::Failed(why))) => {
                    let name = &outcome.bound.target.name;
                    outcome.ended = Ended::Failed(format!(
                        "change {name}: it was accepted and then failed: {why}; the next run tries again"
                    ));
                }
                // Nobody knows, which is how it was.
                Ok(None) | Err(_) => {}
            }
        }
        outcome
    }
}
