//! Made-up histories: what Pub/Sub, Google, the calendar and people may do to a guard, in any order.

use crate::compact;
use budget_guard::{
    input::{Command, Event, Input, Observed, Until, Wish},
    message::{AmountType, AnomalyNotification, BudgetNotification, Deviation},
    money::{BasisPoints, Micros},
    policy::{Class, Mode, Policy, Restore, Trigger},
    state::State,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

/// Something that happens next.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A message, so many minutes later, after spending so many cents.
    Message {
        minutes: i64,
        cents: i64,
    },
    /// The last message comes again.
    Duplicate,
    /// An earlier message comes again, or only now.
    Late {
        back: usize,
        fresh_id: bool,
    },
    /// The budget becomes so many whole units.
    Edit {
        units: i64,
        by_a_person: bool,
    },
    /// The next period begins, having cost so many cents by its first message.
    Rollover {
        cents: i64,
    },
    /// A message that cannot be trusted.
    Odd(Odd),
    Anomaly {
        number: u8,
        units: i64,
    },
    Tick {
        minutes: i64,
    },
    Command(Asked),
    /// The process dies, and another reads the state.
    Restart,
    /// Somebody edits the policy.
    Policy(Change),
    /// Labels change.
    Armed(bool),
    Labelled(bool),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Odd {
    Currency,
    NoCost,
    ZeroAmount,
    HugeAmount,
    Schema,
    Misaligned,
    Future,
    Unbound,
    Ancient,
}

#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Snooze {
        hours: i64,
    },
    Release {
        step: &'static str,
        hours: Option<i64>,
    },
    Resume,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    Mode(Mode),
    Drop(&'static str),
    Whole,
    Protect(&'static str),
    Unprotect,
}

const STEPS: [&str; 4] = ["n50", "thr", "stop", "cap"];
const PATHS: [&str; 3] = ["web/eu/api", "web/eu/nightly", "sandbox-7"];

pub(crate) fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    prop::collection::vec(happening(), 1..120)
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        60 => (5i64..400, -8_000i64..12_000).prop_map(|(minutes, cents)| Happening::Message { minutes, cents }),
        6 => Just(Happening::Duplicate),
        6 => (1usize..8, any::<bool>()).prop_map(|(back, fresh_id)| Happening::Late { back, fresh_id }),
        5 => (200i64..4_900, any::<bool>()).prop_map(|(units, by_a_person)| Happening::Edit { units, by_a_person }),
        3 => (0i64..150_000).prop_map(|cents| Happening::Rollover { cents }),
        6 => odd().prop_map(Happening::Odd),
        2 => (0u8..6, 0i64..120).prop_map(|(number, units)| Happening::Anomaly { number, units }),
        6 => (1i64..900).prop_map(|minutes| Happening::Tick { minutes }),
        4 => asked().prop_map(Happening::Command),
        4 => Just(Happening::Restart),
        4 => change().prop_map(Happening::Policy),
        3 => any::<bool>().prop_map(Happening::Armed),
        1 => any::<bool>().prop_map(Happening::Labelled),
    ]
}

fn odd() -> impl Strategy<Value = Odd> {
    prop::sample::select(vec![
        Odd::Currency,
        Odd::NoCost,
        Odd::ZeroAmount,
        Odd::HugeAmount,
        Odd::Schema,
        Odd::Misaligned,
        Odd::Future,
        Odd::Unbound,
        Odd::Ancient,
    ])
}

fn asked() -> impl Strategy<Value = Asked> {
    let step = prop::sample::select(STEPS.to_vec());
    prop_oneof![
        (-1i64..100).prop_map(|hours| Asked::Snooze { hours }),
        (step, prop::option::of(-1i64..100))
            .prop_map(|(step, hours)| Asked::Release { step, hours }),
        Just(Asked::Resume),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Mode(Mode::DryRun)),
        Just(Change::Mode(Mode::Enforce)),
        prop::sample::select(STEPS.to_vec()).prop_map(Change::Drop),
        Just(Change::Whole),
        prop::sample::select(PATHS.to_vec()).prop_map(Change::Protect),
        Just(Change::Unprotect),
    ]
}

