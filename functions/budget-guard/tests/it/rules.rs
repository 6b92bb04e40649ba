//! Rules of the ladder that no published vector holds, each in a few messages.

use crate::compact;
use budget_guard::{
    decide,
    decision::{Decision, PlanItem, Topic},
    input::{Command, Event, Input, Observed, Until, Wish},
    message::{AmountType, BudgetNotification},
    money::{BasisPoints, Micros},
    policy::{Class, Policy, Restore, Trigger},
    state::State,
};
use jiff::{SignedDuration, Timestamp};

/// A guard that gets a message every half hour from the tenth of October on.
struct Guard {
    policy: Policy,
    state: State,
    now: Timestamp,
    start: Timestamp,
    amount: i64,
    amount_type: AmountType,
    armed: bool,
}

impl Guard {
    fn new(policy: Policy) -> Self {
        Self {
            policy,
            state: State::default(),
            now: "2026-10-10T10:00:00Z".parse().unwrap(),
            start: "2026-10-01T07:00:00Z".parse().unwrap(),
            amount: 1000,
            amount_type: AmountType::Specified,
            armed: false,
        }
    }

    fn ladder() -> Self {
        Self::new(compact::only(&["n50", "thr", "stop", "cap"]))
    }

    fn november(&mut self) {
        self.start = "2026-11-01T07:00:00Z".parse().unwrap();
        self.now = "2026-11-01T07:40:00Z".parse().unwrap();
    }

    fn hears(&mut self, cost: i64) -> Decision {
        self.now += SignedDuration::from_mins(30);
        let message = self.message(cost);
        self.decides(Input::Budget(message))
    }

    /// What is published now.
    fn message(&self, cost: i64) -> BudgetNotification {
        BudgetNotification {
            account: self.policy.account.clone(),
            budget: self.policy.budget.clone(),
            schema: Some("1.0".to_owned()),
            message_id: self.now.to_string(),
            publish_time: self.now,
            display_name: None,
            cost: Some(Micros::new(cost * 1_000_000)),
            amount: Some(Micros::new(self.amount * 1_000_000)),
            amount_type: self.amount_type,
            interval_start: Some(self.start),
            alert_threshold: None,
            forecast_threshold: None,
            currency: Some("USD".to_owned()),
        }
    }

    fn obeys(&mut self, wish: Wish) -> Decision {
        self.decides(Input::Command(Command {
            wish,
            by: "ana".to_owned(),
            reason: Some("looking".to_owned()),
        }))
    }

    fn decides(&mut self, input: Input) -> Decision {
        let mut observed = Observed::at(self.now);
        observed
            .armed
            .extend(self.armed.then(|| "sandbox-7".to_owned()));
        let event = Event { input, observed };
        let (state, decision) = decide(&self.policy, &self.state, &event);
        self.state = state;
        decision
    }
}

fn fired(decision: &Decision) -> Vec<String> {
    decision
        .fired
        .iter()
        .map(|f| format!("{}#{}", f.step, f.epoch))
        .collect()
}

fn released(decision: &Decision) -> Vec<String> {
    decision
        .released
        .iter()
        .map(|r| format!("{}:{}", r.step, r.reason))
        .collect()
}

fn suppressed(decision: &Decision) -> Vec<String> {
    decision
        .suppressed
        .iter()
        .map(|s| format!("{}:{}", s.step, s.reason))
        .collect()
}

fn plan(decision: &Decision) -> Vec<String> {
    decision
        .plan
        .iter()
        .filter(|item| item.acts())
        .map(PlanItem::to_string)
        .collect()
}

fn says(decision: &Decision, wanted: impl Fn(&Topic) -> bool) -> bool {
    decision
        .notify
        .iter()
        .flat_map(|notice| &notice.topics)
        .any(wanted)
}

#[test]
fn a_cap_stays_until_a_person_releases_it() {
    let mut guard = Guard::ladder();
    guard.armed = true;
    guard.hears(1210);
    assert_eq!(plan(&guard.hears(1220)), ["do billing.unlink:sandbox-7"]);
    assert_eq!(guard.hears(1100).level.code(), "capped");
    guard.amount = 4000;
    assert_eq!(
        released(&guard.hears(1100)),
        ["thr:budget_raised", "stop:budget_raised"]
    );
    guard.november();
    let rolled = guard.hears(0);
    assert!(says(
        &rolled,
        |topic| matches!(topic, Topic::Carried { steps } if steps == &["cap"])
    ));
    assert_eq!(rolled.level.code(), "capped");
    let by_hand = guard.obeys(Wish::Release {
        step: "cap".to_owned(),
        until: Until::PeriodEnd,
    });
    assert_eq!(released(&by_hand), ["cap:operator"]);
    assert_eq!(plan(&by_hand), ["restore sandbox-7"]);
}

