//! What is said, to whom, and how often.

use super::Turn;
use crate::{
    decision::{Hold, Level, Notice, Topic, Verdict},
    message::BudgetNotification,
    policy::Mode,
};
use jiff::SignedDuration;

/// While something is taken away, somebody hears of it this often.
const REMINDER: SignedDuration = SignedDuration::from_hours(24);
/// Messages come every 20 to 40 minutes; without one for so long, the feed is dead.
const SILENCE: SignedDuration = SignedDuration::from_hours(6);

impl Turn<'_> {
    /// Says something to the channels of the policy as a whole.
    pub(super) fn tell(&mut self, topic: &Topic) {
        for channel in &self.policy.tell {
            self.topics.push((channel.clone(), topic.clone()));
        }
    }

    /// A hold is said once per period and reason.
    pub(super) fn tell_hold(&mut self, verdict: Verdict, message: &BudgetNotification) {
        let Verdict::Hold(reason) = verdict else {
            return;
        };
        // A period that only sends what cannot be trusted never begins, and yet it must be said anew.
        let fresh = message.interval_start.filter(|start| {
            reason != Hold::FromTheFuture
                && self.policy.period.begins_at(*start)
                && Some(*start) > self.state.period
                && *start <= self.now()
        });
        let period = fresh.map_or_else(String::new, |start| format!("@{start}"));
        if self.state.told.insert(format!("hold:{reason}{period}")) {
            self.tell(&Topic::Hold { reason });
        }
    }

    /// What a snooze holds back is said once per snooze.
    pub(super) fn tell_snooze(&mut self, steps: Vec<String>) {
        let Some(snooze) = self.state.snooze.as_mut() else {
            return;
        };
        if !steps.is_empty() && !std::mem::replace(&mut snooze.told, true) {
            self.tell(&Topic::HeldBySnooze { steps });
        }
    }

    /// Each channel hears of the steps that name it.
    pub(super) fn tell_fired(&mut self) {
        let mut by_channel: Vec<(String, Vec<String>)> = Vec::new();
        for firing in &self.decision.fired {
            let step = self.policy.step(&firing.step);
            for channel in step
                .map(|step| step.channels.as_slice())
                .unwrap_or_default()
            {
                match by_channel.iter_mut().find(|(known, _)| known == channel) {
                    Some((_, steps)) => steps.push(firing.step.clone()),
                    None => by_channel.push((channel.clone(), vec![firing.step.clone()])),
                }
            }
        }
        for (channel, steps) in by_channel {
            self.topics.push((channel, Topic::Fired { steps }));
        }
    }

    /// Something is taken away, and that is said every day.
    pub(super) fn remind(&mut self) {
        let now = self.now();
        if self.state.level() < Level::Throttled {
            self.state.remind_at = None;
            return;
        }
        let just_said = self
            .decision
            .fired
            .iter()
            .any(|firing| firing.class.enforces() && firing.mode == Mode::Enforce);
        match self.state.remind_at {
            Some(last) if !just_said && now.duration_since(last) < REMINDER => return,
            Some(_) if !just_said => self.tell(&Topic::Reminder),
            _ => {}
        }
        self.state.remind_at = Some(now);
    }

    /// Nobody is told when a feed dies, so its silence is an alert; once, until it speaks again.
    pub(super) fn watch_the_feed(&mut self) {
        let now = self.now();
        let last = *self.state.last_heard.get_or_insert(now);
        if now.duration_since(last) >= SILENCE
            && !std::mem::replace(&mut self.state.silent_told, true)
        {
            self.tell(&Topic::FeedSilent);
        }
    }
}

/// One notice per channel, in the order they were first spoken to.
pub(super) fn by_channel(topics: Vec<(String, Topic)>) -> Vec<Notice> {
    let mut notices: Vec<Notice> = Vec::new();
    for (channel, topic) in topics {
        match notices.iter_mut().find(|notice| notice.channel == channel) {
            Some(notice) => notice.topics.push(topic),
            None => notices.push(Notice {
                channel,
                topics: vec![topic],
            }),
        }
    }
    notices
}
