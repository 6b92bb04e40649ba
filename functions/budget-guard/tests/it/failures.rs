//! What has gone wrong with other guards, tried on this one. docs/budget-failures.md names each.

use crate::bed::{ACCOUNT, BUDGET, Bed, START, push};
use jiff::SignedDuration;
use local_gcp::Fault;
use nightshift_runtime::Outcome;
use serde_json::json;

const NOVEMBER: &str = "2026-11-01T07:00:00Z";

#[tokio::test]
async fn every_notice_says_that_billing_lags_and_where_the_spend_is_going() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-05T10:00:00Z", "400").await;
    bed.spend(&guard, 2, "2026-10-06T10:00:00Z", "700").await;
    let got = bed.receiver.got("slack");
    let fields = got[0].body["blocks"][1]["fields"].to_string();
    assert!(fields.contains("*Projected*"), "{fields}");
    assert!(
        bed.receiver
            .text()
            .contains("the final figure will be higher")
    );
}

#[tokio::test]
async fn a_lump_of_late_data_jumps_all_rungs_in_one_notice_and_unlinks_nothing_yet() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "400").await;
    bed.spend(&guard, 2, "2026-10-10T10:20:00Z", "1300").await;
    assert_eq!(bed.receiver.headlines().len(), 1);
    let world = bed.world().await;
    assert_eq!(
        world["services/api"]["scaling"]["manualInstanceCount"], 0,
        "the strongest action"
    );
    assert_eq!(world["billing"]["billingEnabled"], true);
}

#[tokio::test]
async fn the_same_alert_is_not_repeated_every_twenty_minutes() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    for n in 0..30 {
        let at = format!("2026-10-10T{:02}:{:02}:00Z", 1 + n / 3, n % 3 * 20);
        bed.spend(&guard, n, &at, &format!("6{n:02}")).await;
    }
    assert_eq!(bed.receiver.headlines().len(), 1);
}

#[tokio::test]
async fn threshold_keys_are_no_evidence_and_their_absence_is_no_error() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    let data = format!(
        r#"{{"budgetDisplayName":"x","alertThresholdExceeded":2.0,"costAmount":10.5,"costIntervalStart":"{START}","budgetAmount":1000.0,"budgetAmountType":"SPECIFIED_AMOUNT","currencyCode":"USD"}}"#
    );
    let attributes =
        json!({"billingAccountId": ACCOUNT, "budgetId": BUDGET, "schemaVersion": "1.0"});
    let lying = push(1, "2026-10-10T10:00:00Z", &data, &attributes);
    assert_eq!(bed.deliver(&guard, lying).await, Outcome::Done);
    assert_eq!(
        bed.spend(&guard, 2, "2026-10-10T10:20:00Z", "11").await,
        Outcome::Done
    );
    assert!(bed.receiver.headlines().is_empty());
}

#[tokio::test]
async fn a_missing_permission_is_named_loudly_and_tried_again() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    let fault = bed.gcp.faults().add(Fault {
        times: Some(0),
        status: Some(403),
        ..Fault::on("sql.instances.patch")
    });
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    let text = bed.receiver.text();
    assert!(text.contains("FAILED: sql.stop:web/main: a permission is missing; it takes cloudsql.instances.get, cloudsql.instances.update"), "{text}");
    bed.gcp.faults().remove(fault);
    let answer = bed.command(&guard, json!({"command": "retry"})).await;
    assert!(matches!(answer, Outcome::Answer(_)), "{answer:?}");
    assert_eq!(bed.world().await["sql"], "NEVER");
}

