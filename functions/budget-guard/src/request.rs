//! What an event asks for.

use crate::{
    check::NONCE,
    input::{Command, Input, Until, Wish},
    message::{Malformed, Message, Received},
};
use jiff::Timestamp;
use nightshift_runtime::{Event, EventError, Outcome, event::Source};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The attributes that mean something. As headers of an unwrapped message they have lost their case.
const ATTRIBUTES: [&str; 8] = [
    "billingAccountId",
    "budgetId",
    "schemaVersion",
    "billingAccountName",
    "resourceName",
    "resourceDisplayName",
    "scope",
    "SchemaVersion",
];

/// What is to be done.
#[derive(Debug, Clone)]
pub enum Request {
    /// Judge this.
    Judge {
        /// What was published.
        input: Box<Input>,
        /// Its id.
        id: String,
        /// When it was published.
        published: Timestamp,
    },
    /// Note that a message has come, which is all that `check` asks for.
    Probe {
        /// Which check.
        nonce: String,
    },
    /// Do what a person, or the clock, says.
    Obey(Order),
}

/// A command as JSON: `{"command":"tick"}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Time has passed: finish what was left, try again what failed, see whether messages still come.
    Tick {},
    /// How things stand.
    Status {
        /// Of which budget; of all without.
        #[serde(default)]
        budget: Option<String>,
    },
    /// Enforce nothing new for a while.
    Snooze {
        /// For which budget, where there are several.
        #[serde(default)]
        budget: Option<String>,
        /// Until when; 72 hours at most.
        until: Timestamp,
        /// Why.
        reason: Option<String>,
    },
    /// Give back what a step took, and keep it from firing.
    Release {
        /// Of which budget, where there are several.
        #[serde(default)]
        budget: Option<String>,
        /// The step.
        step: String,
        /// Until when it does not fire: a time, or `period_end`.
        #[serde(default)]
        until: UntilText,
        /// Why.
        #[serde(default)]
        reason: Option<String>,
    },
    /// End every snooze and release.
    Resume {
        /// For which budget, where there are several.
        #[serde(default)]
        budget: Option<String>,
        /// Why.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Try again what failed.
    Retry {
        /// Of which budget; of all without.
        #[serde(default)]
        budget: Option<String>,
    },
}

/// A time, or `period_end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UntilText(pub Until);

impl Default for UntilText {
    fn default() -> Self {
        Self(Until::PeriodEnd)
    }
}

/// Neither.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{0}` is neither a time such as 2026-10-20T12:00:00Z nor period_end")]
pub struct InvalidUntil(String);

impl std::str::FromStr for UntilText {
    type Err = InvalidUntil;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "period_end" {
            return Ok(Self(Until::PeriodEnd));
        }
        let at = text.parse().map_err(|_| InvalidUntil(text.to_owned()))?;
        Ok(Self(Until::At(at)))
    }
}

impl TryFrom<String> for UntilText {
    type Error = InvalidUntil;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Order {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Tick {} => "tick",
            Self::Status { .. } => "status",
            Self::Snooze { .. } => "snooze",
            Self::Release { .. } => "release",
            Self::Resume { .. } => "resume",
            Self::Retry { .. } => "retry",
        }
    }

    /// Which budget it is about, when it says so.
    pub fn budget(&self) -> Option<&str> {
        match self {
            Self::Tick {} => None,
            Self::Status { budget }
            | Self::Snooze { budget, .. }
            | Self::Release { budget, .. }
            | Self::Resume { budget, .. }
            | Self::Retry { budget } => budget.as_deref(),
        }
    }

    /// The wish in it, as `by` has it; none for what changes no memory by itself.
    pub fn wish(&self, by: &str) -> Option<Command> {
        let (wish, reason) = match self {
            Self::Snooze { until, reason, .. } => (Wish::Snooze { until: *until }, reason),
            Self::Release {
                step,
                until: UntilText(until),
                reason,
                ..
            } => {
                let (step, until) = (step.clone(), *until);
                (Wish::Release { step, until }, reason)
            }
            Self::Resume { reason, .. } => (Wish::Resume, reason),
            Self::Tick {} | Self::Status { .. } | Self::Retry { .. } => return None,
        };
        Some(Command {
            wish,
            by: by.to_owned(),
            reason: reason.clone(),
        })
    }
}

