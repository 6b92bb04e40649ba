//! What went wrong for the users of others, as far as it takes services to show.

use crate::bed::{Bed, OFFICE, PROJECT, REGION, office_service, options, seeded, service, target};
use local_gcp::Fault;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn office(at: &str, services: &[(&str, u32)]) -> Bed {
    let targets: String = services
        .iter()
        .map(|(name, _)| office_service(name))
        .collect();
    Bed::start(at, &format!("{OFFICE}{targets}"), services).await
}

fn every(method: &str) -> Fault {
    Fault {
        times: Some(0),
        ..Fault::on(method)
    }
}

const PATCH: &str = "run.projects.locations.services.patch";
const LIST: &str = "run.projects.locations.services.list";

#[tokio::test]
async fn what_was_there_before_us_is_written_once_and_never_overwritten() {
    let bed = office("2026-03-06T09:00:00Z", &[("shop", 1)]).await;
    for at in [
        "2026-03-06T18:00:00Z",
        "2026-03-09T08:00:00Z",
        "2026-03-09T18:00:00Z",
    ] {
        bed.run_at(at).await;
        bed.set_min("shop", 2).await;
        bed.run().await;
        let annotations = bed.get(&service("shop")).await["annotations"].clone();
        assert_eq!(annotations["nightshift-scaling-original"], "min=1");
    }
}

#[tokio::test]
async fn another_owner_is_named_and_left_to_it_after_three_put_backs_within_the_hour() {
    let bed = office("2026-03-09T09:00:00Z", &[("shop", 0)]).await;
    bed.run().await;
    for _ in 0..3 {
        bed.set_min("shop", 1).await;
        bed.advance(5).await;
        assert_eq!(bed.run().await.decision("shop"), "written");
    }
    bed.set_min("shop", 1).await;
    bed.advance(5).await;
    let told = bed.run().await;
    assert_eq!(told.decision("shop"), "held");
    let reason = told.reason("shop");
    assert!(
        reason.contains("nightshift@demo.iam.gserviceaccount.com lowered it again"),
        "{reason}"
    );
    assert!(reason.contains("ignore_changes"), "{reason}");
}

#[tokio::test]
async fn a_night_without_a_boundary_is_a_night_without_a_write_and_with_one_read_a_run() {
    let bed = office(
        "2026-03-09T18:00:00Z",
        &[("shop", 0), ("web", 0), ("api", 0)],
    )
    .await;
    bed.run().await;
    bed.gcp.journal().clear();
    for _ in 0..12 {
        bed.advance(65).await;
        assert_eq!(bed.run().await.count("nothing"), 3);
    }
    assert_eq!(bed.calls(), vec![LIST; 12]);
}

#[tokio::test]
async fn after_three_conflicts_a_target_is_left_to_the_next_run() {
    let bed = office("2026-03-09T09:00:00Z", &[("shop", 0)]).await;
    bed.gcp.faults().add(Fault {
        status: Some(409),
        ..every(PATCH)
    });
    let told = bed.run().await;
    assert_eq!((told.decision("shop"), told.writes), ("deferred", 3));
    bed.gcp.faults().clear();
    assert_eq!(bed.run().await.decision("shop"), "written");
}

#[tokio::test]
async fn an_answer_that_is_lost_is_looked_for_and_not_written_again() {
    let bed = office("2026-03-09T09:00:00Z", &[("shop", 0)]).await;
    bed.gcp.faults().add(Fault {
        lose_answer: true,
        ..Fault::on(PATCH)
    });
    assert_eq!(bed.run().await.decision("shop"), "failed");
    assert_eq!(
        bed.run_at("2026-03-09T09:05:00Z").await.decision("shop"),
        "nothing"
    );
    assert_eq!((bed.min("shop").await, bed.writes().len()), (3, 1));
}

#[tokio::test]
async fn a_floor_of_the_revision_is_told_when_ours_has_no_effect() {
    let mut shop = seeded(&service("shop"), json!({ "minInstanceCount": 3 }));
    shop["template"]["scaling"] = json!({ "minInstanceCount": 2 });
    let seed = json!({ "run": { "services": [shop] } });
    let text = format!("{OFFICE}{}", office_service("shop"));
    let bed = Bed::seeded(options("2026-03-09T19:00:00Z"), &text, seed).await;
    let told = bed.run().await;
    assert_eq!(told.decision("shop"), "written");
    assert!(
        told.reason("shop")
            .contains("its revision carries a floor of 2 itself"),
        "{}",
        told.reason("shop")
    );
}