/// Policies with different ways to let go, and different triggers.
pub(crate) fn policies() -> impl Strategy<Value = Policy> {
    (0u8..6, any::<bool>()).prop_map(|(variant, enforce)| {
        let mut policy = match variant {
            0 | 1 => compact::policy(compact::base()),
            _ => compact::only(&STEPS),
        };
        for step in &mut policy.steps {
            match (variant, step.class) {
                (2, Class::Stop) => step.restore = Restore::Hysteresis,
                (3, Class::Throttle) => step.restore = Restore::Manual,
                (4, Class::Throttle) => step.when = Trigger::Pace(BasisPoints::new(12_000)),
                (5, Class::Throttle) => step.mode = Mode::DryRun,
                (5, Class::Stop) => step.confirm = 2,
                _ => {}
            }
        }
        policy.mode = if enforce { Mode::Enforce } else { Mode::DryRun };
        policy
    })
}

/// The world around a guard.
pub(crate) struct World {
    pub(crate) policy: Policy,
    whole: Policy,
    now: Timestamp,
    start: Timestamp,
    cost: i64,
    amount: i64,
    amount_type: AmountType,
    sent: Vec<BudgetNotification>,
    observed: Observed,
}

impl World {
    pub(crate) fn new(policy: Policy) -> Self {
        let start: Timestamp = "2026-10-01T07:00:00Z".parse().unwrap();
        Self {
            whole: policy.clone(),
            policy,
            now: start,
            start,
            cost: 0,
            amount: 1_000_000_000,
            amount_type: AmountType::Specified,
            sent: Vec::new(),
            observed: Observed::at(start),
        }
    }

    /// What the guard gets to see of a happening; none when it is not an event.
    pub(crate) fn next(&mut self, happening: &Happening, state: &mut State) -> Option<Event> {
        let input = match happening {
            Happening::Message { minutes, cents } => {
                self.pass(*minutes);
                self.cost += cents * 10_000;
                self.publish()
            }
            Happening::Duplicate => Input::Budget(self.sent.last()?.clone()),
            Happening::Late { back, fresh_id } => self.late(*back, *fresh_id)?,
            Happening::Edit { units, by_a_person } => {
                self.amount = units * 1_000_000;
                self.amount_type = if *by_a_person {
                    AmountType::Specified
                } else {
                    AmountType::Derived
                };
                self.pass(20);
                self.publish()
            }
            Happening::Rollover { cents } => {
                self.start = self.policy.period.end_of(self.start).unwrap();
                self.now = self.now.max(self.start);
                self.cost = cents * 10_000;
                self.pass(40);
                self.publish()
            }
            Happening::Odd(odd) => self.odd(*odd),
            Happening::Anomaly { number, units } => self.anomaly(*number, *units),
            Happening::Tick { minutes } => {
                self.pass(*minutes);
                Input::Tick
            }
            Happening::Command(asked) => self.command(asked),
            Happening::Restart => {
                *state = serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap();
                return None;
            }
            Happening::Policy(change) => return self.change(*change),
            Happening::Armed(armed) => return self.arm(*armed),
            Happening::Labelled(labelled) => return self.label(*labelled),
        };
        self.observed.now = self.now;
        Some(Event {
            input,
            observed: self.observed.clone(),
        })
    }

    fn pass(&mut self, minutes: i64) {
        self.now += SignedDuration::from_mins(minutes);
        // A period that is over is followed by the next, whatever else happens.
        while let Some(end) = self
            .policy
            .period
            .end_of(self.start)
            .filter(|end| *end <= self.now)
        {
            self.start = end;
            self.cost = 0;
        }
    }