impl Request {
    /// Reads what `event` asks for, or says what is wrong with it.
    pub fn read(event: &Event) -> Result<Self, Outcome> {
        match &event.source {
            Source::Scheduler { .. } if event.data.trim_ascii().is_empty() => {
                Ok(Self::Obey(Order::Tick {}))
            }
            Source::Scheduler { .. } | Source::Command => {
                let order = event
                    .json()
                    .map_err(|error: EventError| Outcome::from(error))?;
                Ok(Self::Obey(order))
            }
            Source::PubSub { .. } | Source::CloudEvent { .. } => judge(event),
        }
    }
}

/// No nonce is longer.
const NONCE_BYTES: usize = 64;

fn judge(event: &Event) -> Result<Request, Outcome> {
    if let Some(nonce) = event
        .attributes
        .get(NONCE)
        .filter(|nonce| nonce.len() <= NONCE_BYTES)
    {
        let nonce = nonce.to_owned();
        return Ok(Request::Probe { nonce });
    }
    let (Some(id), Some(published)) = (&event.id, event.time) else {
        return Err(Outcome::refused(
            "no_metadata",
            "the message has no id or no publish time; let the subscription push with its wrapper, or write metadata",
        ));
    };
    let id = id.to_string();
    let known = ATTRIBUTES.iter().filter_map(|name| {
        let value = event.attributes.get(name)?;
        Some(((*name).to_owned(), value.to_owned()))
    });
    let attributes: BTreeMap<String, String> = known.collect();
    let message = Message::read(&Received {
        message_id: &id,
        publish_time: published,
        attributes: &attributes,
        data: &event.data,
    });
    let message = message
        .map_err(|error: Malformed| Outcome::refused("malformed", crate::error::chain(&error)))?;
    Ok(Request::Judge {
        input: Box::new(Input::from(message)),
        id,
        published,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_runtime::event::Attributes;

    fn read(source: Source, data: &'static str) -> Result<Request, String> {
        let event = Event {
            id: None,
            source,
            time: None,
            attributes: Attributes::default(),
            data: data.into(),
            delivery_attempt: None,
            ordering_key: None,
        };
        Request::read(&event).map_err(|outcome| {
            assert_eq!(outcome.status(), 400, "{outcome:?}");
            outcome.problem().unwrap().message.clone()
        })
    }

    fn order(data: &'static str) -> Result<Order, String> {
        match read(Source::Command, data)? {
            Request::Obey(order) => Ok(order),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn commands_are_read_with_what_belongs_to_them() {
        assert_eq!(order(r#"{"command":"tick"}"#), Ok(Order::Tick {}));
        let released =
            order(r#"{"command":"release","step":"stop","until":"2026-10-20T12:00:00Z"}"#);
        let Order::Release { step, until, .. } = released.unwrap() else {
            panic!()
        };
        assert_eq!(step, "stop");
        assert_eq!(until, "2026-10-20T12:00:00Z".parse::<UntilText>().unwrap());
        let to_the_end = order(r#"{"command":"release","step":"stop"}"#).unwrap();
        let Some(Command {
            wish: Wish::Release { until, .. },
            ..
        }) = to_the_end.wish("me")
        else {
            panic!()
        };
        assert_eq!(until, Until::PeriodEnd);
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (data, said) in [
            (r#"{"command":"explode"}"#, "unknown variant `explode`"),
            (r#"{"command":"tick","now":true}"#, "unknown field `now`"),
            (
                r#"{"command":"snooze","reason":"x"}"#,
                "missing field `until`",
            ),
            (
                r#"{"command":"release","step":"stop","until":"tomorrow"}"#,
                "neither a time such as",
            ),
        ] {
            let refused = order(data).unwrap_err();
            assert!(refused.contains(said), "{data}: {refused}");
        }
    }

    #[test]
    fn a_scheduler_without_a_body_is_a_tick() {
        let job = || Source::Scheduler {
            job: "guard".to_owned(),
        };
        assert!(matches!(read(job(), ""), Ok(Request::Obey(Order::Tick {}))));
        assert!(matches!(
            read(job(), r#"{"command":"retry"}"#),
            Ok(Request::Obey(Order::Retry { .. }))
        ));
    }

    #[test]
    fn a_message_without_an_id_is_refused() {
        let source = Source::PubSub {
            subscription: None,
            topic: None,
        };
        assert!(read(source, "{}").unwrap_err().contains("has no id"));
    }
}
