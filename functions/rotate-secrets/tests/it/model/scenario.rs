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

/// How many credentials are valid at once, and where a candidate waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting(pub(crate) Overlap, pub(crate) Staging);

pub(crate) const ALL_SETTINGS: [Setting; 4] = [
    Setting(Overlap::Both, Staging::Side),
    Setting(Overlap::Both, Staging::Inline),
    Setting(Overlap::Single, Staging::Side),
    Setting(Overlap::Single, Staging::Inline),
];

impl Setting {
    /// Undisturbed, and with each kind of trouble.
    pub(crate) fn scenarios(self) -> Vec<Scenario> {
        let Self(overlap, staging) = self;
        let none = Trouble::default;
        let second = || vec![2];
        let unfit = Trouble {
            unfit: second(),
            ..none()
        };
        let refused = Trouble {
            refused: second(),
            ..none()
        };
        let unbootable = Trouble {
            unbootable: second(),
            ..none()
        };
        let put_back = Trouble {
            put_back: true,
            ..none()
        };
        let down = Trouble {
            down_for: Duration::from_hours(2),
            ..none()
        };
        [
            ("undisturbed", none(), 0, 0, true),
            ("two consumers", none(), 2, 900, true),
            ("put back", put_back, 1, 900, true),
            ("unfit", unfit, 1, 0, false),
            ("refused", refused, 0, 900, false),
            ("unbootable", unbootable, 2, 0, false),
            ("down", down, 0, 0, true),
        ]
        .map(|(name, trouble, consumers, grace, succeeds)| Scenario {
            name: format!("{overlap:?}/{staging:?}/{name}"),
            policy: policy(overlap, staging, grace, consumers),
            world: World::new(overlap, consumers, trouble),
            succeeds,
        })
        .into()
    }
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
    /// Who is at work in [`Play::go_on`].
    at_work: Option<Worker>,
    acknowledged: bool,
}

impl Play {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        Self {
            policy: scenario.policy.clone(),
            due: scenario.world.now,
            world: scenario.world.clone(),
            steps: 0,
            faults: Vec::new(),
            workers: 0,
            at_work: None,
            acknowledged: false,
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
            "no end after {ENDLESS} steps with {:?} in {:#?}",
            self.faults,
            self.world
        );
        worker.step(&self.policy, &mut self.world, fault)
    }

    /// Hits the next step.
    pub(crate) fn hit(&mut self, fault: Fault) {
        self.faults.push((self.steps, fault));
    }

    /// One step of whoever is at work: first the event is delivered until it is acknowledged, then ticks come until all
    /// is at rest. False if it is.
    pub(crate) fn go_on(&mut self) -> bool {
        let mut worker = match self.at_work.take() {
            Some(worker) => worker,
            None if self.acknowledged => self.worker(Intent::Tick),
            None => self.worker(Intent::scheduled(self.due)),
        };
        match self.step(&mut worker) {
            Step::Went => self.at_work = Some(worker),
            Step::Died => self.world.pass(Duration::from_secs(601)),
            Step::Stopped(Stop::Idle) => return false,
            Step::Stopped(Stop::Retry { at, .. } | Stop::Busy { until: at }) => self.wait(at),
            Step::Stopped(_) => {
                self.acknowledged = true;
                self.wait_for_what_is_next();
            }
        }
        true
    }

    /// Goes on until all is at rest.
    pub(crate) fn converge(&mut self) {
        while self.go_on() {}
        self.world.check_at_rest();
    }

    fn wait(&mut self, at: Timestamp) {
        let time = at
            .duration_since(self.world.now)
            .max(jiff::SignedDuration::from_secs(1));
        self.world.pass(time.unsigned_abs());
    }

    fn wait_for_what_is_next(&mut self) {
        let state = &self.world.state;
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
