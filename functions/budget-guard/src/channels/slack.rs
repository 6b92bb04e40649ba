//! A Slack incoming webhook: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>.

use super::{
    Outbound, PostError,
    text::{fitted, shortened},
};
use crate::{alert::Alert, config::HookConfig, state::document::Posting};
use http::HeaderMap;
use serde_json::{Value, json};

/// Of a header block.
const HEADER: usize = 150;
/// Of a section's text. Slack's documented limit is 3,000, and 12,000 for all blocks together.
const SECTION: usize = 2_900;
/// Of the fallback text that notifications show.
const TEXT: usize = 3_900;

pub(super) async fn post(
    config: &HookConfig,
    outbound: &Outbound,
    what: &Posting,
) -> Result<(), PostError> {
    let Posting::Alert(alert) = what else {
        return Ok(());
    };
    let body = serde_json::to_vec(&payload(alert))?;
    let url = config.url.read()?;
    outbound
        .post(&url, config.private, HeaderMap::new(), body)
        .await
}

fn payload(alert: &Alert) -> Value {
    let field = |name: &str, value: String| json!({"type": "mrkdwn", "text": format!("*{name}*\n{}", escaped(&value))});
    let mut fields = vec![
        field("Cost", alert.money(alert.cost)),
        field("Budget", alert.money(alert.amount)),
    ];
    if let Some(period) = alert.period {
        fields.push(field("Since", crate::report::when(period)));
    }
    if alert.projected.is_some() {
        fields.push(field("Projected", alert.money(alert.projected)));
    }
    let headline = alert.headline();
    let said: Vec<String> = alert.sentences().iter().map(|line| escaped(line)).collect();
    json!({
        "text": shortened(&format!(
            "{}: {} of {}",
            escaped(&headline), alert.money(alert.cost), alert.money(alert.amount)
        ), TEXT),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": shortened(&headline, HEADER)}},
            {"type": "section", "fields": fields},
            {"type": "section", "text": {"type": "mrkdwn", "text": fitted(&said, SECTION)}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": format!("`{}`", shortened(&escaped(&alert.key), 300))}]},
        ],
    })
}

/// Slack's three characters.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::{huge, stop};

    #[test]
    fn a_notice_looks_like_this() {
        let payload = payload(&stop());
        let blocks = &payload["blocks"];
        assert_eq!(
            payload["text"],
            "STOP · prod-web monthly · 101 %: 1010.00 USD of 1000.00 USD"
        );
        assert_eq!(blocks[0]["text"]["text"], "STOP · prod-web monthly · 101 %");
        let fields: Vec<&str> = blocks[1]["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field["text"].as_str().unwrap())
            .collect();
        assert_eq!(
            fields,
            [
                "*Cost*\n1010.00 USD",
                "*Budget*\n1000.00 USD",
                "*Since*\n2026-10-01 07:00Z",
                "*Projected*\n1340.00 USD",
            ]
        );
        let text = blocks[2]["text"]["text"].as_str().unwrap();
        assert!(
            text.starts_with("Fires: stop (cost ≥ 100%).\nDone: run.disable:web/eu/api."),
            "{text}"
        );
        assert!(
            blocks[3]["elements"][0]["text"]
                .as_str()
                .unwrap()
                .contains("/stop#0")
        );
    }

    #[test]
    fn the_limits_of_slack_hold_for_the_longest_notice() {
        let payload = payload(&huge());
        let blocks = payload["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50);
        let length = |value: &Value| value.as_str().unwrap().chars().count();
        assert!(length(&blocks[0]["text"]["text"]) <= 150);
        assert!(length(&blocks[2]["text"]["text"]) <= 3_000);
        let fields = blocks[1]["fields"].as_array().unwrap();
        assert!(fields.len() <= 10 && fields.iter().all(|field| length(&field["text"]) <= 2_000));
        assert!(length(&payload["text"]) <= 4_000);
        assert!(payload.to_string().chars().count() <= 12_000);
    }

    #[test]
    fn the_three_characters_of_slack_are_escaped() {
        let mut alert = stop();
        alert.lines = vec!["<!channel> & <@U1>".to_owned()];
        let text = payload(&alert)["blocks"][2]["text"]["text"].to_string();
        assert!(
            text.contains("&lt;!channel&gt; &amp; &lt;@U1&gt;"),
            "{text}"
        );
    }
}
