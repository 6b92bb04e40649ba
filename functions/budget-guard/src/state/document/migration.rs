//! From older forms of the memory to the present one, one version at a time.

use super::{StateError, VERSION};
use serde_json::{Value, json};

/// `stored`, which has `version`, in the present form. A version that is not known is refused, not guessed at.
pub(super) fn to_current(mut stored: Value, version: u64) -> Result<Value, StateError> {
    if version == 0 || version > u64::from(VERSION) {
        return Err(StateError::Version(version));
    }
    if version == 1 {
        one_to_two(&mut stored);
    }
    stored["v"] = VERSION.into();
    Ok(stored)
}

/// Notices had keys and no text, so what is left of them is that they were to be given.
fn one_to_two(stored: &mut Value) {
    let state = stored.clone();
    let Some(outbox) = stored.get_mut("outbox").and_then(Value::as_array_mut) else {
        return;
    };
    for notice in outbox {
        let parts = notice["key"].as_str().unwrap_or_default().to_owned();
        let mut parts = parts.splitn(3, '/');
        notice["what"] = json!({"alert": {
            "key": notice["key"],
            "at": notice["next"],
            "account": parts.next().unwrap_or_default(),
            "budget": parts.next().unwrap_or_default(),
            "severity": "warning",
            "level": "unknown",
            "title": "a notice from before an upgrade",
            "dry_run": false,
            "cost": state["cost"],
            "amount": state["budget"],
            "currency": state["currency"],
            "period": state["period"],
            "lines": ["This was to be said when the guard was upgraded; `budget-guard status` says how things stand."],
        }});
    }
}

#[cfg(test)]
mod tests {
    use crate::state::document::{Document, Posting, VERSION};

    #[test]
    fn a_memory_of_version_1_is_read_and_nothing_of_it_is_lost() {
        let stored = r#"{"v":1,"rev":7,"cost":"1000000000","budget":"900000000","currency":"USD",
            "outbox":[{"key":"01D4EE-079462-DFD6EC/de72/2026-10-01T07:00:00Z/stop#0","channel":"slack","tries":2,
                       "next":"2026-10-15T08:40:56Z"}]}"#;
        let document = Document::read(stored.as_bytes()).unwrap();
        assert_eq!((document.v, document.rev), (VERSION, 7));
        let notice = &document.outbox[0];
        assert_eq!((notice.channel.as_str(), notice.tries), ("slack", 2));
        let Posting::Alert(alert) = &notice.what else {
            panic!("{notice:?}");
        };
        assert_eq!(alert.key, notice.key);
        assert_eq!(
            (alert.account.as_str(), alert.budget.as_str()),
            ("01D4EE-079462-DFD6EC", "de72")
        );
    }
}
