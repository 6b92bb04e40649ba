//! The ladder on things that are there: what is taken, and that it comes back as it was.

use crate::bed::{ACCOUNT, BUDGET, Bed, LADDER, OTHER, START, handle, push};
use budget_guard::{
    apply::Ended,
    policy::Policy,
    state::document::{ItemRecord, Operation},
};
use jiff::SignedDuration;
use nightshift_runtime::Outcome;
use serde_json::{Value, json};

const NOVEMBER: &str = "2026-11-01T07:00:00Z";

#[tokio::test]
async fn a_throttle_a_stop_and_a_cap_take_everything_and_a_new_month_and_a_person_give_it_back() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    let before = bed.world().await;
    assert_eq!(
        bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "905").await,
        Outcome::Done
    );
    let throttled = bed.world().await;
    assert_eq!(throttled["services/api"]["scaling"]["maxInstanceCount"], 1);
    assert_eq!(
        throttled["services/admin"]["ingress"],
        "INGRESS_TRAFFIC_INTERNAL_ONLY"
    );
    assert_eq!(throttled["quota"][0]["effectiveLimit"], "100");

    assert_eq!(
        bed.spend(&guard, 2, "2026-10-12T10:00:00Z", "1010").await,
        Outcome::Done
    );
    all_is_stopped(&before, &bed.world().await);

    bed.spend(&guard, 3, "2026-10-13T10:00:00Z", "1210").await;
    let confirmed = bed.world().await["billing"]["billingEnabled"] != true;
    assert!(!confirmed, "two messages must confirm it");
    bed.spend(&guard, 4, "2026-10-13T10:20:00Z", "1220").await;
    let november = Bed::message(5, "2026-11-01T08:00:00Z", "0.4", "1000", NOVEMBER);
    assert_eq!(bed.deliver(&guard, november).await, Outcome::Done);
    let mut after = bed.world().await;
    let account = after["billing"].get("billingAccountName");
    assert!(account.is_none(), "a cap is given back by a person only");
    after["billing"] = before["billing"].clone();
    assert_eq!(after, before);
    let released = json!({"command": "release", "step": "cap", "reason": "paid"});
    assert!(matches!(
        bed.command(&guard, released).await,
        Outcome::Answer(_)
    ));
    assert_eq!(bed.world().await, before);
    let document = bed.document(&guard).await;
    assert!(document.state.applied.is_empty() && document.outbox.is_empty());
    let last = document.history.last().unwrap();
    assert_eq!(
        (last.what.as_str(), last.by.as_deref()),
        ("release", Some("anna@example.com"))
    );
    assert_eq!(last.reason.as_deref(), Some("paid"));
}

fn all_is_stopped(before: &Value, stopped: &Value) {
    let off = json!({"scalingMode": "MANUAL", "manualInstanceCount": 0});
    assert_eq!(stopped["services/api"]["scaling"], off);
    assert_eq!(
        stopped["services/pay"], before["services/pay"],
        "protected by its label"
    );
    assert_eq!(
        stopped["admin policy"]["bindings"][0]["members"],
        json!(["user:a@example.com"])
    );
    assert_eq!(
        stopped["services/admin"]["ingress"], "INGRESS_TRAFFIC_ALL",
        "another lever is in force"
    );
    assert_ne!(stopped["services/admin"]["invokerIamDisabled"], true);
    assert_eq!(
        stopped["workerPools/worker"]["scaling"]["manualInstanceCount"],
        0
    );
    assert_eq!(stopped["job"], "PAUSED");
    assert_eq!(stopped["sql"], "NEVER");
    assert_eq!(stopped["box"]["status"], "TERMINATED");
}

#[tokio::test]
async fn a_dry_run_decides_tells_and_touches_nothing() {
    let bed = Bed::new().await;
    let guard = bed.guard_of(
        &bed.config
            .replace("mode = \"enforce\"", "mode = \"dry_run\""),
    );
    let before = bed.world().await;
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    assert_eq!(bed.world().await, before);
    assert!(bed.receiver.headlines()[0].starts_with("[dry run] STOP"));
    assert!(bed.receiver.text().contains("Would do: "));
}

#[tokio::test]
async fn what_a_person_has_changed_meanwhile_is_left_alone_and_said() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    let api = "/v2/projects/web/locations/eu/services/api?updateMask=scaling";
    let by_hand = json!({"scaling": {"scalingMode": "AUTOMATIC", "minInstanceCount": 0, "maxInstanceCount": 3}});
    bed.ask("PATCH", api, by_hand).await;
    let november = Bed::message(2, "2026-11-01T08:00:00Z", "1", "1000", NOVEMBER);
    bed.deliver(&guard, november).await;
    let world = bed.world().await;
    assert_eq!(
        world["services/api"]["scaling"]["maxInstanceCount"], 3,
        "theirs"
    );
    assert_eq!(world["job"], "ENABLED", "ours");
    let text = bed.receiver.text();
    assert!(
        text.contains("Left alone: run:web/eu/api: somebody has changed it since"),
        "{text}"
    );
}