#[tokio::test]
async fn billing_is_unlinked_by_two_messages_and_two_consents_only() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    let label = |labels: serde_json::Value| json!({ "labels": labels });
    bed.ask(
        "PATCH",
        "/v3/projects/sandbox-7?updateMask=labels",
        label(json!({})),
    )
    .await;
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1250").await;
    bed.spend(&guard, 2, "2026-10-10T10:30:00Z", "1250").await;
    assert_eq!(bed.world().await["billing"]["billingEnabled"], true);
    assert!(
        bed.receiver
            .headlines()
            .iter()
            .any(|line| line.starts_with("NOT_ARMED"))
    );
    bed.ask(
        "PATCH",
        "/v3/projects/sandbox-7?updateMask=labels",
        label(json!({"budget-guard-cap": "armed"})),
    )
    .await;
    bed.spend(&guard, 3, "2026-10-10T11:00:00Z", "1251").await;
    assert!(bed.world().await["billing"].get("billingEnabled").is_none());
    assert!(
        bed.receiver
            .text()
            .contains("resources may be irretrievably deleted")
    );
}

#[tokio::test]
async fn a_consent_that_is_withdrawn_after_the_decision_stops_the_unlinking() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1250").await;
    // Decided, written down, and away when it is to be done.
    let fault = bed.gcp.faults().add(Fault {
        times: Some(0),
        status: Some(503),
        ..Fault::on("cloudbilling.projects.getBillingInfo")
    });
    assert_eq!(
        bed.spend(&guard, 2, "2026-10-10T10:30:00Z", "1251")
            .await
            .status(),
        503
    );
    bed.gcp.faults().remove(fault);
    bed.ask(
        "PATCH",
        "/v3/projects/sandbox-7?updateMask=labels",
        json!({"labels": {}}),
    )
    .await;
    bed.spend(&guard, 2, "2026-10-10T10:30:00Z", "1251").await;
    assert_eq!(bed.world().await["billing"]["billingEnabled"], true);
}

#[tokio::test]
async fn a_locked_link_is_reported_as_failed_and_never_as_done() {
    let bed = Bed::new().await;
    bed.gcp.seed(json!({"cloudbilling": {"projects": [{"projectId": "sandbox-7", "billingAccountName": format!("billingAccounts/{ACCOUNT}"), "locked": true}]}})).unwrap();
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1250").await;
    bed.spend(&guard, 2, "2026-10-10T10:30:00Z", "1251").await;
    let text = bed.receiver.text();
    assert!(
        text.contains("FAILED: billing.unlink:sandbox-7") && text.contains("locked"),
        "{text}"
    );
}

#[tokio::test]
async fn a_stop_that_cannot_be_seen_is_never_reported_as_done() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.gcp.faults().add(Fault {
        times: Some(0),
        fail_operation: Some(local_gcp::Code::Internal),
        ..Fault::on("compute.instances.stop")
    });
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    let text = bed.receiver.text();
    assert!(text.contains("FAILED: compute.stop:web/eu-a/box"), "{text}");
    let done = text
        .lines()
        .find(|line| line.starts_with("Done: "))
        .unwrap();
    assert!(!done.contains("compute.stop"), "{done}");
}

#[tokio::test]
async fn a_person_who_releases_is_not_undone_by_the_next_message() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    let before = bed.world().await;
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    for step in ["stop", "thr"] {
        let command = json!({"command": "release", "step": step, "reason": "sale"});
        assert!(matches!(
            bed.command(&guard, command).await,
            Outcome::Answer(_)
        ));
    }
    assert_eq!(bed.world().await, before);
    bed.spend(&guard, 2, "2026-10-10T10:20:00Z", "1012").await;
    assert_eq!(bed.world().await, before);
    assert!(matches!(
        bed.command(&guard, json!({"command": "resume"})).await,
        Outcome::Answer(_)
    ));
    bed.spend(&guard, 3, "2026-10-10T10:40:00Z", "1013").await;
    assert_eq!(bed.world().await["job"], "PAUSED");
}

