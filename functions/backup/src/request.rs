//! What an event asks for.

use nightshift_runtime::{Event, EventError, Outcome};
use serde::Deserialize;

/// The data of an event: `{"command":"run"}`.
///
/// An event says what to do, never where: whoever may send one must not be able to send the database elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Make a backup.
    Run {},
    /// Delete the backups that no rule keeps.
    Prune {
        /// Only say which.
        #[serde(default)]
        dry_run: bool,
    },
    /// Restore the newest backup and compare.
    Drill {
        /// Of which database, where there are several.
        #[serde(default)]
        database: Option<String>,
    },
    /// Judge the backups against the objectives.
    Status {
        /// Of which database; of all without.
        #[serde(default)]
        database: Option<String>,
    },
}

impl Request {
    /// Reads what `event` asks for, or says what is wrong with it.
    pub fn read(event: &Event) -> Result<Self, Outcome> {
        if event.data.is_empty() {
            return Err(Outcome::refused(
                "no_command",
                r#"the event has no data; send {"command":"run"}, or prune, drill or status in place of run"#,
            ));
        }
        event.json().map_err(|error: EventError| error.into())
    }

    /// The command's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Run {} => "run",
            Self::Prune { .. } => "prune",
            Self::Drill { .. } => "drill",
            Self::Status { .. } => "status",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_runtime::event::{Attributes, Source};

    fn read(data: &'static str) -> Result<Request, String> {
        let event = Event {
            id: None,
            source: Source::Command,
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

    #[test]
    fn commands_are_read_with_what_belongs_to_them() {
        assert_eq!(read(r#"{"command":"run"}"#), Ok(Request::Run {}));
        assert_eq!(
            read(r#"{"dry_run":true,"command":"prune"}"#),
            Ok(Request::Prune { dry_run: true })
        );
        let database = Some("shop".to_owned());
        assert_eq!(
            read(r#"{"command":"drill","database":"shop"}"#),
            Ok(Request::Drill { database })
        );
        assert_eq!(
            read(r#"{"command":"status"}"#),
            Ok(Request::Status { database: None })
        );
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (data, said) in [
            ("", "has no data"),
            (
                r#"{"command":"explode"}"#,
                "unknown variant `explode`, expected one of `run`, `prune`, `drill`, `status`",
            ),
            (
                r#"{"command":"run","from":"postgres://elsewhere"}"#,
                "unknown field `from`",
            ),
            (
                r#"{"command":"prune","dry_run":"no"}"#,
                "expected a boolean",
            ),
            (r#"{"commands":"run"}"#, "missing field `command`"),
            ("run", "the event's data is not the JSON expected"),
        ] {
            let refused = read(data).unwrap_err();
            assert!(refused.contains(said), "{data}: {refused}");
        }
    }
}
