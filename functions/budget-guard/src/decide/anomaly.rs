//! Google's cost anomalies: each is judged once, and says something about one account, not about one budget.

use super::{Turn, admit, fire::Evidence};
use crate::{
    decision::{Hold, Ignored, Suppression, Topic, Verdict},
    message::AnomalyNotification,
    money::Micros,
    policy::Trigger,
};

/// So many names are remembered; an anomaly is not reported again after so many others.
const NAMES: usize = 100;

impl Turn<'_> {
    pub(super) fn anomaly(&mut self, anomaly: &AnomalyNotification) -> Verdict {
        if anomaly.account != self.policy.account {
            return Verdict::Ignored(Ignored::UnboundAccount);
        }
        let now = self.now();
        if now.duration_since(anomaly.publish_time) > admit::TOO_OLD {
            return Verdict::Ignored(Ignored::TooOld);
        }
        if self.state.seen_anomalies.contains(&anomaly.name) {
            return Verdict::Replay;
        }
        let deviation = match self.deviation(anomaly) {
            Ok(deviation) => deviation,
            Err(reason) => {
                if self.state.told.insert(format!("hold:{reason}:anomaly")) {
                    self.tell(&Topic::Hold { reason });
                }
                return Verdict::Hold(reason);
            }
        };
        self.state.seen_anomalies.push(anomaly.name.clone());
        let surplus = self.state.seen_anomalies.len().saturating_sub(NAMES);
        self.state.seen_anomalies.drain(..surplus);
        // The key of a firing names a period, also before the first message of a budget has.
        if self.state.period.is_none() {
            self.state.period = self.policy.period.start_of(now);
        }
        self.drop_void_dry_latches();
        self.fire_on(deviation);
        self.plan();
        self.remind();
        Verdict::Evaluated
    }

    fn deviation(&self, anomaly: &AnomalyNotification) -> Result<Micros, Hold> {
        let deviation = anomaly.deviation.as_ref().ok_or(Hold::BadAmounts)?;
        let currency = deviation.currency.as_ref();
        // An amount without a currency is in the account's, which is the budget's.
        if currency.is_some_and(|currency| *currency != self.policy.currency) {
            return Err(Hold::CurrencyMismatch);
        }
        Ok(deviation.amount)
    }

    fn fire_on(&mut self, deviation: Micros) {
        let policy = self.policy;
        let mut held_by_snooze = Vec::new();
        for step in &policy.steps {
            let Trigger::Anomaly { min } = step.when else {
                continue;
            };
            if deviation < min {
                continue;
            }
            if step.needs_arming() {
                self.suppress(step, Suppression::NotArmed, &mut held_by_snooze);
                continue;
            }
            if let Some(reason) = self.held_by_a_person(step) {
                self.suppress(step, reason, &mut held_by_snooze);
                continue;
            }
            // Another anomaly is another event: a notice that was given for one is given for the next.
            if self.state.latch(&step.id).is_some() {
                if step.class.enforces() {
                    continue;
                }
                self.state.latches.retain(|latch| latch.step != step.id);
                *self.state.epochs.entry(step.id.clone()).or_default() += 1;
            }
            let evidence = Evidence {
                cost: None,
                budget: None,
            };
            self.latch(step, evidence);
        }
        self.tell_snooze(held_by_snooze);
        self.tell_fired();
    }
}
