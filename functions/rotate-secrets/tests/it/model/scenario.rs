//! The situations in which every schedule is tried.

use super::{
    worker::{Fault, Step, Worker},
    world::{Trouble, World},
};
use jiff::Timestamp;
use rotate_secrets::rotation::{Intent, OnDrift, Overlap, Policy, Staging, Stop, window::Windows};
use std::time::Duration;

/// No schedule of one rotation comes near this many steps.
const ENDLESS: usize = 2_000;

#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) policy: Policy,
    pub(crate) world: World,
    /// Whether the rotation is expected to succeed at the first attempt if nobody dies.
    pub(crate) succeeds: bool,
}

fn policy(overlap: Overlap, staging: Staging, grace: u64, consumers: usize) -> Policy {
    Policy {
        overlap,
        staging,
        revoke: overlap == Overlap::Both,
        has_consumers: consumers > 0,
        min_gap: Duration::from_hours(1),
        grace: Duration::from_secs(grace),
        lease: Duration::from_mins(10),
        propagation: Duration::from_secs(4),
        rollout_deadline: Duration::from_mins(5),
        publish_deadline: Duration::from_mins(15),
        max_candidates: 3,
        windows: Windows::always(),
        group: None,
        on_drift: OnDrift::Report,
    }
}

/// Each kind of target and staging, undisturbed and with each kind of trouble.
#[expect(clippy::too_many_lines, reason = "a table of situations")]
pub(crate) fn all() -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    let later = |seconds| {
        World::new(Overlap::Both, 0, Trouble::default()).now + Duration::from_secs(seconds)
    };
    let second = vec![2];
    for overlap in [Overlap::Both, Overlap::Single] {
        for staging in [Staging::Side, Staging::Inline] {
            for (name, trouble, consumers, grace) in [
                ("undisturbed", Trouble::default(), 0, 0),
                ("two consumers", Trouble::default(), 2, 900),
                (
                    "unfit",
                    Trouble {
                        unfit: second.clone(),
                        ..Trouble::default()
                    },
                    1,
                    0,
                ),
                (
                    "refused",
                    Trouble {
                        refused: second.clone(),
                        ..Trouble::default()
                    },
                    0,
                    900,
                ),
                (
                    "unbootable",
                    Trouble {
                        unbootable: second.clone(),
                        ..Trouble::default()
                    },
                    2,
                    0,
                ),
                (
                    "down",
                    Trouble {
                        down_until: Some(later(7200)),
                        ..Trouble::default()
                    },
                    0,
                    0,
                ),
            ] {
                scenarios.push(Scenario {
                    name: format!("{overlap:?}/{staging:?}/{name}"),
                    policy: policy(overlap, staging, grace, consumers),
                    world: World::new(overlap, consumers, trouble),
                    succeeds: matches!(name, "undisturbed" | "two consumers" | "down"),
                });
            }
        }
    }
    scenarios
}

/// One event, as Secret Manager sends it, and what is done about it.
#[derive(Debug, Clone)]
pub(crate) struct Play {
    pub(crate) policy: Policy,
    pub(crate) world: World,
    pub(crate) due: Timestamp,
    pub(crate) steps: usize,
    pub(crate) faults: Vec<(usize, Fault)>,
    workers: usize,
}

impl Play {
    pub(crate) fn of(scenario: &Scenario, faults: &[(usize, Fault)]) -> Self {
        Self {
            policy: scenario.policy.clone(),
            due: scenario.world.now,
            world: scenario.world.clone(),
            steps: 0,
            faults: faults.to_vec(),
            workers: 0,
        }
    }

    pub(crate) fn worker(&mut self, intent: Intent) -> Worker {
        self.workers += 1;
        Worker::begin(&self.world, &format!("w{}", self.workers), intent)
    }

    /// One step of a worker, with whatever fault is planned for it.
    pub(crate) fn step(&mut self, worker: &mut Worker) -> Step {
        let fault = self.faults.iter().find(|(at, _)| *at == self.steps);
        let fault = fault.map(|(_, fault)| *fault);
        self.steps += 1;
        assert!(
            self.steps < ENDLESS,
            "no end after {ENDLESS} steps in {:?}",
            self.world.annotation
        );
        worker.step(&self.policy, &mut self.world, fault)
    }

    /// Lets a worker go on to its end.
    pub(crate) fn finish(&mut self, worker: &mut Worker) -> Step {
        loop {
            match self.step(worker) {
                Step::Went => {}
                end => return end,
            }
        }
    }

    /// Delivers the event until it is acknowledged, then ticks until all is at rest.
    pub(crate) fn converge(&mut self) {
        let due = self.due;
        let mut acknowledged = false;
        loop {
            let intent = if acknowledged {
                Intent::Tick
            } else {
                Intent::scheduled(due)
            };
            let mut worker = self.worker(intent);
            let end = self.finish(&mut worker);
            match end {
                Step::Died => self.world.pass(Duration::from_secs(601)),
                Step::Stopped(Stop::Idle) => break,
                Step::Stopped(Stop::Retry { at, .. } | Stop::Busy { until: at }) => self.wait(at),
                Step::Stopped(_) => {
                    acknowledged = true;
                    self.wait_for_what_is_next();
                }
                Step::Went => {}
            }
        }
        self.world.check_at_rest();
    }

    fn wait(&mut self, at: Timestamp) {
        let time = at
            .duration_since(self.world.now)
            .max(jiff::SignedDuration::from_secs(1));
        self.world.pass(time.unsigned_abs());
        self.world.check();
    }

    fn wait_for_what_is_next(&mut self) {
        let Some(state) = self.world.state() else {
            return;
        };
        let operation = state.operation.as_ref();
        let waits = [
            state.next.as_ref().map(|next| next.at),
            operation.and_then(|operation| operation.next_try),
            Some(self.world.now + Duration::from_mins(5)),
        ];
        let at = waits.into_iter().flatten().max().unwrap_or(self.world.now);
        self.wait(at);
    }

    pub(crate) fn assert_unharmed(&self, scenario: &Scenario) {
        assert!(
            self.world.violations.is_empty(),
            "{} with {:?}: {:#?}",
            scenario.name,
            self.faults,
            self.world.violations
        );
    }
}
