//! A Google Chat webhook: <https://developers.google.com/workspace/chat/quickstart/webhooks>. One thread a budget and
//! period keeps the room readable.

use super::{Outbound, PostError, text::fitted};
use crate::{alert::Alert, config::HookConfig, state::document::Posting};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// The whole message may have 32,000 bytes, and a character up to four, or six when JSON escapes it.
const TEXT: usize = 4_000;

pub(super) async fn post(
    config: &HookConfig,
    outbound: &Outbound,
    what: &Posting,
) -> Result<(), PostError> {
    let Posting::Alert(alert) = what else {
        return Ok(());
    };
    let body = serde_json::to_vec(&payload(alert))?;
    let url = in_thread(&config.url.read()?);
    outbound
        .post(&url, config.private, HeaderMap::new(), body)
        .await
}

/// The webhook's address, which already has a query: its key and token.
fn in_thread(url: &SecretString) -> SecretString {
    let url = url.expose_secret();
    let joint = if url.contains('?') { '&' } else { '?' };
    SecretString::from(format!(
        "{url}{joint}messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
    ))
}

fn payload(alert: &Alert) -> Value {
    let mut lines = vec![
        format!("*{}*", alert.headline()),
        format!(
            "{} of {}",
            alert.money(alert.cost),
            alert.money(alert.amount)
        ),
    ];
    lines.extend(alert.sentences());
    let period = alert
        .period
        .map_or_else(|| "-".to_owned(), |period| period.to_string());
    json!({
        "text": fitted(&lines, TEXT),
        "thread": {"threadKey": format!("{}/{}/{period}", alert.account, alert.budget)},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::{huge, stop};

    #[test]
    fn a_notice_of_a_budget_and_period_goes_to_its_thread() {
        let payload = payload(&stop());
        assert_eq!(
            payload["thread"]["threadKey"],
            "01D4EE-079462-DFD6EC/de72f49d/2026-10-01T07:00:00Z"
        );
        let text = payload["text"].as_str().unwrap();
        assert!(
            text.starts_with("*STOP · prod-web monthly · 101 %*\n1010.00 USD of 1000.00 USD"),
            "{text}"
        );
    }

    #[test]
    fn the_limit_of_google_chat_holds_for_the_longest_notice() {
        assert!(payload(&huge()).to_string().len() <= 32_000);
    }

    #[test]
    fn the_query_of_the_webhook_is_kept() {
        let url = in_thread(&SecretString::from(
            "https://chat.googleapis.com/v1/spaces/S/messages?key=k&token=t",
        ));
        assert!(
            url.expose_secret()
                .contains("?key=k&token=t&messageReplyOption=")
        );
    }
}
