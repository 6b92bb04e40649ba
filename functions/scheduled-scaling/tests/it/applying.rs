//! What a run reads and writes, against the stand-in for Google Cloud.

use crate::bed::{
    Bed, OFFICE, PROJECT, REGION, instant, office_service, options, seeded, service, target,
};
use local_gcp::Fault;
use serde_json::json;

fn office(names: &[&str]) -> String {
    let targets: String = names.iter().map(|name| office_service(name)).collect();
    format!("{OFFICE}{targets}")
}

#[tokio::test]
async fn a_service_is_raised_and_lowered_at_its_boundaries_and_left_alone_between_them() {
    let bed = Bed::start("2026-03-09T07:55:00Z", &office(&["shop"]), &[("shop", 1)]).await;
    let told = bed.run().await;
    assert_eq!(
        (told.decision("shop"), bed.min("shop").await),
        ("written", 0)
    );
    let told = bed.run_at("2026-03-09T08:00:00Z").await;
    assert_eq!(
        (told.decision("shop"), bed.min("shop").await),
        ("written", 3)
    );
    assert_eq!(told.of("shop").lag_s, Some(0));
    let before = bed.writes().len();
    for at in [
        "2026-03-09T08:05:00Z",
        "2026-03-09T12:00:00Z",
        "2026-03-09T17:59:59Z",
    ] {
        assert_eq!(bed.run_at(at).await.decision("shop"), "nothing");
    }
    assert_eq!(bed.writes().len(), before);
    bed.run_at("2026-03-09T18:00:00Z").await;
    assert_eq!(bed.min("shop").await, 0);
    let original = &bed.get(&service("shop")).await["annotations"]["nightshift-scaling-original"];
    assert_eq!(original, "min=1");
}

#[tokio::test]
async fn a_write_names_its_fields_and_its_etag_and_never_a_template() {
    let bed = Bed::start("2026-03-09T09:00:00Z", &office(&["shop"]), &[("shop", 1)]).await;
    let before = bed.get(&service("shop")).await;
    bed.run().await;
    let writes = bed.writes();
    assert_eq!(writes.len(), 1);
    let mask =
        "updateMask=scaling.minInstanceCount%2Cannotations&validateOnly=false&allowMissing=false";
    assert!(writes[0].query.starts_with(mask), "{}", writes[0].query);
    let body = writes[0].json.as_ref().unwrap();
    assert_eq!(body["etag"], before["etag"]);
    assert_eq!(body["scaling"], json!({ "minInstanceCount": 3 }));
    assert!(body.get("template").is_none(), "{body}");
    let after = bed.get(&service("shop")).await;
    assert_eq!(
        after["latestCreatedRevision"],
        before["latestCreatedRevision"]
    );
}

#[tokio::test]
async fn annotations_of_others_stay_as_they_are() {
    let mut shop = seeded(&service("shop"), json!({}));
    shop["annotations"] = json!({ "team": "shop" });
    let seed = json!({ "run": { "services": [shop] } });
    let bed = Bed::seeded(options("2026-03-09T09:00:00Z"), &office(&["shop"]), seed).await;
    bed.run().await;
    assert_eq!(
        bed.get(&service("shop")).await["annotations"]["team"],
        "shop"
    );
}

#[tokio::test]
async fn a_raise_by_a_person_is_kept_until_the_next_boundary_and_a_lowering_is_put_back() {
    let bed = Bed::start("2026-03-09T09:00:00Z", &office(&["shop"]), &[("shop", 0)]).await;
    bed.run().await;
    bed.set_min("shop", 5).await;
    let told = bed.run_at("2026-03-09T09:05:00Z").await;
    assert_eq!(
        (told.decision("shop"), told.of("shop").drift),
        ("held", Some(2))
    );
    assert!(
        told.reason("shop")
            .contains("somebody raised min 3 to min 5")
    );
    bed.run_at("2026-03-09T18:00:00Z").await;
    assert_eq!(bed.min("shop").await, 0);
    bed.run_at("2026-03-10T08:00:00Z").await;
    bed.set_min("shop", 1).await;
    let told = bed.run_at("2026-03-10T08:05:00Z").await;
    assert_eq!(
        (told.decision("shop"), told.of("shop").drift),
        ("written", Some(-2))
    );
    assert_eq!(bed.min("shop").await, 3);
}