#[test]
fn arming_later_takes_effect_at_the_next_message_and_is_asked_for_once() {
    let mut guard = Guard::ladder();
    let not_armed = |topic: &Topic| matches!(topic, Topic::NotArmed { .. });
    guard.hears(1210);
    assert!(says(&guard.hears(1210), not_armed));
    assert!(!says(&guard.hears(1210), not_armed));
    guard.armed = true;
    assert_eq!(fired(&guard.hears(1210)), ["cap#0"]);
}

#[test]
fn a_consent_that_was_withdrawn_keeps_billing_linked() {
    let mut guard = Guard::ladder();
    let project = compact::everything_at("sandbox-7");
    guard.policy.protected.extend(project);
    guard.armed = true;
    guard.hears(1210);
    assert_eq!(plan(&guard.hears(1210)), [""; 0]);
    guard.policy.protected.clear();
    guard.armed = false;
    assert!(
        !plan(&guard.hears(1210))
            .iter()
            .any(|item| item.contains("billing.unlink"))
    );
    guard.armed = true;
    assert_eq!(plan(&guard.hears(1210)), ["do billing.unlink:sandbox-7"]);
}

#[test]
fn a_step_that_lets_go_does_not_fire_in_the_same_decision() {
    let mut guard = Guard::ladder();
    for step in &mut guard.policy.steps {
        if step.class == Class::Throttle {
            step.when = Trigger::Pace(BasisPoints::new(10_000));
            step.cool_down = SignedDuration::ZERO;
        }
    }
    assert_eq!(fired(&guard.hears(400)), ["thr#0"]);
    guard.amount = 1100;
    let raised = guard.hears(410);
    assert_eq!(
        (released(&raised), fired(&raised)),
        (vec!["thr:budget_raised".to_owned()], vec![])
    );
    assert_eq!(fired(&guard.hears(420)), ["thr#1"]);
}

#[test]
fn a_step_that_let_go_waits_an_hour() {
    let mut guard = Guard::ladder();
    guard.hears(1010);
    guard.amount = 2000;
    guard.hears(1010);
    guard.amount = 1000;
    // The cost is more than ten points above the throttle, which does not wait.
    let too_soon = guard.hears(1010);
    assert_eq!(fired(&too_soon), ["thr#1"]);
    assert_eq!(suppressed(&too_soon), ["stop:cooling"]);
    assert_eq!(fired(&guard.hears(1010)), ["stop#1"]);
}

#[test]
fn releases_are_counted_anew_in_each_period() {
    let mut guard = Guard::ladder();
    guard.hears(950);
    guard.amount = 3000;
    assert_eq!(released(&guard.hears(950)), ["thr:budget_raised"]);
    guard.amount = 1000;
    guard.november();
    guard.hears(0);
    assert_eq!(fired(&guard.hears(950)), ["n50#0", "thr#0"]);
}

#[test]
fn a_budget_that_follows_last_month_is_not_raised_by_a_person() {
    let mut guard = Guard::ladder();
    guard.hears(1010);
    guard.amount = 3000;
    guard.amount_type = AmountType::Derived;
    assert_eq!(released(&guard.hears(1010)), [""; 0]);
}

#[test]
fn a_first_month_without_an_amount_is_judged_by_the_steps_that_name_one() {
    let mut guard = Guard::ladder();
    guard.amount = 0;
    guard.amount_type = AmountType::Derived;
    let blind = guard.hears(700);
    assert_eq!(blind.verdict.reason(), Some("amount_not_positive"));
    let six_hundred = Trigger::ActualAmount(Micros::new(600_000_000));
    for step in &mut guard.policy.steps {
        if step.id != "n50" {
            step.when = six_hundred;
            step.confirm_min = SignedDuration::ZERO;
        }
    }
    guard.armed = true;
    guard.state = State::default();
    let seen = guard.hears(700);
    assert_eq!(fired(&seen), ["thr#0", "stop#0"]);
    let holds = |decision: &Decision| {
        says(
            decision,
            |topic| matches!(topic, Topic::Hold { reason } if reason.to_string() == "amount_not_positive"),
        )
    };
    assert!(holds(&seen), "what is not judged is said");
    assert_eq!(
        (seen.cost, seen.budget),
        (Some(Micros::new(700_000_000)), None)
    );
    let again = guard.hears(10);
    assert_eq!((released(&again), holds(&again)), (vec![], false));
    guard.hears(700);
    assert_eq!(
        suppressed(&guard.hears(700)),
        ["cap:not_armed"],
        "nothing is unlinked without a budget"
    );
    // A person who types a silly amount is another matter: that is no first month.
    guard.amount_type = AmountType::Specified;
    guard.state = State::default();
    assert_eq!(guard.hears(700).verdict.word(), "hold");
    guard.amount_type = AmountType::Derived;
    guard.state = State::default();
    guard.hears(700);
    guard.november();
    assert_eq!(released(&guard.hears(1)), ["thr:rollover", "stop:rollover"]);
}