#[tokio::test]
async fn a_further_rung_takes_what_a_person_had_changed_and_gives_back_what_they_made_of_it() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "905").await;
    let api = "/v2/projects/web/locations/eu/services/api?updateMask=scaling";
    bed.ask(
        "PATCH",
        api,
        json!({"scaling": {"minInstanceCount": 2, "maxInstanceCount": 7}}),
    )
    .await;
    bed.spend(&guard, 2, "2026-10-11T10:00:00Z", "1010").await;
    assert_eq!(
        bed.world().await["services/api"]["scaling"]["scalingMode"],
        "MANUAL"
    );
    bed.deliver(
        &guard,
        Bed::message(3, "2026-11-01T08:00:00Z", "1", "1000", NOVEMBER),
    )
    .await;
    let scaling = bed.world().await["services/api"]["scaling"].clone();
    assert_eq!(
        (&scaling["minInstanceCount"], &scaling["maxInstanceCount"]),
        (&json!(2), &json!(7))
    );
}

#[tokio::test]
async fn a_resource_that_two_budgets_stop_returns_when_the_last_one_lets_go() {
    let bed = Bed::new().await;
    let second = format!(
        "\n[[budget]]\naccount = \"01D4EE-079462-DFD6EC\"\nid = \"{OTHER}\"\ncurrency = \"USD\"\nstep = [{{ id = \"s\", class = \"stop\", \
         when = {{ actual = \"100%\" }}, release = \"90%\", do = [\"slack\", \"run.disable:web/eu/api\"] }}]\n"
    );
    let guard = bed.guard_of(&format!("{}{second}", bed.config));
    let before = bed.world().await;
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "905").await;
    bed.deliver(
        &guard,
        Bed::message_of(OTHER, 2, "2026-10-10T11:00:00Z", "1010", "1000", START),
    )
    .await;
    assert_eq!(
        bed.world().await["services/api"]["scaling"]["manualInstanceCount"],
        0
    );
    // The other budget is raised: what this one still asks for remains.
    bed.deliver(
        &guard,
        Bed::message_of(OTHER, 3, "2026-10-10T12:00:00Z", "1010", "3000", START),
    )
    .await;
    assert_eq!(
        bed.world().await["services/api"]["scaling"]["maxInstanceCount"],
        1
    );
    bed.deliver(
        &guard,
        Bed::message(4, "2026-10-10T13:00:00Z", "905", "3000", START),
    )
    .await;
    assert_eq!(bed.world().await, before);
}

#[tokio::test]
async fn a_resource_that_is_gone_is_not_given_back_and_holds_nothing_up() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    bed.ask(
        "DELETE",
        "/v2/projects/web/locations/eu/services/api",
        Value::Null,
    )
    .await;
    bed.deliver(
        &guard,
        Bed::message(2, "2026-11-01T08:00:00Z", "1", "1000", NOVEMBER),
    )
    .await;
    assert!(
        bed.receiver.text().contains("it is no longer there"),
        "{}",
        bed.receiver.text()
    );
    assert_eq!(
        bed.get("/v1/projects/web/locations/eu/jobs/nightly").await["state"],
        "ENABLED"
    );
}

#[tokio::test]
async fn a_message_that_changes_nothing_writes_the_memory_once_and_nothing_else() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "100").await;
    let from = bed.gcp.journal().entries().len();
    bed.spend(&guard, 2, "2026-10-10T10:20:00Z", "101").await;
    let calls = bed.gcp.journal().entries();
    let calls: Vec<String> = calls[from..]
        .iter()
        .map(|entry| format!("{entry:?}"))
        .collect();
    assert_eq!(calls.len(), 2, "{calls:#?}");
}

#[tokio::test]
async fn unknown_kinds_are_acknowledged_and_what_cannot_be_read_goes_to_the_dead_letters() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    let unknown = push(1, "2026-10-10T10:00:00Z", "{}", &json!({"scope": "x"}));
    assert_eq!(handle(&guard, unknown).await, Outcome::Done);
    let torn = push(
        2,
        "2026-10-10T10:00:00Z",
        "{\"costAmount\":",
        &json!({"billingAccountId": "x", "budgetId": "y"}),
    );
    assert_eq!(handle(&guard, torn).await.status(), 400);
}