    fn status(&self) -> BudgetNotification {
        BudgetNotification {
            account: self.policy.account.clone(),
            budget: self.policy.budget.clone(),
            schema: Some("1.0".to_owned()),
            message_id: format!("m{}", self.sent.len()),
            publish_time: self.now,
            display_name: None,
            cost: Some(Micros::new(self.cost)),
            amount: Some(Micros::new(self.amount)),
            amount_type: self.amount_type,
            interval_start: Some(self.start),
            alert_threshold: None,
            forecast_threshold: (self.cost > self.amount / 3).then_some(BasisPoints::WHOLE),
            currency: Some("USD".to_owned()),
        }
    }

    fn publish(&mut self) -> Input {
        let message = self.status();
        self.sent.push(message.clone());
        Input::Budget(message)
    }

    fn late(&mut self, back: usize, fresh_id: bool) -> Option<Input> {
        let index = self.sent.len().checked_sub(back + 1)?;
        let mut message = self.sent[index].clone();
        if fresh_id {
            message.message_id = format!("late-{index}-{}", self.sent.len());
            // The old period may go on reporting after the new one has begun.
            if message.interval_start != Some(self.start) {
                message.publish_time = self.now;
            }
        }
        Some(Input::Budget(message))
    }

    fn odd(&mut self, odd: Odd) -> Input {
        let mut message = self.status();
        message.message_id = format!("odd-{}-{odd:?}", self.sent.len());
        match odd {
            Odd::Currency => message.currency = Some("JPY".to_owned()),
            Odd::NoCost => message.cost = None,
            Odd::ZeroAmount => message.amount = Some(Micros::ZERO),
            Odd::HugeAmount => message.amount = Some(Micros::new(i64::MAX)),
            Odd::Schema => message.schema = Some("2.0".to_owned()),
            Odd::Misaligned => {
                message.interval_start = Some(self.now - SignedDuration::from_mins(17));
            }
            Odd::Future => message.publish_time = self.now + SignedDuration::from_mins(6),
            Odd::Unbound => message.budget = "another".to_owned(),
            Odd::Ancient => message.publish_time = self.now - SignedDuration::from_hours(25),
        }
        Input::Budget(message)
    }

    fn anomaly(&self, number: u8, units: i64) -> Input {
        Input::Anomaly(AnomalyNotification {
            account: self.policy.account.clone(),
            resource: "projects/1".to_owned(),
            resource_name: None,
            name: format!("a{number}"),
            message_id: format!("anomaly-{number}"),
            publish_time: self.now,
            deviation: Some(Deviation {
                amount: Micros::new(units * 1_000_000),
                currency: Some("USD".to_owned()),
            }),
        })
    }

    fn command(&self, asked: &Asked) -> Input {
        let after = |hours: i64| self.now + SignedDuration::from_hours(hours);
        let wish = match asked {
            Asked::Snooze { hours } => Wish::Snooze {
                until: after(*hours),
            },
            Asked::Release { step, hours } => Wish::Release {
                step: (*step).to_owned(),
                until: hours.map_or(Until::PeriodEnd, |hours| Until::At(after(hours))),
            },
            Asked::Resume => Wish::Resume,
        };
        Input::Command(Command {
            wish,
            by: "ana".to_owned(),
            reason: Some("looking".to_owned()),
        })
    }

    fn change(&mut self, change: Change) -> Option<Event> {
        match change {
            Change::Mode(mode) => self.policy.mode = mode,
            Change::Drop(id) => self.policy.steps.retain(|step| step.id != id),
            Change::Whole => self.policy.steps.clone_from(&self.whole.steps),
            Change::Protect(path) => self.policy.protected.extend(compact::everything_at(path)),
            Change::Unprotect => self.policy.protected.clone_from(&self.whole.protected),
        }
        None
    }

    fn arm(&mut self, armed: bool) -> Option<Event> {
        self.observed.armed = armed.then(|| "sandbox-7".to_owned()).into_iter().collect();
        None
    }

    fn label(&mut self, labelled: bool) -> Option<Event> {
        let nightly = compact::everything_at("web/eu/nightly");
        self.observed.protected = nightly.filter(|_| labelled).collect();
        None
    }
}