#[tokio::test]
async fn a_change_between_reading_and_writing_is_seen_and_decided_anew() {
    let bed = Bed::start("2026-03-09T09:00:00Z", &office(&["shop"]), &[("shop", 0)]).await;
    bed.gcp.faults().add(Fault {
        status: Some(409),
        times: Some(2),
        ..Fault::on("run.projects.locations.services.patch")
    });
    let told = bed.run().await;
    assert_eq!((told.decision("shop"), told.writes), ("written", 3));
    bed.gcp.faults().clear();
    bed.advance(5).await;
    // The etag that was read is not the one that there is.
    bed.gcp.faults().add(Fault {
        stale: Some(2),
        ..Fault::on("run.projects.locations.services.list")
    });
    let told = bed.run().await;
    assert_eq!(told.decision("shop"), "nothing");
    assert_eq!(bed.min("shop").await, 3);
}

#[tokio::test]
async fn a_region_whose_quota_is_used_up_rests_and_is_gone_on_with_at_the_next_run() {
    let names: Vec<String> = (0..6).map(|n| format!("s{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = format!("writes_per_minute = 4\n{}", office(&names));
    let services: Vec<(&str, u32)> = names.iter().map(|name| (*name, 0)).collect();
    let bed = Bed::start("2026-03-09T09:00:00Z", &text, &services).await;
    let told = bed.run().await;
    assert_eq!(
        (told.count("written"), told.count("deferred")),
        (4, 2),
        "{:#?}",
        told.0
    );
    assert_eq!(bed.run().await.writes, 0);
    bed.advance(5).await;
    assert_eq!(bed.run().await.count("written"), 2);
    // Google itself says so.
    bed.gcp
        .set_time(instant("2026-03-09T18:00:00Z"))
        .await
        .unwrap();
    bed.gcp.faults().add(Fault {
        status: Some(429),
        times: Some(0),
        ..Fault::on("run.projects.locations.services.patch")
    });
    let told = bed.run().await;
    assert_eq!(told.count("deferred"), 6);
    assert!(
        told.reason("s0")
            .contains("writes of this minute are used up")
    );
}

#[tokio::test]
async fn what_is_raised_comes_before_what_is_lowered() {
    let night = r#"
        [schedules.night]
        time_zone = "UTC"
        default = { min = 2 }
        [[schedules.night.windows]]
        name = "day"
        days = "daily"
        from = "08:00"
        to = "18:00"
        min = 0
    "#;
    let text = format!(
        "{OFFICE}{night}{}{}",
        office_service("z-up"),
        target("service", &service("a-down"), "night", "")
    );
    let bed = Bed::start("2026-03-09T09:00:00Z", &text, &[("z-up", 0), ("a-down", 2)]).await;
    bed.run().await;
    let order: Vec<bool> = bed
        .writes()
        .iter()
        .map(|entry| entry.path.ends_with("z-up"))
        .collect();
    assert_eq!(order, [true, false]);
}

#[tokio::test]
async fn a_worker_pool_has_its_count_set() {
    let text = format!(
        "version = 1\n[schedules.w]\ntime_zone = \"UTC\"\ndefault = {{ manual = 0 }}\n[[schedules.w.windows]]\n\
         name = \"day\"\ndays = \"daily\"\nfrom = \"08:00\"\nto = \"18:00\"\nmanual = 4\n{}",
        target(
            "worker-pool",
            &format!("{REGION}/workerPools/mail"),
            "w",
            "interrupt = \"ok\""
        )
    );
    let pool = seeded(
        &format!("{REGION}/workerPools/mail"),
        json!({ "manualInstanceCount": 1 }),
    );
    let seed = json!({ "run": { "workerPools": [pool] } });
    let bed = Bed::seeded(options("2026-03-09T09:00:00Z"), &text, seed).await;
    let told = bed.run().await;
    assert_eq!(told.decision("mail"), "written", "{:#?}", told.0);
    let mask = "updateMask=scaling.manualInstanceCount%2Cannotations&";
    assert!(bed.writes()[0].query.starts_with(mask));
    let name = format!("{REGION}/workerPools/mail");
    assert_eq!(bed.scaling(&name).await["manualInstanceCount"], 4);
    bed.run_at("2026-03-09T18:00:00Z").await;
    assert_eq!(
        bed.scaling(&name).await["manualInstanceCount"]
            .as_u64()
            .unwrap_or(0),
        0
    );
}

/// A service that needs a database, both up in the office's hours.
fn with_database() -> String {
    let databases = r#"
        [schedules.databases]
        time_zone = "UTC"
        default = { power = "off" }
        [[schedules.databases.windows]]
        name = "core"
        days = "mon-fri"
        from = "08:00"
        to = "18:00"
        power = "on"
    "#;
    let main = format!("{PROJECT}/instances/main");
    let after = format!("after = [\"{main}\"]");
    format!(
        "{OFFICE}{databases}{}{}",
        target("sql", &main, "databases", ""),
        target("service", &service("shop"), "office", &after)
    )
}

async fn with_database_at(at: &str, policy: &str, min: u32) -> Bed {
    let seed = json!({
        "sql": { "instances": [{ "name": "main", "settings": { "activationPolicy": policy, "userLabels": { "team": "shop" } } }] },
        "run": { "services": [seeded(&service("shop"), json!({ "minInstanceCount": min }))] },
    });
    Bed::seeded(options(at), &with_database(), seed).await
}

#[tokio::test]
async fn a_database_starts_before_the_service_that_uses_it_and_stops_after_it() {
    let bed = with_database_at("2026-03-09T08:00:00Z", "NEVER", 0).await;
    let told = bed.run().await;
    assert_eq!(
        (told.decision("main"), told.decision("shop")),
        ("written", "written"),
        "{:#?}",
        told.0
    );
    bed.run_at("2026-03-09T18:00:00Z").await;
    assert_eq!(
        (bed.policy("main").await.as_str(), bed.min("shop").await),
        ("NEVER", 0)
    );
    let order: Vec<String> = bed.writes().iter().map(|entry| entry.api.clone()).collect();
    let (run, sql) = (
        "run.projects.locations.services.patch",
        "sql.instances.patch",
    );
    assert_eq!(order, [sql, run, run, sql]);
    let labels = &bed.get(&format!("{PROJECT}/instances/main")).await["settings"]["userLabels"];
    assert_eq!(
        (&labels["team"], &labels["nightshift-scaling-original"]),
        (&json!("shop"), &json!("off"))
    );
}

#[tokio::test]
async fn a_service_waits_for_a_database_that_does_not_start() {
    let bed = with_database_at("2026-03-09T08:00:00Z", "NEVER", 0).await;
    bed.gcp.faults().add(Fault {
        fail_operation: Some(local_gcp::Code::Internal),
        ..Fault::on("sql.instances.patch")
    });
    let told = bed.run().await;
    assert_eq!(
        (told.decision("main"), told.decision("shop")),
        ("failed", "deferred"),
        "{:#?}",
        told.0
    );
    assert!(
        told.reason("shop")
            .contains("waits for projects/demo/instances/main")
    );
    // The next run tries again, and that is enough.
    let told = bed.run_at("2026-03-09T08:05:00Z").await;
    assert_eq!(
        (told.decision("main"), told.decision("shop")),
        ("written", "written"),
        "{:#?}",
        told.0
    );
}

#[tokio::test]
async fn a_database_is_not_stopped_while_a_service_that_uses_it_is_up_or_unknown() {
    let bed = with_database_at("2026-03-09T09:00:00Z", "ALWAYS", 3).await;
    bed.run().await;
    bed.set_min("shop", 5).await;
    bed.gcp.faults().add(Fault {
        status: Some(403),
        times: Some(0),
        ..Fault::on("run.projects.locations.services.*")
    });
    let told = bed.run_at("2026-03-09T18:00:00Z").await;
    assert_eq!(
        (told.decision("shop"), told.decision("main")),
        ("refused", "deferred"),
        "{:#?}",
        told.0
    );
    assert_eq!(bed.policy("main").await, "ALWAYS");
    bed.gcp.faults().clear();
    bed.gcp.faults().add(Fault {
        status: Some(500),
        times: Some(0),
        ..Fault::on("run.projects.locations.services.patch")
    });
    let told = bed.run_at("2026-03-09T18:05:00Z").await;
    assert_eq!(
        (told.decision("shop"), told.decision("main")),
        ("failed", "deferred"),
        "{:#?}",
        told.0
    );
    bed.gcp.faults().clear();
    let told = bed.run_at("2026-03-09T18:10:00Z").await;
    assert_eq!(
        (told.decision("shop"), told.decision("main")),
        ("written", "written"),
        "{:#?}",
        told.0
    );
}