#[test]
fn what_only_a_person_may_restore_is_carried_and_said() {
    let mut guard = Guard::ladder();
    for step in &mut guard.policy.steps {
        step.restore = Restore::Manual;
    }
    guard.hears(950);
    guard.november();
    let rolled = guard.hears(0);
    assert!(says(&rolled, |topic| matches!(
        topic,
        Topic::Carried { .. }
    )));
    assert_eq!((plan(&rolled), rolled.level.code()), (vec![], "throttled"));
}

#[test]
fn a_release_by_hand_outlives_the_next_message() {
    let mut guard = Guard::ladder();
    guard.hears(1010);
    let until = Until::At(guard.now + SignedDuration::from_hours(1));
    let by_hand = guard.obeys(Wish::Release {
        step: "stop".to_owned(),
        until,
    });
    assert_eq!(
        plan(&by_hand),
        [
            "restore web/eu/nightly",
            "set run.max_instances:web/eu/api=1"
        ]
    );
    assert_eq!(
        suppressed(&guard.hears(1010)),
        ["stop:released_by_operator"]
    );
    assert_eq!(fired(&guard.hears(1010)), ["stop#1"]);
}

#[test]
fn resuming_ends_a_snooze() {
    let mut guard = Guard::ladder();
    let until = guard.now + SignedDuration::from_hours(48);
    guard.obeys(Wish::Snooze { until });
    assert_eq!(suppressed(&guard.hears(950)), ["thr:snoozed"]);
    guard.obeys(Wish::Resume);
    assert_eq!(fired(&guard.hears(950)), ["thr#0"]);
}

#[test]
fn nothing_is_projected_in_the_first_day() {
    let mut guard = Guard::new(compact::only(&["p130", "r12"]));
    guard.now = "2026-10-02T05:00:00Z".parse().unwrap();
    assert_eq!(fired(&guard.hears(900)), [""; 0]);
    assert_eq!(guard.hears(900).projection, None);
    guard.now = "2026-10-02T07:00:00Z".parse().unwrap();
    assert_eq!(fired(&guard.hears(900)), ["p130#0", "r12#0"]);
}

#[test]
fn a_projection_counts_what_is_not_billed_yet() {
    let mut guard = Guard::new(compact::only(&["p130"]));
    guard.now = "2026-10-02T00:30:00Z".parse().unwrap();
    guard.hears(80);
    guard.now = "2026-10-02T06:30:00Z".parse().unwrap();
    let projection = guard.hears(100).projection.unwrap();
    assert_eq!(
        (projection.burn_6h, projection.burn_24h),
        (3_333_333, 4_166_666)
    );
    assert_eq!(
        (projection.effective, projection.at_period_end),
        (119_999_998, 3_119_999_518)
    );
}

#[test]
fn a_hold_is_said_again_in_a_period_that_never_begins() {
    let mut guard = Guard::ladder();
    let held = |topic: &Topic| matches!(topic, Topic::Hold { .. });
    guard.hears(10);
    guard.amount = 9000;
    assert!(says(&guard.hears(10), held));
    assert!(!says(&guard.hears(10), held));
    guard.november();
    assert!(says(&guard.hears(10), held));
    assert!(!says(&guard.hears(10), held));
}

#[test]
fn a_message_may_be_a_day_old_and_five_minutes_ahead_and_no_second_more() {
    for (seconds, verdict, reason) in [
        (-86_400, "evaluated", None),
        (-86_401, "ignored", Some("too_old")),
        (300, "evaluated", None),
        (301, "hold", Some("from_the_future")),
    ] {
        let mut guard = Guard::ladder();
        let mut message = guard.message(1010);
        message.publish_time += SignedDuration::from_secs(seconds);
        let decision = guard.decides(Input::Budget(message));
        let found = (decision.verdict.word(), decision.verdict.reason());
        assert_eq!(found, (verdict, reason), "{seconds} s");
    }
}