#[tokio::test]
async fn a_raise_that_is_accepted_and_then_fails_is_tried_again_by_the_next_run() {
    let bed = office("2026-03-09T08:00:00Z", &[("shop", 0)]).await;
    bed.gcp.faults().add(Fault {
        fail_operation: Some(local_gcp::Code::ResourceExhausted),
        message: Some("CpuAllocPerProjectRegion requested: 4 allowed: 0".to_owned()),
        ..Fault::on(PATCH)
    });
    let told = bed.run().await;
    assert_eq!(told.decision("shop"), "failed");
    assert!(
        told.reason("shop").contains("CpuAllocPerProjectRegion"),
        "{}",
        told.reason("shop")
    );
    let told = bed.run_at("2026-03-09T08:05:00Z").await;
    assert_eq!(
        (told.decision("shop"), told.of("shop").lag_s),
        ("written", Some(300))
    );
}

#[tokio::test]
async fn one_broken_or_slow_target_holds_up_no_other() {
    let bed = office(
        "2026-03-09T09:00:00Z",
        &[("broken", 0), ("shop", 0), ("slow", 0), ("web", 0)],
    )
    .await;
    bed.gcp.faults().add(Fault {
        status: Some(400),
        path: Some("/broken".to_owned()),
        ..every(PATCH)
    });
    bed.gcp.faults().add(Fault {
        delay: Some(jiff::SignedDuration::from_millis(1500)),
        path: Some("/slow".to_owned()),
        ..every(PATCH)
    });
    let begun = Instant::now();
    let told = bed.run().await;
    let decisions = ["broken", "shop", "slow", "web"].map(|name| told.decision(name));
    assert_eq!(decisions, ["failed", "written", "written", "written"]);
    assert!(begun.elapsed() < Duration::from_secs(30));
    let answered = bed
        .writes()
        .iter()
        .map(|entry| entry.path.rsplit('/').next().unwrap().to_owned())
        .collect::<Vec<_>>();
    assert_eq!(
        answered.last().map(String::as_str),
        Some("slow"),
        "{answered:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_not_lowered_and_not_taken_for_gone() {
    let bed = office("2026-03-09T09:00:00Z", &[("shop", 0)]).await;
    bed.run().await;
    bed.gcp.faults().add(Fault {
        status: Some(403),
        ..every(LIST)
    });
    let told = bed.run_at("2026-03-09T18:00:00Z").await;
    assert_eq!(told.decision("shop"), "refused");
    assert!(told.is_in_the_dark() && told.has_failures());
    assert!(
        told.unread[0]
            .why
            .contains("list services of demo in europe-west1"),
        "{:?}",
        told.unread
    );
    assert_eq!(bed.min("shop").await, 3);
}

#[tokio::test]
async fn what_we_remembered_and_cannot_read_is_not_taken_for_absent() {
    let mut shop = seeded(&service("shop"), json!({ "minInstanceCount": 3 }));
    shop["annotations"] = json!({ "nightshift-scaling-original": "three" });
    let seed = json!({ "run": { "services": [shop, seeded(&service("web"), json!({}))] } });
    let text = format!(
        "{OFFICE}{}{}",
        office_service("shop"),
        office_service("web")
    );
    let bed = Bed::seeded(options("2026-03-09T19:00:00Z"), &text, seed).await;
    let told = bed.run().await;
    assert_eq!(told.decision("shop"), "refused");
    assert!(
        told.reason("shop")
            .contains("nightshift-scaling-original is \"three\""),
        "{}",
        told.reason("shop")
    );
    assert_eq!((bed.min("shop").await, told.decision("web")), (3, "noted"));
}

#[tokio::test]
async fn a_target_that_is_gone_is_said_and_stops_no_other() {
    let text = format!(
        "{OFFICE}{}{}",
        office_service("gone"),
        office_service("shop")
    );
    let bed = Bed::start("2026-03-09T09:00:00Z", &text, &[("shop", 0)]).await;
    let told = bed.run().await;
    assert_eq!(
        (told.decision("gone"), told.decision("shop")),
        ("refused", "written")
    );
    assert!(
        told.reason("gone")
            .contains("remove it from the configuration"),
        "{}",
        told.reason("gone")
    );
}

/// A configuration that discovers by label.
fn discovering() -> String {
    format!("{OFFICE}[discover]\nprojects = [\"demo\"]\nregions = [\"europe-west1\"]\n")
}

fn labelled(name: &str, labels: &Value, scaling: Value) -> Value {
    let mut found = seeded(name, scaling);
    found["labels"] = labels.clone();
    found
}

#[tokio::test]
async fn a_label_binds_a_service_and_taking_it_away_gives_it_back() {
    let label = json!({ "nightshift-schedule": "office" });
    let shop = labelled(&service("shop"), &label, json!({ "minInstanceCount": 1 }));
    let other = seeded(&service("other"), json!({ "minInstanceCount": 7 }));
    let seed = json!({ "run": { "services": [shop, other] } });
    let bed = Bed::seeded(options("2026-03-09T09:00:00Z"), &discovering(), seed).await;
    let told = bed.run().await;
    assert_eq!((told.targets.len(), told.decision("shop")), (1, "written"));
    bed.patch(&service("shop"), "labels", json!({ "labels": {} }))
        .await;
    let told = bed.run_at("2026-03-09T09:05:00Z").await;
    assert_eq!(told.decision("shop"), "released");
    let shop = bed.get(&service("shop")).await;
    assert_eq!(
        (bed.min("shop").await, shop.get("annotations")),
        (1, None),
        "{shop}"
    );
    assert!(bed.run().await.targets.is_empty());
}

#[tokio::test]
async fn a_label_that_names_no_schedule_is_an_error_of_that_target_alone() {
    let wrong = labelled(
        &service("wrong"),
        &json!({ "nightshift-schedule": "ofice" }),
        json!({ "minInstanceCount": 7 }),
    );
    let right = labelled(
        &service("right"),
        &json!({ "nightshift-schedule": "office" }),
        json!({}),
    );
    let seed = json!({ "run": { "services": [wrong, right] } });
    let bed = Bed::seeded(options("2026-03-09T09:00:00Z"), &discovering(), seed).await;
    let told = bed.run().await;
    assert_eq!(
        (told.decision("wrong"), told.decision("right")),
        ("refused", "written")
    );
    assert!(
        told.reason("wrong")
            .contains("there is no [schedules.ofice]; there are office"),
        "{}",
        told.reason("wrong")
    );
    assert_eq!(bed.min("wrong").await, 7);
}

#[tokio::test]
async fn a_discovered_pool_without_leave_to_interrupt_its_workers_is_refused() {
    let text = "version = 1\n[schedules.w]\ntime_zone = \"UTC\"\ndefault = { manual = 0 }\n\
                [discover]\nprojects = [\"demo\"]\nregions = [\"europe-west1\"]\n";
    let pool = |name: &str| format!("{REGION}/workerPools/{name}");
    let careful = labelled(
        &pool("careful"),
        &json!({ "nightshift-schedule": "w" }),
        json!({ "manualInstanceCount": 2 }),
    );
    let ready = json!({ "nightshift-schedule": "w", "nightshift-interrupt": "ok" });
    let ready = labelled(&pool("ready"), &ready, json!({ "manualInstanceCount": 2 }));
    let seed = json!({ "run": { "workerPools": [careful, ready] } });
    let bed = Bed::seeded(options("2026-03-09T09:00:00Z"), text, seed).await;
    let told = bed.run().await;
    assert_eq!(
        (told.decision("careful"), told.decision("ready")),
        ("refused", "written")
    );
    assert!(
        told.reason("careful").contains("nightshift-interrupt=ok"),
        "{}",
        told.reason("careful")
    );
    assert_eq!(
        bed.scaling(&pool("careful")).await["manualInstanceCount"],
        2
    );
}

#[tokio::test]
async fn a_deploy_that_goes_on_is_waited_for_ten_minutes_and_no_longer() {
    let slow = local_gcp::Options {
        operation_time: Duration::from_hours(1),
        ..options("2026-03-09T17:58:00Z")
    };
    let text = format!("{OFFICE}{}", office_service("shop"));
    let seed = json!({ "run": { "services": [seeded(&service("shop"), json!({ "minInstanceCount": 3 }))] } });
    let mut bed = Bed::seeded(slow, &text, seed).await;
    bed.scaler.patience.operations = Duration::ZERO;
    bed.begin(
        &service("shop"),
        "template",
        json!({ "template": { "containers": [{ "image": "web:2" }] } }),
    )
    .await;
    bed.set_time_at_once("2026-03-09T18:00:00Z").await;
    let told = bed.run().await;
    assert_eq!(told.decision("shop"), "deferred");
    assert!(
        told.reason("shop").contains("is still being carried out"),
        "{}",
        told.reason("shop")
    );
    bed.set_time_at_once("2026-03-09T18:08:00Z").await;
    let told = bed.run().await;
    assert_eq!(told.decision("shop"), "accepted");
    assert!(told.of("shop").operation.is_some());
}

#[tokio::test]
async fn a_read_replica_is_left_alone_and_named() {
    let text = format!(
        "version = 1\n[schedules.d]\ntime_zone = \"UTC\"\ndefault = {{ power = \"off\" }}\n{}{}",
        target("sql", &format!("{PROJECT}/instances/replica"), "d", ""),
        target("sql", &format!("{PROJECT}/instances/main"), "d", ""),
    );
    let seed = json!({ "sql": { "instances": [
        { "name": "main", "settings": {} },
        { "name": "replica", "instanceType": "READ_REPLICA_INSTANCE", "masterInstanceName": "demo:main", "settings": {} },
    ] } });
    let bed = Bed::seeded(options("2026-03-09T19:00:00Z"), &text, seed).await;
    let told = bed.run().await;
    assert_eq!(
        (told.decision("replica"), told.decision("main")),
        ("refused", "written")
    );
    assert!(
        told.reason("replica").contains("read replica"),
        "{}",
        told.reason("replica")
    );
    assert_eq!(
        (bed.policy("replica").await, bed.policy("main").await),
        ("ALWAYS".into(), "NEVER".into())
    );
}

#[tokio::test]
async fn a_database_that_does_something_else_is_left_to_the_next_run() {
    let main = format!("{PROJECT}/instances/main");
    let text = format!(
        "version = 1\n[schedules.d]\ntime_zone = \"UTC\"\ndefault = {{ power = \"off\" }}\n{}",
        target("sql", &main, "d", "")
    );
    let seed = json!({ "sql": { "instances": [{ "name": "main", "settings": {} }] } });
    let bed = Bed::seeded(options("2026-03-09T19:00:00Z"), &text, seed).await;
    bed.gcp.faults().add(Fault {
        status: Some(409),
        ..Fault::on("sql.instances.patch")
    });
    let told = bed.run().await;
    assert_eq!(told.decision("main"), "deferred");
    assert!(
        told.reason("main").contains("another operation"),
        "{}",
        told.reason("main")
    );
    assert_eq!(bed.run().await.decision("main"), "written");
}

#[tokio::test]
async fn a_maximum_that_nobody_speaks_of_is_not_sent_and_one_that_is_meant_is() {
    let text = format!("{OFFICE}max = 10\n{}", office_service("shop"));
    let seed = json!({ "run": { "services": [seeded(&service("shop"), json!({ "minInstanceCount": 3, "maxInstanceCount": 20 }))] } });
    let bed = Bed::seeded(options("2026-03-09T18:00:00Z"), &text, seed).await;
    bed.run().await;
    let sent = |index: usize| bed.writes()[index].json.as_ref().unwrap()["scaling"].clone();
    assert!(
        bed.writes()[0]
            .query
            .contains("=scaling.minInstanceCount%2Cannotations&")
    );
    assert!(sent(0).get("maxInstanceCount").is_none(), "{}", sent(0));
    assert_eq!(bed.scaling(&service("shop")).await["maxInstanceCount"], 20);
    bed.run_at("2026-03-10T08:00:00Z").await;
    assert_eq!(
        sent(1),
        json!({ "minInstanceCount": 3, "maxInstanceCount": 10 })
    );
    bed.run_at("2026-03-10T18:00:00Z").await;
    assert_eq!(bed.scaling(&service("shop")).await["maxInstanceCount"], 20);
}

#[tokio::test]
async fn coming_back_from_manual_scaling_names_both_bounds() {
    let text = format!("{OFFICE}{}", office_service("shop"));
    let manual = text
        .replace("default = { min = 0 }", "default = { manual = 0 }")
        .replace("min = 3", "manual = 3");
    let seed = json!({ "run": { "services": [seeded(&service("shop"), json!({ "minInstanceCount": 2, "maxInstanceCount": 20 }))] } });
    let mut bed = Bed::seeded(options("2026-03-09T18:00:00Z"), &manual, seed).await;
    assert_eq!(bed.run().await.decision("shop"), "written");
    let scaling = bed.scaling(&service("shop")).await;
    assert_eq!(
        (&scaling["scalingMode"], &scaling["maxInstanceCount"]),
        (&json!("MANUAL"), &Value::Null)
    );
    bed.reconfigure(&text);
    let told = bed.run_at("2026-03-10T08:00:00Z").await;
    assert_eq!(told.decision("shop"), "written", "{}", told.reason("shop"));
    let scaling = bed.scaling(&service("shop")).await;
    assert_eq!(
        (&scaling["minInstanceCount"], &scaling["maxInstanceCount"]),
        (&json!(3), &json!(20))
    );
}
