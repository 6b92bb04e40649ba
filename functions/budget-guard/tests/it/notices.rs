//! What channels are told, over real connections.

use crate::bed::{ACCOUNT, BUDGET, Bed, LADDER, SECRETS, START};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use nightshift_runtime::Outcome;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

fn ladder(channels: &str) -> String {
    LADDER
        .replace("\"slack\", \"pagerduty\"", channels)
        .replace("\"slack\"", channels)
}

#[tokio::test]
async fn a_decision_is_one_notice_a_channel_with_all_its_steps() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    let told = bed.receiver.headlines();
    assert_eq!(told, ["STOP · prod-web monthly · 101 %"]);
    let text = bed.receiver.text();
    for said in [
        "Fires: n50 (cost ≥ 50 %), thr (cost ≥ 90 %), stop (cost ≥ 100 %).",
        "Done: ",
        "Protected, left alone: run:web/eu/pay.",
        "Billing data lag by hours",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(bed.receiver.got("pagerduty").len(), 1);
}

#[tokio::test]
async fn a_pager_is_triggered_by_a_stop_and_resolved_by_its_release_with_the_same_key() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    let raised = Bed::message(2, "2026-10-10T11:00:00Z", "1010", "3000", START);
    assert_eq!(bed.deliver(&guard, raised).await, Outcome::Done);
    let got = bed.receiver.got("pagerduty");
    let actions: Vec<&Value> = got.iter().map(|one| &one.body["event_action"]).collect();
    assert_eq!(actions, ["trigger", "resolve"]);
    let key = format!("{ACCOUNT}/{BUDGET}/{START}/stop#0");
    assert!(
        got.iter().all(|one| one.body["dedup_key"] == key),
        "{got:?}"
    );
    assert_eq!(got[0].body["payload"]["severity"], "error");
}

#[tokio::test]
async fn a_webhook_can_be_verified_with_its_secret_and_keeps_its_id_over_retries() {
    let bed = Bed::with(&ladder("\"hook\"")).await;
    let guard = bed.guard();
    bed.receiver.answer("hook", 503);
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    let got = bed.receiver.got("hook");
    assert_eq!(got.len(), 2, "tried again");
    let id = |n: usize| got[n].headers["webhook-id"].to_str().unwrap();
    assert_eq!(id(0), id(1));
    let hook = Webhook::new(&format!("whsec_{}", SECRETS[3])).unwrap();
    let header = |name: &str| got[1].headers[name].to_str().unwrap();
    let signed = hook.sign(
        id(1),
        header("webhook-timestamp").parse().unwrap(),
        got[1].body.to_string().as_bytes(),
    );
    assert_eq!(signed.unwrap(), header("webhook-signature"));
    assert_eq!(got[1].body["data"]["level"], "stopped");
}

#[tokio::test]
async fn a_chat_room_is_told_in_the_thread_of_budget_and_period() {
    let bed = Bed::with(&ladder("\"chat\"")).await;
    bed.spend(&bed.guard(), 1, "2026-10-10T10:00:00Z", "1010")
        .await;
    let got = bed.receiver.got("chat");
    assert_eq!(
        got[0].body["thread"]["threadKey"],
        format!("{ACCOUNT}/{BUDGET}/{START}")
    );
}

#[tokio::test]
async fn a_topic_gets_every_notice_in_the_order_of_its_budget() {
    let bed = Bed::with(&ladder("\"bus\"")).await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "905").await;
    bed.spend(&guard, 2, "2026-10-11T10:00:00Z", "1010").await;
    for kind in ["throttle", "stop"] {
        // With an ordering key the next one comes when this one is acknowledged.
        let subscription = "/v1/projects/finops-admin/subscriptions/notices";
        let pull = json!({"maxMessages": 10, "returnImmediately": true});
        let pulled = bed.ask("POST", &format!("{subscription}:pull"), pull).await;
        let received = &pulled["receivedMessages"][0];
        let acknowledged = json!({"ackIds": [received["ackId"]]});
        bed.ask("POST", &format!("{subscription}:acknowledge"), acknowledged)
            .await;
        let message = &received["message"];
        assert_eq!(message["orderingKey"], format!("{ACCOUNT}/{BUDGET}"));
        assert_eq!(message["attributes"]["kind"], kind);
        assert_eq!(message["attributes"]["dry_run"], "false");
        let data = STANDARD.decode(message["data"].as_str().unwrap()).unwrap();
        let data: Value = serde_json::from_slice(&data).unwrap();
        assert_eq!(data["data"]["title"], kind);
    }
}

#[tokio::test]
async fn a_channel_that_is_away_is_told_later_and_the_work_is_not_done_twice() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    for _ in 0..3 {
        bed.receiver.answer("slack", 503);
    }
    let outcome = bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "600").await;
    assert_eq!(outcome.status(), 503, "{outcome:?}");
    assert_eq!(bed.document(&guard).await.outbox.len(), 1);
    bed.later(SignedDuration::from_mins(2));
    assert_eq!(
        bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "600").await,
        Outcome::Done
    );
    assert_eq!(bed.receiver.got("slack").len(), 4);
    assert!(bed.document(&guard).await.outbox.is_empty());
}

#[tokio::test]
async fn a_channel_that_refuses_for_good_is_told_to_the_others_once() {
    let bed = Bed::new().await;
    let config = bed
        .config
        .replace("tell = [\"slack\"]", "tell = [\"slack\", \"hook\"]");
    let guard = bed.guard_of(&config);
    bed.receiver.answer("slack", 404);
    bed.receiver.answer("slack", 404);
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "600").await;
    bed.spend(&guard, 2, "2026-10-11T10:00:00Z", "950").await;
    let got = bed.receiver.got("hook");
    let lost: Vec<_> = got
        .iter()
        .filter(|one| one.body["data"]["title"] == "channel_lost")
        .collect();
    assert_eq!(lost.len(), 1, "{got:?}");
    assert!(
        lost[0].body["data"]["lines"][0]
            .as_str()
            .unwrap()
            .contains("404 (no_service)")
    );
}

#[tokio::test]
async fn silence_of_the_feed_is_told_once_and_a_reminder_comes_every_day() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    for _ in 0..9 {
        bed.later(SignedDuration::from_hours(1));
        bed.tick(&guard).await;
    }
    let told = bed.receiver.headlines();
    assert_eq!(
        told.iter()
            .filter(|line| line.starts_with("FEED_SILENT"))
            .count(),
        1,
        "{told:?}"
    );
    bed.spend(&guard, 2, "2026-10-11T10:20:00Z", "1011").await;
    let told = bed.receiver.headlines();
    assert_eq!(
        told.iter()
            .filter(|line| line.starts_with("REMINDER"))
            .count(),
        1,
        "{told:?}"
    );
    assert!(
        bed.receiver
            .text()
            .contains("stop since 2026-10-10 10:00Z (day 2)"),
        "{}",
        bed.receiver.text()
    );
}
