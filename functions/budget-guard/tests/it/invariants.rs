//! What holds whatever happens: P1 to P12, over made-up histories.

use crate::history::{self, Happening, World};
use budget_guard::{
    action::{Action, Resource},
    decide,
    decision::{Decision, Ignored, Level, PlanItem, Topic, Verdict},
    input::{Event, Input},
    money::Micros,
    policy::{Mode, Policy, Trigger},
    state::{Latch, State},
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

/// How many decisions to make; ten thousand, when it is not set.
const VARIABLE: &str = "NIGHTSHIFT_BUDGET_DECISIONS";

/// One decision with everything around it.
struct Judged<'a> {
    policy: &'a Policy,
    event: &'a Event,
    before: &'a State,
    after: &'a State,
    decision: &'a Decision,
}

#[test]
fn the_invariants_hold_over_made_up_histories() {
    let wanted: u64 = std::env::var(VARIABLE).map_or(10_000, |wanted| wanted.parse().unwrap());
    let made = Cell::new(0u64);
    let seen = RefCell::new(BTreeSet::new());
    // The same histories every time: a suite that fails only now and then helps nobody, and the variable asks for more.
    let config = Config {
        cases: 50,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut seeds = TestRunner::new_with_rng(config.clone(), random);
    let histories = (history::policies(), history::happenings());
    while made.get() < wanted {
        // A runner counts its cases for good, so each fifty get their own.
        TestRunner::new_with_rng(config.clone(), seeds.new_rng())
            .run(&histories, |(policy, happenings)| {
                made.set(made.get() + live_through(policy, &happenings, &seen)?);
                Ok(())
            })
            .unwrap_or_else(|failure| panic!("{failure}"));
    }
    // Invariants over histories in which nothing happens would hold too.
    let seen = seen.into_inner();
    let missing: Vec<_> = EVERYTHING
        .iter()
        .filter(|word| !seen.contains(**word))
        .collect();
    assert!(missing.is_empty(), "{missing:?} never happened");
    println!("{} decisions", made.get());
}

/// What must have happened for the invariants to mean anything.
const EVERYTHING: [&str; 33] = [
    "evaluated",
    "replay",
    "ignored:stale",
    "ignored:old_period",
    "ignored:too_old",
    "ignored:unbound_budget",
    "hold:currency_mismatch",
    "hold:bad_amounts",
    "hold:amount_not_positive",
    "hold:amount_out_of_range",
    "hold:unknown_schema",
    "hold:interval_misaligned",
    "hold:from_the_future",
    "accepted",
    "rejected:until_in_the_past",
    "tick",
    "rollover",
    "budget_raised",
    "hysteresis",
    "policy_removed",
    "operator",
    "unconfirmed",
    "cooling",
    "released_by_operator",
    "snoozed",
    "not_armed",
    "restore",
    "do",
    "set",
    "dry",
    "skip:protected",
    "capped",
    "throttled",
];

/// What happened, in words.
fn words(decision: &Decision) -> Vec<String> {
    let verdict = decision.verdict;
    let reason = verdict.reason().map(|reason| format!(":{reason}"));
    let mut words = vec![
        format!("{}{}", verdict.word(), reason.unwrap_or_default()),
        decision.level.to_string(),
    ];
    words.extend(
        decision
            .released
            .iter()
            .map(|release| release.reason.to_string()),
    );
    words.extend(
        decision
            .suppressed
            .iter()
            .map(|kept| kept.reason.to_string()),
    );
    let first = |item: &PlanItem| item.to_string().split(' ').next().unwrap().to_owned();
    words.extend(decision.plan.iter().map(first));
    words
}

/// Lives through a history; says how many events it had.
fn live_through(
    policy: Policy,
    happenings: &[Happening],
    seen: &RefCell<BTreeSet<String>>,
) -> Result<u64, TestCaseError> {
    let mut world = World::new(policy);
    let mut state = State::default();
    let mut keys = BTreeSet::new();
    let mut decisions = 0;
    for happening in happenings {
        let Some(event) = world.next(happening, &mut state) else {
            continue;
        };
        let (after, decision) = decide(&world.policy, &state, &event);
        let judged = Judged {
            policy: &world.policy,
            event: &event,
            before: &state,
            after: &after,
            decision: &decision,
        };
        judged.holds()?;
        seen.borrow_mut().extend(words(&decision));
        for firing in decision
            .fired
            .iter()
            .filter(|firing| firing.mode == Mode::Enforce)
        {
            prop_assert!(
                keys.insert(firing.key.clone()),
                "P5: {} fired twice",
                firing.key
            );
        }
        state = after;
        decisions += 1;
    }
    Ok(decisions)
}

impl Judged<'_> {
    fn holds(&self) -> Result<(), TestCaseError> {
        self.the_same_again_is_the_same()?;
        self.a_replay_does_nothing()?;
        self.more_cost_is_never_a_lower_level()?;
        self.what_is_not_judged_changes_nothing()?;
        self.what_is_applied_is_what_the_latches_ask_for()?;
        self.only_what_was_applied_is_restored()?;
        self.a_dry_run_takes_nothing()?;
        self.billing_is_unlinked_by_consent()?;
        self.protected_resources_are_left_alone()?;
        self.every_enforcement_is_accounted_for_at_a_rollover()
    }

    /// P1.
    fn the_same_again_is_the_same(&self) -> Result<(), TestCaseError> {
        let (after, decision) = decide(self.policy, self.before, self.event);
        prop_assert_eq!(&after, self.after, "P1");
        prop_assert_eq!(&decision, self.decision, "P1");
        Ok(())
    }

    /// P2, also for what was judged just now.
    fn a_replay_does_nothing(&self) -> Result<(), TestCaseError> {
        let mut replays = vec![];
        if self.decision.verdict == Verdict::Replay {
            replays.push(self.decision.clone());
        }
        if self.decision.verdict == Verdict::Evaluated {
            let (_, again) = decide(self.policy, self.after, self.event);
            prop_assert_eq!(again.verdict, Verdict::Replay, "P2");
            replays.push(again);
        }
        for replay in replays {
            let nothing = replay.fired.is_empty() && replay.released.is_empty();
            prop_assert!(
                nothing && replay.plan.is_empty() && replay.notify.is_empty(),
                "P2: {:?}",
                replay
            );
        }
        Ok(())
    }

    /// P3. Spikes are left out: a larger cost makes the usual larger too.
    fn more_cost_is_never_a_lower_level(&self) -> Result<(), TestCaseError> {
        let Input::Budget(message) = &self.event.input else {
            return Ok(());
        };
        let spikes = |step: &budget_guard::policy::Step| matches!(step.when, Trigger::Spike(_));
        if self.policy.steps.iter().any(spikes) && self.decision.level <= Level::Notified {
            return Ok(());
        }
        let mut dearer = message.clone();
        let more = |cost: Micros| Micros::new(cost.get() + 37_000_000);
        dearer.cost = dearer.cost.map(more);
        let event = Event {
            input: Input::Budget(dearer),
            observed: self.event.observed.clone(),
        };
        let (_, other) = decide(self.policy, self.before, &event);
        prop_assert!(
            other.level >= self.decision.level,
            "P3: {} < {}",
            other.level,
            self.decision.level
        );
        Ok(())
    }

    /// P4 and P11.
    fn what_is_not_judged_changes_nothing(&self) -> Result<(), TestCaseError> {
        let stale = [Ignored::Stale, Ignored::OldPeriod, Ignored::TooOld].map(Verdict::Ignored);
        if stale.contains(&self.decision.verdict) {
            prop_assert!(self.decision.fired.is_empty(), "P11");
        }
        if matches!(
            self.decision.verdict,
            Verdict::Ignored(_) | Verdict::Hold(_) | Verdict::Rejected(_)
        ) {
            prop_assert_eq!(&self.before.latches, &self.after.latches, "P4");
            prop_assert_eq!(&self.before.applied, &self.after.applied, "P4");
            prop_assert!(
                self.decision.plan.is_empty() && self.decision.fired.is_empty(),
                "P4"
            );
            prop_assert_eq!(&self.before.series, &self.after.series, "P4");
            prop_assert_eq!(&self.before.watermark, &self.after.watermark, "P4");
        }
        Ok(())
    }

    /// P6, and the plan is the way from before to after.
    fn what_is_applied_is_what_the_latches_ask_for(&self) -> Result<(), TestCaseError> {
        let plans = matches!(
            self.decision.verdict,
            Verdict::Evaluated | Verdict::Accepted | Verdict::Tick
        );
        if !plans {
            return Ok(());
        }
        let real = self.after.latches.iter().filter(|latch| latch.is_real());
        let asked: Vec<&Action> = real.flat_map(|latch| &latch.actions).collect();
        for (resource, applied) in &self.after.applied {
            prop_assert!(
                asked.contains(&applied),
                "P6: {applied} is asked for by no latch"
            );
            let exceeded = asked
                .iter()
                .any(|a| a.resource == *resource && a.exceeds(applied));
            let dry = self.policy.mode == Mode::DryRun;
            prop_assert!(dry || !exceeded, "P6: {applied} is not the most severe");
        }
        for action in asked {
            let there = self.after.applied.contains_key(&action.resource);
            let excused = self.policy.mode == Mode::DryRun
                || self.is_protected(&action.resource)
                || (action.unlinks_billing() && !self.consents(&action.resource));
            prop_assert!(
                there || excused,
                "P6: {action} is asked for and not in force"
            );
        }
        let mut world = self.before.applied.clone();
        for item in &self.decision.plan {
            match item {
                PlanItem::Restore { resource, .. } => {
                    world.remove(resource);
                }
                PlanItem::Do { action } | PlanItem::Set { action } => {
                    world.insert(action.resource.clone(), action.clone());
                }
                _ => {}
            }
        }
        prop_assert_eq!(
            &world,
            &self.after.applied,
            "P6: the plan does not lead there"
        );
        Ok(())
    }

    /// P7.
    fn only_what_was_applied_is_restored(&self) -> Result<(), TestCaseError> {
        for item in &self.decision.plan {
            if let PlanItem::Restore { resource, action } = item {
                prop_assert_eq!(self.before.applied.get(resource), Some(action), "P7");
            }
        }
        Ok(())
    }

    /// P8.
    fn a_dry_run_takes_nothing(&self) -> Result<(), TestCaseError> {
        let takes = |item: &PlanItem| matches!(item, PlanItem::Do { .. });
        if self.policy.mode == Mode::DryRun {
            prop_assert!(!self.decision.plan.iter().any(takes), "P8");
        }
        Ok(())
    }

    /// P9.
    fn billing_is_unlinked_by_consent(&self) -> Result<(), TestCaseError> {
        for item in &self.decision.plan {
            if let PlanItem::Do { action } = item
                && action.unlinks_billing()
            {
                prop_assert!(self.consents(&action.resource), "P9: {action}");
                let capped = self
                    .after
                    .latches
                    .iter()
                    .any(|latch| latch.actions.contains(action));
                prop_assert!(
                    capped && self.decision.level == Level::Capped,
                    "P9: {action}"
                );
            }
        }
        Ok(())
    }

    /// P10; what becomes protected is given back once.
    fn protected_resources_are_left_alone(&self) -> Result<(), TestCaseError> {
        for item in &self.decision.plan {
            if let PlanItem::Do { action } | PlanItem::Set { action } = item {
                prop_assert!(!self.is_protected(&action.resource), "P10: {item}");
            }
        }
        Ok(())
    }

    /// P12: given back, or carried and said.
    fn every_enforcement_is_accounted_for_at_a_rollover(&self) -> Result<(), TestCaseError> {
        if !self.decision.rolled {
            return Ok(());
        }
        let said = |latch: &Latch| {
            self.decision.notify.iter().flat_map(|notice| &notice.topics).any(|topic| {
                matches!(topic, Topic::Carried { steps } if steps.contains(&latch.step))
            })
        };
        let enforced = self
            .before
            .latches
            .iter()
            .filter(|l| l.is_real() && l.class.enforces());
        for latch in enforced {
            let released = self
                .decision
                .released
                .iter()
                .any(|release| release.step == latch.step);
            let carried = self
                .after
                .latch(&latch.step)
                .is_some_and(|latch| latch.carried);
            prop_assert!(released || (carried && said(latch)), "P12: {}", latch.step);
        }
        Ok(())
    }

    fn is_protected(&self, resource: &Resource) -> bool {
        self.policy.protected.contains(resource) || self.event.observed.protected.contains(resource)
    }

    fn consents(&self, resource: &Resource) -> bool {
        self.policy.cap_projects.contains(&resource.path)
            && self.event.observed.armed.contains(&resource.path)
            && self.policy.guard_project != resource.path
    }
}
