//! Cloud Run services and jobs that use the secret.

use crate::bed::{Bed, Google, SECRET, SERVICE, Setting};
use rotate_secrets::{
    consumers::{Consumer, PinnedTraffic, Referred},
    rotation::{
        Intent, Stop,
        state::{ErrorCode, VersionNumber},
    },
};
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

fn setting() -> Setting {
    Setting {
        services: 1,
        grace: HOUR,
        ..Setting::default()
    }
}

fn path() -> String {
    format!("/v2/{SERVICE}0")
}

async fn service(bed: &Bed) -> Value {
    bed.google.get(&path()).await.unwrap()
}

fn version(service: &Value) -> &str {
    let variable = &service["template"]["containers"][0]["env"][0];
    variable["valueSource"]["secretKeyRef"]["version"]
        .as_str()
        .unwrap()
}

fn annotation(service: &Value) -> &Value {
    &service["template"]["annotations"]["nightshift/secret-versions"]
}

fn id(service: &Value, field: &str) -> String {
    let name = service[field].as_str().unwrap();
    name.rsplit('/').next().unwrap().to_owned()
}

async fn rotate(bed: &Bed) -> Stop {
    let ended = bed.call(Intent::manual(true, false)).await.unwrap();
    println!("{}", ended.sentence());
    ended.stop
}

/// Ticks after the grace.
async fn after_the_grace(bed: &Bed) -> Stop {
    bed.time.pass(HOUR * 2);
    let ended = bed.call(Intent::Tick).await.unwrap();
    println!("{}", ended.sentence());
    ended.stop
}

#[tokio::test]
async fn a_service_that_names_a_number_gets_a_revision_with_the_new_one_before_the_old_goes() {
    let bed = Bed::new(setting()).await;
    let before = service(&bed).await;
    assert!(matches!(rotate(&bed).await, Stop::WaitingForGrace { .. }));
    let after = service(&bed).await;
    assert_eq!((version(&before), version(&after)), ("1", "2"));
    assert_eq!(annotation(&after), "db=2");
    assert_ne!(
        id(&before, "latestReadyRevision"),
        id(&after, "latestReadyRevision")
    );
    assert_eq!(after_the_grace(&bed).await, Stop::Rotated);
    assert_eq!(bed.google.versions(SECRET).await, ["DISABLED", "ENABLED"]);
    bed.assert_unharmed("a number");
}

#[tokio::test]
async fn a_service_that_follows_an_alias_or_latest_is_rolled_by_its_annotation_alone() {
    for reference in ["current", "latest"] {
        let bed = Bed::new(setting()).await;
        redeploy(&bed, reference).await;
        let before = service(&bed).await;
        rotate(&bed).await;
        let after = service(&bed).await;
        assert_eq!(version(&after), reference);
        assert_eq!(annotation(&after), "db=2");
        assert_ne!(
            id(&before, "latestReadyRevision"),
            id(&after, "latestReadyRevision")
        );
        assert_eq!(after_the_grace(&bed).await, Stop::Rotated);
    }
}

/// Deploys the service anew with another reference, as a pipeline does.
async fn redeploy(bed: &Bed, reference: &str) {
    let key = json!({"secretKeyRef": {"secret": "db", "version": reference}});
    let env = json!([{"name": "DB", "valueSource": key}]);
    let body = json!({"template": {"containers": [{"image": "img", "env": env}]}});
    let path = format!("{}?updateMask=template", path());
    bed.google.patch(&path, body).await;
    settled(bed).await;
}

async fn traffic(bed: &Bed, targets: Value) {
    let path = format!("{}?updateMask=traffic", path());
    bed.google.patch(&path, json!({"traffic": targets})).await;
    settled(bed).await;
}