#[tokio::test]
async fn a_service_that_is_manual_or_has_no_bounds_returns_as_it_was() {
    for scaling in [
        json!({"scalingMode": "MANUAL", "manualInstanceCount": 4}),
        json!({}),
    ] {
        let bed = Bed::with(LADDER).await;
        let api = "/v2/projects/web/locations/eu/services/api?updateMask=scaling";
        bed.ask("PATCH", api, json!({ "scaling": scaling })).await;
        let guard = bed.guard();
        let before = bed.world().await;
        bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "905").await;
        bed.spend(&guard, 2, "2026-10-11T10:00:00Z", "1010").await;
        assert_eq!(
            bed.world().await["services/api"]["scaling"]["manualInstanceCount"],
            0
        );
        bed.deliver(
            &guard,
            Bed::message(3, "2026-11-01T08:00:00Z", "1", "1000", NOVEMBER),
        )
        .await;
        assert_eq!(bed.world().await, before);
    }
}

#[tokio::test]
async fn the_hourly_tick_tries_again_what_failed() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    let forbidden = local_gcp::Fault {
        status: Some(403),
        times: Some(0),
        ..local_gcp::Fault::on("cloudscheduler.projects.locations.jobs.pause")
    };
    let fault = bed.gcp.faults().add(forbidden);
    assert_eq!(
        bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await,
        Outcome::Done
    );
    let text = bed.receiver.text();
    assert!(text.contains("FAILED: scheduler.pause:web/eu/nightly: a permission is missing; it takes cloudscheduler.jobs.get"), "{text}");
    assert_eq!(bed.world().await["sql"], "NEVER", "the others proceed");
    bed.gcp.faults().remove(fault);
    bed.tick(&guard).await;
    assert_eq!(bed.world().await["job"], "ENABLED", "not yet due");
    bed.later(SignedDuration::from_mins(61));
    bed.tick(&guard).await;
    assert_eq!(bed.world().await["job"], "PAUSED");
    assert!(
        bed.receiver
            .headlines()
            .iter()
            .any(|line| line.starts_with("RECOVERED"))
    );
}

#[tokio::test]
async fn the_guards_own_project_is_never_a_target_even_when_a_plan_says_so() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    let policy = Policy {
        guard_project: "web".to_owned(),
        ..guard.policies()[0].clone()
    };
    let applier = budget_guard::apply::Applier {
        key: None,
        google: guard.google(),
        repository: guard.repository(),
        policy: &policy,
        rev: 0,
        recall: None,
        rounds: nightshift_runtime::RetryPolicy::never(),
    };
    let action = "run.disable:web/eu/api".parse().unwrap();
    let item = ItemRecord::planned(Operation::Do, action);
    let before = bed.world().await;
    let ended = applier.apply(&item).await;
    assert!(
        matches!(&ended, Ended::Failed(why) if why.contains("guard's own project")),
        "{ended:?}"
    );
    assert_eq!(bed.world().await, before);
}

#[tokio::test]
async fn a_service_that_is_held_says_by_which_firing_until_it_is_given_back() {
    let bed = Bed::new().await;
    let note = async |name: &str| {
        let path = format!("/v2/projects/web/locations/eu/services/{name}");
        bed.get(&path).await["annotations"]["budget-guard/enforced"].take()
    };
    let annotated = json!({"annotations": {"team": "web"}});
    bed.ask(
        "PATCH",
        "/v2/projects/web/locations/eu/services/api?updateMask=annotations",
        annotated,
    )
    .await;
    let before = bed.world().await;
    let guard = bed.guard();
    let key = |step: &str| format!("{ACCOUNT}/{BUDGET}/{START}/{step}#0");
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "905").await;
    assert_eq!(note("api").await, key("thr"));
    bed.spend(&guard, 2, "2026-10-11T10:00:00Z", "1010").await;
    assert_eq!(note("api").await, key("stop"));
    assert_eq!(note("admin").await, key("stop"));
    assert_eq!(note("pay").await, Value::Null, "protected");
    let release = json!({"command": "release", "step": "stop", "reason": "sale"});
    bed.command(&guard, release).await;
    assert_eq!(note("api").await, key("thr"));
    let service = bed.get("/v2/projects/web/locations/eu/services/api").await;
    assert_eq!(service["annotations"]["team"], "web");
    let release = json!({"command": "release", "step": "thr", "reason": "sale"});
    bed.command(&guard, release).await;
    assert_eq!(bed.world().await, before);
}

#[tokio::test]
async fn a_note_that_cannot_be_left_keeps_nothing_from_being_stopped() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "890").await;
    // The first patch is that of the first service, the second its note's.
    bed.gcp.faults().add(local_gcp::Fault {
        after: 1,
        status: Some(403),
        ..local_gcp::Fault::on("run.projects.locations.services.patch")
    });
    let spent = bed.spend(&guard, 2, "2026-10-10T10:20:00Z", "905").await;
    assert_eq!(spent.status(), 204);
    let world = bed.world().await;
    assert_eq!(
        world["services/admin"]["ingress"],
        "INGRESS_TRAFFIC_INTERNAL_ONLY"
    );
    assert_eq!(world["services/admin"].get("annotations"), None);
    assert_eq!(world["services/api"]["scaling"]["maxInstanceCount"], 1);
    assert!(!bed.receiver.text().contains("FAILED"));
}
