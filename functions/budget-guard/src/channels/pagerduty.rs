//! `PagerDuty`'s Events API v2: <https://developer.pagerduty.com/docs/send-alert-event>. An alert stays open until what it is
//! about has let go, and is resolved then.

use super::{
    Outbound, PostError,
    text::{fitted, shortened},
};
use crate::{alert::Alert, config::PagerdutyConfig, state::document::Posting};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const DEDUP_KEY: usize = 255;
const SUMMARY: usize = 1_024;
/// The whole event may have 512 KB; nobody reads that much at night.
const DETAILS: usize = 8_000;

pub(super) fn check(config: &PagerdutyConfig, outbound: &Outbound) -> Result<(), PostError> {
    routing_key(config)?;
    outbound.check(&SecretString::from(config.url.as_str()), config.private)
}

pub(super) async fn post(
    config: &PagerdutyConfig,
    outbound: &Outbound,
    key: &str,
    what: &Posting,
) -> Result<(), PostError> {
    let mut event = event(key, what);
    event["routing_key"] = routing_key(config)?.expose_secret().into();
    let url = SecretString::from(config.url.as_str());
    let body = serde_json::to_vec(&event)?;
    outbound
        .post(&url, config.private, HeaderMap::new(), body)
        .await
}

fn routing_key(config: &PagerdutyConfig) -> Result<SecretString, PostError> {
    let key = config.routing_key.read()?;
    let text = key.expose_secret();
    if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(key)
    } else {
        Err(PostError::SecretForm(
            "of an integration's routing key, 32 letters and digits",
        ))
    }
}

/// Everything but the routing key.
fn event(key: &str, what: &Posting) -> Value {
    let dedup_key = dedup_key(key);
    match what {
        Posting::Resolve => json!({"event_action": "resolve", "dedup_key": dedup_key}),
        Posting::Alert(alert) => json!({
            "event_action": "trigger",
            "dedup_key": dedup_key,
            "payload": payload(alert),
            "client": "Nightshift budget-guard",
        }),
    }
}

fn payload(alert: &Alert) -> Value {
    let summary = format!(
        "{}: {} of {}",
        alert.headline(),
        alert.money(alert.cost),
        alert.money(alert.amount)
    );
    json!({
        "summary": shortened(&summary, SUMMARY),
        "source": format!("billingAccounts/{}/budgets/{}", alert.account, alert.budget),
        "severity": alert.severity.word(),
        "timestamp": alert.at,
        "component": shortened(alert.budget_name(), 250),
        "group": alert.account,
        "class": alert.title,
        "custom_details": {
            "key": alert.key,
            "level": alert.level,
            "dry_run": alert.dry_run,
            "details": fitted(&alert.sentences(), DETAILS),
        },
    })
}

/// A key that is too long is cut, and told apart by a hash of the whole.
fn dedup_key(key: &str) -> String {
    if key.len() <= DEDUP_KEY {
        return key.to_owned();
    }
    let hash = hex::encode(Sha256::digest(key));
    let mut end = DEDUP_KEY - hash.len() - 1;
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}~{hash}", &key[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::{huge, stop};

    #[test]
    fn an_alert_and_its_end_have_one_key() {
        let alert = stop();
        let key = alert.key.clone();
        let opened = event(&key, &Posting::Alert(Box::new(alert)));
        let closed = event(&key, &Posting::Resolve);
        assert_eq!(
            (&opened["event_action"], &closed["event_action"]),
            (&json!("trigger"), &json!("resolve"))
        );
        assert_eq!(opened["dedup_key"], closed["dedup_key"]);
        assert_eq!(opened["payload"]["severity"], "error");
    }

    #[test]
    fn the_limits_of_pagerduty_hold_for_the_longest_notice() {
        let alert = huge();
        let long = event(&alert.key.clone(), &Posting::Alert(Box::new(alert)));
        assert!(long["dedup_key"].as_str().unwrap().len() <= 255);
        assert!(long["payload"]["summary"].as_str().unwrap().chars().count() <= 1_024);
        assert!(long.to_string().len() <= 512 * 1024);
        let (one, two) = ("ä".repeat(300), format!("{}b", "ä".repeat(300)));
        assert_ne!(dedup_key(&one), dedup_key(&two));
        assert!(dedup_key(&one).len() <= 255);
    }
}