#[tokio::test]
async fn a_snooze_holds_enforcement_back_and_needs_a_reason() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    let before = bed.world().await;
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "400").await;
    let snooze = json!({"command": "snooze", "until": "2026-10-10T12:00:00Z"});
    assert_eq!(bed.command(&guard, snooze).await.status(), 400);
    let snooze =
        json!({"command": "snooze", "until": "2026-10-10T12:00:00Z", "reason": "load test"});
    assert_eq!(bed.command(&guard, snooze).await.status(), 200);
    bed.spend(&guard, 2, "2026-10-10T11:00:00Z", "1010").await;
    assert_eq!(bed.world().await, before);
    bed.spend(&guard, 3, "2026-10-10T12:20:00Z", "1011").await;
    assert_eq!(bed.world().await["job"], "PAUSED");
    let history = bed.document(&guard).await.history;
    let snoozed = history
        .iter()
        .find(|one| one.what == "snooze" && one.verdict == "accepted")
        .unwrap();
    assert_eq!(
        (snoozed.by.as_deref(), snoozed.reason.as_deref()),
        (Some("anna@example.com"), Some("load test"))
    );
}

#[tokio::test]
async fn wrong_currency_and_silly_amounts_hold_everything_and_are_said_once() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    let before = bed.world().await;
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "400").await;
    for n in 2..5 {
        let silly = Bed::message(n, &format!("2026-10-10T1{n}:00:00Z"), "410", "20", START);
        assert_eq!(bed.deliver(&guard, silly).await, Outcome::Done);
    }
    assert_eq!(bed.world().await, before);
    let holds = bed.receiver.headlines();
    assert_eq!(
        holds.iter().filter(|line| line.starts_with("HOLD")).count(),
        1,
        "{holds:?}"
    );
}

#[tokio::test]
async fn credits_make_the_cost_fall_and_even_negative_without_a_restore_or_an_error() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    assert_eq!(
        bed.spend(&guard, 2, "2026-10-10T10:20:00Z", "-12.34").await,
        Outcome::Done
    );
    assert_eq!(
        bed.world().await["job"],
        "PAUSED",
        "latched until the period ends"
    );
}

#[tokio::test]
async fn duplicates_late_messages_and_those_of_an_old_period_change_nothing() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-31T10:00:00Z", "700").await;
    bed.deliver(
        &guard,
        Bed::message(2, "2026-11-01T08:00:00Z", "0.4", "1000", NOVEMBER),
    )
    .await;
    let before = bed.world().await;
    let old = Bed::message(3, "2026-11-01T08:10:00Z", "1300", "1000", START);
    assert_eq!(bed.deliver(&guard, old).await, Outcome::Done);
    let stale = Bed::message(4, "2026-11-01T07:30:00Z", "1300", "1000", NOVEMBER);
    assert_eq!(bed.deliver(&guard, stale).await, Outcome::Done);
    assert_eq!(bed.world().await, before);
}

#[tokio::test]
async fn a_forged_or_test_message_without_ids_reaches_nothing() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    let before = bed.world().await;
    let forged = push(
        1,
        "2026-10-10T10:00:00Z",
        r#"{"costAmount":2,"budgetAmount":1}"#,
        &json!({}),
    );
    assert_eq!(bed.deliver(&guard, forged).await, Outcome::Done);
    let other = Bed::message_of(
        "another-budget",
        2,
        "2026-10-10T10:00:00Z",
        "9999",
        "1000",
        START,
    );
    assert_eq!(bed.deliver(&guard, other).await, Outcome::Done);
    assert_eq!(bed.world().await, before);
}

#[tokio::test]
async fn a_primary_with_replicas_and_a_machine_of_a_group_are_refused_with_what_to_do() {
    let bed = Bed::new().await;
    bed.gcp.seed(json!({"compute": {"instances": [{"project": "web", "zone": "eu-a", "name": "box", "metadata": {"items": [{"key": "created-by", "value": "g"}]}}]}})).unwrap();
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    let text = bed.receiver.text();
    assert!(
        text.contains("belongs to a managed group, which would start another"),
        "{text}"
    );
}

#[tokio::test]
async fn a_day_with_no_message_and_a_guard_that_never_ticked_is_caught_up_by_one_tick() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    bed.later(SignedDuration::from_hours(30));
    bed.tick(&guard).await;
    let told = bed.receiver.headlines();
    assert!(
        told.iter().any(|line| line.starts_with("FEED_SILENT")),
        "{told:?}"
    );
}
