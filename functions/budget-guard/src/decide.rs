//! The whole judgement, as a function: no clock, no network, no randomness.
//!
//! A message is a level, not an edge: it says how things stand, every half hour, whether anything has changed or not. So a
//! step that fires leaves a latch, and the plan is the difference between what the latches ask for and what is in force,
//! never a list of side effects: a throttle that fires again cannot weaken a stop.

mod admit;
mod anomaly;
mod command;
mod fire;
mod notices;
mod plan;
mod release;

use crate::{
    decision::{Decision, Hold, Level, Topic, Verdict},
    input::{Event, Input, Observed},
    message::BudgetNotification,
    money::{BasisPoints, Micros},
    policy::{Mode, Policy, Trigger},
    projection::{self, Projection},
    state::{State, Watermark},
};
use jiff::Timestamp;

/// Decides what `event` means under `policy`, given what `state` remembers; and what to remember from now on.
///
/// The same three always give the same answer, and `state` is left as it is: who cannot store the new one has lost nothing.
pub fn decide(policy: &Policy, state: &State, event: &Event) -> (State, Decision) {
    let mut turn = Turn::new(policy, state.clone(), &event.observed);
    let verdict = match &event.input {
        Input::Budget(message) => turn.budget(message),
        Input::Anomaly(anomaly) => turn.anomaly(anomaly),
        Input::Command(command) => turn.command(command),
        Input::Unrecognized => Verdict::Ignored(crate::decision::Ignored::UnknownKind),
        Input::Tick => turn.tick(),
    };
    turn.finish(verdict)
}

/// A message that can be judged.
#[derive(Debug, Clone, Copy)]
struct Reading {
    cost: Micros,
    /// The budget's amount; none where it follows an earlier period that has cost nothing, and only the cost is judged.
    amount: Option<Micros>,
    /// When the period began.
    start: Timestamp,
    /// When the message was published.
    at: Timestamp,
    /// Google's forecast.
    forecast: Option<BasisPoints>,
    /// Whether a person set the amount.
    specified: bool,
    /// Whether a new period began.
    rolled: bool,
    /// Why there is no amount.
    blind: Option<Hold>,
}

/// One decision in the making.
struct Turn<'a> {
    policy: &'a Policy,
    observed: &'a Observed,
    state: State,
    decision: Decision,
    /// Everything said so far, channel by channel.
    topics: Vec<(String, Topic)>,
}

impl<'a> Turn<'a> {
    fn new(policy: &'a Policy, state: State, observed: &'a Observed) -> Self {
        Self {
            policy,
            observed,
            state,
            decision: Decision {
                verdict: Verdict::Tick,
                level: Level::Normal,
                rolled: false,
                fired: Vec::new(),
                released: Vec::new(),
                suppressed: Vec::new(),
                plan: Vec::new(),
                notify: Vec::new(),
                cost: None,
                budget: None,
                projection: None,
            },
            topics: Vec::new(),
        }
    }

    fn now(&self) -> Timestamp {
        self.observed.now
    }

    fn budget(&mut self, message: &BudgetNotification) -> Verdict {
        let reading = match admit::admit(self.policy, &self.state, message, self.now()) {
            Ok(reading) => reading,
            Err(verdict) => {
                self.note_heard(message, verdict);
                self.tell_hold(verdict, message);
                return verdict;
            }
        };
        self.note_heard(message, Verdict::Evaluated);
        self.remember(message, &reading);
        if let Some(reason) = reading.blind {
            self.tell_hold(Verdict::Hold(reason), message);
        }
        self.drop_void_dry_latches();
        self.release(&reading);
        self.fire(&reading);
        self.plan();
        self.remind();
        Verdict::Evaluated
    }

    /// A message for this budget shows that the feed lives, whatever becomes of it.
    fn note_heard(&mut self, message: &BudgetNotification, verdict: Verdict) {
        if verdict == Verdict::Ignored(crate::decision::Ignored::UnboundBudget) {
            return;
        }
        let published = message.publish_time.min(self.now());
        self.state.last_heard = self.state.last_heard.max(Some(published));
        self.state.silent_told = false;
    }

    /// The memory of the new period, the newest message, and the series.
    fn remember(&mut self, message: &BudgetNotification, reading: &Reading) {
        let state = &mut self.state;
        self.decision.rolled = reading.rolled;
        if reading.rolled {
            state.high_water = None;
            state.confirm.clear();
            state.blocks.clear();
            state.told.clear();
            state.epochs.clear();
            state.cool.clear();
            state.under.clear();
        }
        if reading.rolled || state.series.is_empty() {
            state.series.begin(reading.start);
        }
        state.period = Some(reading.start);
        state.watermark = Some(Watermark {
            publish_time: message.publish_time,
            message_id: message.message_id.clone(),
        });
        state.cost = Some(reading.cost);
        state.high_water = state.high_water.max(Some(reading.cost));
        state.budget = reading.amount;
        state.currency.clone_from(&message.currency);
        state.series.add(reading.start, reading.at, reading.cost);
        let end = self.policy.period.end_of(reading.start);
        self.decision.projection = end.and_then(|end| {
            Projection::new(
                &state.series,
                (reading.start, end),
                reading.at,
                reading.cost,
            )
        });
    }

    /// What was only said must be said again for real once the step is.
    fn drop_void_dry_latches(&mut self) {
        let policy = self.policy;
        self.state.latches.retain(|latch| {
            let step = policy.step(&latch.step);
            latch.is_real() || step.is_none_or(|step| policy.mode_of(step) == Mode::DryRun)
        });
    }

    /// Whether the reading satisfies a trigger. Anomalies have messages of their own.
    fn satisfies(&self, trigger: Trigger, reading: &Reading) -> bool {
        let Reading { cost, amount, .. } = *reading;
        let projection = self.decision.projection;
        match trigger {
            Trigger::Actual(share) => amount.is_some_and(|amount| cost.reaches(share, amount)),
            Trigger::ActualAmount(least) => cost >= least,
            Trigger::GoogleForecast(share) => reading.forecast.is_some_and(|said| said >= share),
            Trigger::Pace(share) => projection
                .zip(amount)
                .is_some_and(|(p, amount)| p.will_reach(share, amount)),
            Trigger::RunwayHours(hours) => projection
                .zip(amount)
                .is_some_and(|(p, amount)| p.exhausts_within(hours, amount)),
            Trigger::Spike(spike) => amount.is_some_and(|amount| {
                projection::is_spike(&self.state.series, spike, reading.at, cost, amount)
            }),
            Trigger::Anomaly { .. } => false,
        }
    }

    fn tick(&mut self) -> Verdict {
        self.plan();
        self.watch_the_feed();
        self.remind();
        Verdict::Tick
    }

    fn finish(mut self, verdict: Verdict) -> (State, Decision) {
        self.decision.verdict = verdict;
        self.decision.level = self.state.level();
        self.decision.cost = self.state.cost;
        self.decision.budget = self.state.budget;
        self.decision.notify = notices::by_channel(self.topics);
        (self.state, self.decision)
    }
}
