//! What is to be said, to every channel that is to hear it.

use super::{Guard, GuardError, holder, intent};
use crate::{
    alert::{Alert, Severity},
    metrics,
    policy::Policy,
    state::document::{Document, OutboxRecord, Posting},
};
use jiff::{SignedDuration, Timestamp};

/// A channel that has not listened so often in a row is given up for this notice; with the waits below that is two days.
const MOST_TRIES: u32 = 50;
/// The longest wait between two attempts.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);
/// How often the damage of a memory is told.
const DAMAGE_AGAIN: SignedDuration = SignedDuration::from_hours(24);

impl Guard {
    /// Posts what is due. What was taken leaves the outbox; returns which channels did not listen.
    pub(super) async fn deliver(&self, policy: &Policy, document: &mut Document) -> Vec<String> {
        let now = self.now();
        let mut missed = Vec::new();
        let mut kept = Vec::new();
        // What a channel that refuses leaves behind is told to the others, in the same breath.
        let mut queue = std::mem::take(&mut document.outbox);
        while !queue.is_empty() {
            let mut news = Vec::new();
            for mut notice in queue.drain(..) {
                if notice.next > now {
                    kept.push(notice);
                    continue;
                }
                let posting = self
                    .channels
                    .post(&notice.channel, &notice.key, &notice.what, now);
                let Err(error) = posting.await else {
                    metrics::told(&notice.channel, "sent");
                    continue;
                };
                let (channel, line) = (&notice.channel, crate::error::chain(&error));
                notice.tries += 1;
                if error.may_pass() && notice.tries < MOST_TRIES {
                    tracing::warn!(
                        event = crate::event::NOTICE_LATER,
                        channel,
                        key = notice.key,
                        "{line}"
                    );
                    metrics::told(channel, "later");
                    missed.push(format!("tell {channel}: {line}"));
                    notice.next = later(now, notice.tries);
                    kept.push(notice);
                    continue;
                }
                tracing::error!(
                    event = crate::event::NOTICE_LOST,
                    channel,
                    key = notice.key,
                    "{line}"
                );
                metrics::told(channel, "lost");
                news.extend(refusal(policy, document, &notice, &line, now));
            }
            queue = news;
        }
        document.outbox = kept;
        missed
    }

    /// Damaged memory holds everything: nothing is enforced and nothing is given back, and a person must hear of it. The
    /// memory cannot say whether they have, so every instance tells it once a day.
    pub(super) async fn tell_damage(&self, policy: &Policy, error: &GuardError) {
        if !error.is_damage() {
            return;
        }
        let (now, object) = (self.now(), self.repository.name(policy));
        let mut told = self.damage_told.lock().await;
        let day = |at: &Timestamp| now.duration_since(*at) < DAMAGE_AGAIN;
        if told.iter().any(|(which, at)| *which == object && day(at)) {
            return;
        }
        told.retain(|(which, _)| *which != object);
        told.push((object, now));
        drop(told);
        let line = crate::error::chain(error);
        tracing::error!(
            event = crate::event::STATE_CORRUPT,
            policy = holder(policy),
            "{line}"
        );
        let alert = damage(policy, &line, error.advice(), now);
        for channel in &policy.tell {
            let what = Posting::Alert(Box::new(alert.clone()));
            if let Err(error) = self.channels.post(channel, &alert.key, &what, now).await {
                let line = crate::error::chain(&error);
                tracing::error!(event = crate::event::NOTICE_LOST, channel, "{line}");
            }
        }
    }
}

/// Half a minute, doubled each time.
fn later(now: Timestamp, tries: u32) -> Timestamp {
    let wait = SignedDuration::from_secs(30 << tries.min(8));
    now.checked_add(wait.min(LONGEST)).unwrap_or(now)
}

/// A channel that will never take a notice is told to the others, once a period.
fn refusal(
    policy: &Policy,
    document: &mut Document,
    lost: &OutboxRecord,
    why: &str,
    now: Timestamp,
) -> Vec<OutboxRecord> {
    if !document
        .state
        .told
        .insert(format!("channel:{}", lost.channel))
    {
        return Vec::new();
    }
    let mut alert = intent::alert(document, policy, now);
    "channel_lost".clone_into(&mut alert.title);
    alert.severity = Severity::Critical;
    alert.key = format!(
        "{}/channel/{}",
        intent::period_key(document, policy),
        lost.channel
    );
    alert.lines = vec![format!(
        "The channel `{}` will not take notices: {why}. Others may have been lost, too; `budget-guard status` says how things stand.",
        lost.channel
    )];
    let others = policy.tell.iter().filter(|name| **name != lost.channel);
    others
        .map(|channel| OutboxRecord {
            key: alert.key.clone(),
            channel: channel.clone(),
            tries: 0,
            next: now,
            what: Posting::Alert(Box::new(alert.clone())),
        })
        .collect()
}

fn damage(policy: &Policy, line: &str, advice: Option<&str>, now: Timestamp) -> Alert {
    let document = Document::new(crate::state::State::default());
    let mut lines = vec![
        format!("The guard does not trust its memory: {line}."),
        "Nothing is enforced and nothing is given back until a person has looked.".to_owned(),
    ];
    lines.extend(advice.map(|advice| format!("What to do: {advice}.")));
    Alert {
        title: "state_corrupt".to_owned(),
        severity: Severity::Critical,
        key: format!(
            "{}/state_corrupt/{}",
            holder(policy),
            now.strftime("%Y-%m-%d")
        ),
        lines,
        ..intent::alert(&document, policy, now)
    }
}
