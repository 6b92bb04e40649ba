//! What an event asks for.

use crate::{
    managed::{Fleet, Managed},
    rotation::{Intent, trigger::due_time},
    secret_manager::SecretName,
};
use jiff::{SignedDuration, Timestamp};
use nightshift_runtime::{
    Event, EventError, Outcome,
    event::{Attributes, Source},
};
use serde::Deserialize;

/// What is to be done about an event.
pub enum Request<'a> {
    /// Drive one secret.
    Drive(&'a Managed, Intent),
    /// Drive all of them.
    Tick,
    /// Say how all of them stand.
    Status,
    /// It is none of ours: acknowledge and forget it.
    Ignore {
        /// Why.
        why: String,
    },
}

/// The data of a command, which says what to do, never to which project.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
enum Command {
    Rotate {
        secret: String,
        #[serde(default)]
        force: bool,
        #[serde(default)]
        repair: bool,
    },
    Tick {
        #[serde(default)]
        secret: Option<String>,
    },
    Status {},
    Abort {
        secret: String,
    },
    Rollback {
        secret: String,
    },
    Adopt {
        secret: String,
    },
}

/// The only event of Secret Manager's that asks for anything. Every write of ours brings others.
const ROTATE: &str = "SECRET_ROTATE";

impl<'a> Request<'a> {
    /// Reads what `event` asks for of the secrets in `fleet`, or says what is wrong with it.
    ///
    /// Nothing that an event claims is believed: it only names a secret of ours to look at.
    pub fn read(event: &Event, fleet: &'a Fleet) -> Result<Self, Outcome> {
        if let Some(kind) = event.attributes.get("eventType") {
            return notification(kind, event, fleet);
        }
        match &event.source {
            Source::Command => command(event, fleet),
            Source::Scheduler { .. } if event.data.is_empty() => Ok(Self::Tick),
            _ if event.data.is_empty() => Err(Outcome::refused(
                "no_command",
                r#"the event has no data; send {"command":"tick"}, or rotate, status, abort, rollback or adopt"#,
            )),
            _ => command(event, fleet),
        }
    }
}

fn command<'a>(event: &Event, fleet: &'a Fleet) -> Result<Request<'a>, Outcome> {
    let drive = |secret: &str, intent: Intent| {
        let managed = fleet.named(secret);
        let managed =
            managed.map_err(|error| Outcome::refused("unknown_secret", error.one_line()))?;
        Ok(Request::Drive(managed, intent))
    };
    match event
        .json()
        .map_err(|error: EventError| Outcome::from(error))?
    {
        Command::Rotate {
            secret,
            force,
            repair,
        } => drive(&secret, Intent::manual(force, repair)),
        Command::Tick { secret: None } => Ok(Request::Tick),
        Command::Tick {
            secret: Some(secret),
        } => drive(&secret, Intent::Tick),
        Command::Status {} => Ok(Request::Status),
        Command::Abort { secret } => drive(&secret, Intent::Abort),
        Command::Rollback { secret } => drive(&secret, Intent::Rollback),
        Command::Adopt { secret } => drive(&secret, Intent::Adopt),
    }
}

/// An event of Secret Manager. All but one kind, and all secrets but ours, are ignored: a topic may serve others too, and
/// an event that is refused would come again for days.
fn notification<'a>(kind: &str, event: &Event, fleet: &'a Fleet) -> Result<Request<'a>, Outcome> {
    if kind != ROTATE {
        return Ok(ignore(format!(
            "events of type {} are not for us",
            short(kind)
        )));
    }
    let Some(named) = event.attributes.get("secretId") else {
        return Ok(ignore("the event names no secret".to_owned()));
    };
    let name = named.parse::<SecretName>().ok();
    let Some(managed) = name.and_then(|name| fleet.allowed(&name)) else {
        return Ok(ignore(format!(
            "{} is not in the configuration",
            short(named)
        )));
    };
    let due = due(&event.attributes, event).ok_or_else(|| {
        Outcome::refused(
            "no_time",
            "the event has neither a `timestamp` nor a publish time, so it says nothing about when the rotation was due",
        )
    })?;
    Ok(Request::Drive(managed, Intent::scheduled(due)))
}

fn ignore(why: String) -> Request<'static> {
    Request::Ignore { why }
}

/// The secret as the event shows it, as far as its due time depends on it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Shown {
    rotation: Option<Rotation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rotation {
    next_rotation_time: Option<Timestamp>,
    rotation_period: Option<String>,
}

/// When the rotation was due: one period before the next, else when the event says it was made.
fn due(attributes: &Attributes, event: &Event) -> Option<Timestamp> {
    let told = attributes
        .get("timestamp")
        .and_then(|time| time.parse().ok());
    let told = told.or(event.time)?;
    let rotation = event.json::<Shown>().ok().and_then(|shown| shown.rotation);
    let (next, period) = rotation.map_or((None, None), |rotation| {
        let period = rotation.rotation_period.as_deref().and_then(seconds);
        (rotation.next_rotation_time, period)
    });
    Some(due_time(next, period, told))
}

/// A duration in the form of proto3's JSON: `3600s`, `0.5s`.
fn seconds(text: &str) -> Option<SignedDuration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    SignedDuration::try_from_secs_f64(seconds).ok()
}

fn short(text: &str) -> String {
    format!("{:?}", text.chars().take(200).collect::<String>())
}