/// Waits until local-gcp has brought about what was asked for.
async fn settled(bed: &Bed) {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while service(bed).await["reconciling"] == true {
        assert!(std::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_old_version_stays_while_a_revision_with_a_tag_names_it_and_no_other_rotation_starts() {
    let bed = Bed::new(setting()).await;
    let first = id(&service(&bed).await, "latestReadyRevision");
    let latest = json!({"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100});
    let tagged = json!({
        "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": first, "tag": "stable",
    });
    traffic(&bed, json!([latest, tagged])).await;
    rotate(&bed).await;
    assert_eq!(
        after_the_grace(&bed).await,
        put_off(ErrorCode::RetireBlocked)
    );
    assert_eq!(bed.google.versions(SECRET).await, ["ENABLED", "ENABLED"]);
    // The value called previous would be the next one's first victim.
    rotate(&bed).await;
    assert_eq!(bed.google.versions(SECRET).await.len(), 2);
    traffic(&bed, json!([latest])).await;
    bed.time.pass(HOUR * 7);
    bed.settle().await;
    assert_eq!(bed.google.versions(SECRET).await, ["DISABLED", "ENABLED"]);
}

fn put_off(code: ErrorCode) -> Stop {
    Stop::Blocked(code)
}

#[tokio::test]
async fn traffic_that_is_pinned_to_the_old_revision_keeps_its_version_or_is_moved() {
    for pinned_traffic in [PinnedTraffic::Leave, PinnedTraffic::Move] {
        let mut bed = Bed::new(setting()).await;
        let name = format!("{SERVICE}0");
        bed.managed.consumers = vec![Consumer::parse(&name, pinned_traffic).unwrap()];
        let first = id(&service(&bed).await, "latestReadyRevision");
        let pinned = json!({
            "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": first, "percent": 100,
        });
        traffic(&bed, json!([pinned])).await;
        rotate(&bed).await;
        let stop = after_the_grace(&bed).await;
        let versions = bed.google.versions(SECRET).await;
        match pinned_traffic {
            PinnedTraffic::Leave => {
                assert_eq!(stop, put_off(ErrorCode::RetireBlocked));
                assert_eq!(versions, ["ENABLED", "ENABLED"]);
            }
            PinnedTraffic::Move => {
                assert_eq!(stop, Stop::Rotated);
                assert_eq!(versions, ["DISABLED", "ENABLED"]);
            }
        }
    }
}

#[tokio::test]
async fn a_pipeline_that_puts_the_old_number_back_is_noticed_and_the_service_rolled_again() {
    let bed = Bed::new(setting()).await;
    rotate(&bed).await;
    redeploy(&bed, "1").await;
    bed.time.pass(HOUR * 2);
    bed.settle().await;
    assert_eq!(version(&service(&bed).await), "2");
    assert_eq!(bed.google.versions(SECRET).await, ["DISABLED", "ENABLED"]);
    bed.assert_unharmed("put back");
}

#[tokio::test]
async fn a_service_that_does_not_get_ready_takes_the_rotation_back_to_the_old_value() {
    let bed = Bed::new(setting()).await;
    let faults = bed.google.gcp.faults();
    let fault = faults.add(local_gcp::Fault {
        times: Some(0),
        fail_operation: Some(serde_json::from_value(json!("FAILED_PRECONDITION")).unwrap()),
        ..local_gcp::Fault::on("run.projects.locations.services.patch")
    });
    let first = rotate(&bed).await;
    let timeout = Some(ErrorCode::ConsumerTimeout);
    assert!(matches!(first, Stop::Retry { code, .. } if code == timeout));
    assert!(bed.gate.calls().len() < 400, "{}", bed.gate.calls().len());
    let back = "0:first";
    assert_eq!(bed.google.value(SECRET, "current").await.unwrap(), back);
    assert_eq!(bed.google.value(SECRET, "latest").await.unwrap(), back);
    faults.remove(fault);
    bed.time.pass(HOUR);
    let ended = bed.call(Intent::Tick).await.unwrap();
    assert_eq!(ended.stop, Stop::Failed(ErrorCode::ConsumerTimeout));
    assert_eq!(version(&service(&bed).await), "3");
    assert_eq!(
        bed.google.versions(SECRET).await,
        ["ENABLED", "DISABLED", "ENABLED"]
    );
}

#[tokio::test]
async fn a_job_gets_the_new_number_for_its_next_execution() {
    let mut bed = Bed::new(Setting {
        services: 0,
        ..setting()
    })
    .await;
    let job = "projects/demo/locations/europe-west1/jobs/nightly";
    let key = json!({"secretKeyRef": {"secret": "db", "version": "1"}});
    let containers = json!([{"image": "img", "env": [{"name": "DB", "valueSource": key}]}]);
    bed.google
        .gcp
        .seed(json!({"run": {"jobs": [{"name": job, "template": {"template": {"containers": containers}}}]}}))
        .unwrap();
    bed.managed.consumers = vec![Consumer::parse(job, PinnedTraffic::Leave).unwrap()];
    bed.managed.policy.has_consumers = true;
    rotate(&bed).await;
    let read = bed.google.get(&format!("/v2/{job}")).await.unwrap();
    let variable = &read["template"]["template"]["containers"][0]["env"][0];
    assert_eq!(variable["valueSource"]["secretKeyRef"]["version"], "2");
    assert_eq!(after_the_grace(&bed).await, Stop::Rotated);
}

#[tokio::test]
async fn an_execution_under_way_holds_the_version_that_it_began_with_until_it_ends() {
    let google = Google::with(local_gcp::Options {
        operation_time: HOUR,
        ..local_gcp::Options::default()
    })
    .await;
    let job = "projects/demo/locations/europe-west1/jobs/nightly";
    let containers = |version: &str| {
        let key = json!({"secretKeyRef": {"secret": "db", "version": version}});
        json!([{"image": "img", "env": [{"name": "DB", "valueSource": key}]}])
    };
    let template = |version| json!({"template": {"template": {"containers": containers(version)}}});
    let mut seeded = template("1");
    seeded["name"] = job.into();
    google.seed("0:first", 0);
    google.gcp.seed(json!({"run": {"jobs": [seeded]}})).unwrap();
    let started = google.post(&format!("/v2/{job}:run"), json!({})).await;
    let execution = started["metadata"]["name"].as_str().unwrap().to_owned();
    google.patch(&format!("/v2/{job}"), template("2")).await;

    let gcp = crate::bed::gcp(google.url());
    let run = rotate_secrets::consumers::CloudRun::new(gcp);
    let consumers = [Consumer::parse(job, PinnedTraffic::Leave).unwrap()];
    let secret = Referred {
        name: SECRET.parse().unwrap(),
        numbered: "projects/82150720798/secrets/db".parse().unwrap(),
    };
    let refer = async |version| {
        let versions = [VersionNumber(version)];
        let found = run
            .references(&secret, &consumers, &versions)
            .await
            .unwrap();
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let expected = format!("{execution} is running and may use it");
    assert_eq!(refer(1).await, [expected]);
    assert_eq!(refer(2).await.len(), 1, "the template names it");
    google
        .post(&format!("/v2/{execution}:cancel"), json!({}))
        .await;
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !refer(1).await.is_empty() {
        assert!(std::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
}
