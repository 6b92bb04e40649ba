//! Secrets that are kept otherwise than by default: candidates in the secret itself, aliases of Terraform's, a region, a
//! delayed end.

use crate::bed::{Bed, Google, Program, SECRET, Setting, Trouble};
use rotate_secrets::rotation::{Intent, Staging, Stop, state::ErrorCode};
use serde_json::{Value, json};

const SERVICE: &str = "projects/demo/locations/europe-west1/services/api";

/// One secret `key` of kind `random`, with `settings` in its table and `secret` in Secret Manager.
async fn program(settings: &str, mut secrets: Vec<Value>) -> Program {
    let google = Google::start().await;
    for secret in &mut secrets {
        let regional = secret["name"].as_str().unwrap().contains("/locations/");
        if !regional {
            secret["replication"] = json!({"automatic": {}});
        }
    }
    google
        .gcp
        .seed(json!({"secretmanager": {"secrets": secrets}}))
        .unwrap();
    let number = google
        .project_number(secrets[0]["name"].as_str().unwrap())
        .await;
    let config = format!(
        "project = \"demo\"\nproject_number = {number}\n[secrets.key]\ntarget.random = {{}}\ngrace = \"0s\"\n{settings}\n"
    );
    Program::with(google, &config)
}

fn seeded(name: &str) -> Value {
    json!({"name": name, "versions": [{"text": "first"}]})
}

const KEY: &str = "projects/demo/secrets/key";

#[tokio::test]
async fn an_inline_candidate_waits_as_pending_in_the_secret_and_is_promoted_in_place() {
    let program = program("staging = \"inline\"", vec![seeded(KEY)]).await;
    program.run(&["adopt"]).await.ended(0);
    program.run(&["check"]).await.ended(0);
    program.run(&["rotate", "key"]).await.ended(0);
    assert_eq!(program.google.versions(KEY).await, ["DISABLED", "ENABLED"]);
    let secret = program.google.get(&format!("/v1/{KEY}")).await.unwrap();
    assert_eq!(
        secret["versionAliases"],
        json!({"current": "2"}),
        "pending is gone"
    );
    // It had the alias while it was not proven, and `current` did not move before.
    let aliases: Vec<Value> = program
        .google
        .gcp
        .journal()
        .entries()
        .iter()
        .map(|entry| serde_json::to_value(&**entry).unwrap())
        .map(|entry| entry["json"]["versionAliases"].clone())
        .filter(Value::is_object)
        .collect();
    println!("{aliases:?}");
    let staged = json!({"current": "1", "pending": "2"});
    assert!(aliases.contains(&staged), "{aliases:?}");
}

#[tokio::test]
async fn an_inline_candidate_that_fails_its_test_is_covered_by_a_copy_of_the_old_value() {
    let mut bed = Bed::new(Setting {
        trouble: Trouble {
            unfit: vec![1],
            ..Trouble::default()
        },
        ..Setting::default()
    })
    .await;
    bed.managed.policy.staging = Staging::Inline;
    let ended = bed.call(Intent::manual(false, false)).await.unwrap();
    assert_eq!(
        ended.stop,
        Stop::Failed(ErrorCode::TestFailed),
        "{}",
        ended.sentence()
    );
    let states = bed.google.versions(SECRET).await;
    assert_eq!(states, ["ENABLED", "DISABLED", "ENABLED"]);
    for pointer in ["current", "latest"] {
        let value = bed.google.value(SECRET, pointer).await.unwrap();
        assert_eq!(value, "0:first", "{pointer}");
    }
    assert_eq!(bed.google.value(SECRET, "pending").await, None);
}

#[tokio::test]
async fn inline_staging_is_refused_by_the_check_while_a_consumer_follows_latest() {
    let settings = format!("staging = \"inline\"\nconsumers = [{{ name = \"{SERVICE}\" }}]");
    let program = program(&settings, vec![seeded(KEY)]).await;
    let deployed = |version: &str| {
        let key = json!({"secretKeyRef": {"secret": "key", "version": version}});
        let containers = json!([{"image": "img", "env": [{"name": "KEY", "valueSource": key}]}]);
        json!({"run": {"services": [{"name": SERVICE, "template": {"containers": containers}}]}})
    };
    program.google.gcp.seed(deployed("latest")).unwrap();
    let refused = program.run(&["check"]).await.ended(1);
    let error = refused.stderr.lines().last().unwrap();
    assert!(
        error.contains("services/api follows an alias or `latest`, which inline staging would give an unproven value"),
        "{error}"
    );
}

#[tokio::test]
async fn aliases_that_are_terraforms_stay_as_they_are() {
    let mut secret = seeded(KEY);
    secret["versionAliases"] = json!({"stable": "1"});
    let side = json!({"name": format!("{KEY}-next"), "versions": []});
    let program = program("aliases = false", vec![secret, side]).await;
    program.run(&["adopt"]).await.ended(0);
    program.run(&["rotate", "key"]).await.ended(0);
    let secret = program.google.get(&format!("/v1/{KEY}")).await.unwrap();
    assert_eq!(secret["versionAliases"], json!({"stable": "1"}));
    assert_ne!(program.google.value(KEY, "latest").await.unwrap(), "first");
    let status = program.run(&["status", "--output", "json"]).await.ended(0);
    assert_eq!(status.json()["secrets"][0]["current"], 2);
    program.run(&["rotate", "key", "--force"]).await.ended(0);
    assert_eq!(
        program.google.versions(KEY).await,
        ["DISABLED", "DISABLED", "ENABLED"]
    );
}

#[tokio::test]
async fn a_regional_secret_is_rotated_in_its_region_and_its_global_namesake_is_not() {
    let regional = "projects/demo/locations/europe-west1/secrets/key";
    let side = format!("{regional}-next");
    let secrets = vec![
        seeded(regional),
        json!({"name": side, "versions": []}),
        seeded(KEY),
    ];
    let program = program("location = \"europe-west1\"", secrets).await;
    program.run(&["adopt"]).await.ended(0);
    program.run(&["check"]).await.ended(0);
    let serving = program.serve(&[]).await;
    let number = program.google.project_number(regional).await;
    let event = |name: &str| {
        json!({"subscription": "projects/demo/subscriptions/rotate", "message": {
            "messageId": "1", "publishTime": "2026-11-21T14:00:00Z",
            "attributes": {
                "eventType": "SECRET_ROTATE", "timestamp": "2026-11-21T06:00:00.65825-08:00",
                "secretId": name,
            },
        }})
    };
    let (status, _) = serving
        .post(&event(&format!("projects/{number}/secrets/key")))
        .await;
    assert_eq!(status, 204, "the namesake is not ours");
    let numbered = format!("projects/{number}/locations/europe-west1/secrets/key");
    let (status, answer) = serving.post(&event(&numbered)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["secrets"][0]["outcome"], "rotated", "{answer}");
    assert_eq!(
        program.google.versions(regional).await,
        ["DISABLED", "ENABLED"]
    );
    assert_eq!(program.google.versions(&side).await, ["DESTROYED"]);
    assert_eq!(program.google.versions(KEY).await, ["ENABLED"]);
}

#[tokio::test]
async fn a_retired_version_is_given_the_secrets_time_before_it_is_destroyed() {
    let mut secret = seeded(KEY);
    secret["versionDestroyTtl"] = json!("86400s");
    let side = json!({"name": format!("{KEY}-next"), "versions": []});
    let program = program("", vec![secret, side]).await;
    program.run(&["adopt"]).await.ended(0);
    program.run(&["rotate", "key"]).await.ended(0);
    let path = format!("/v1/{KEY}/versions/1");
    let version = program.google.get(&path).await.unwrap();
    assert_eq!(version["state"], "DISABLED");
    assert!(version["scheduledDestroyTime"].is_string(), "{version}");
    program
        .google
        .gcp
        .advance(jiff::SignedDuration::from_hours(25))
        .await
        .unwrap();
    assert_eq!(program.google.versions(KEY).await, ["DESTROYED", "ENABLED"]);
}

#[tokio::test]
async fn an_event_that_moves_the_etag_while_the_lease_is_taken_costs_one_more_read() {
    let side = json!({"name": format!("{KEY}-next"), "versions": []});
    let program = program("", vec![seeded(KEY), side]).await;
    program.run(&["adopt"]).await.ended(0);
    let google = &program.google;
    let http = reqwest::Client::new();
    let topic = format!("{}/v1/projects/demo/topics/rotate", google.url());
    http.put(topic).json(&json!({})).send().await.unwrap();
    let next = google.gcp.now() + std::time::Duration::from_hours(2);
    let schedule = json!({
        "topics": [{"name": "projects/demo/topics/rotate"}],
        "rotation": {"nextRotationTime": next.to_string(), "rotationPeriod": "86400s"},
    });
    let path = format!("/v1/{KEY}?updateMask=topics,rotation");
    google.patch(&path, schedule).await;
    let faults = google.gcp.faults();
    let held = faults.add(local_gcp::Fault {
        delay: Some(jiff::SignedDuration::from_secs(2)),
        ..local_gcp::Fault::on("secretmanager.projects.secrets.patch")
    });
    let before = google.get(&format!("/v1/{KEY}")).await.unwrap()["etag"].clone();
    // The claim is on its way when the schedule fires, which moves the etag.
    let fires = async {
        while faults
            .list()
            .iter()
            .all(|fault| fault.id == held && fault.hit == 0)
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        google
            .gcp
            .advance(jiff::SignedDuration::from_hours(3))
            .await
            .unwrap();
        let after = google.get(&format!("/v1/{KEY}")).await.unwrap()["etag"].clone();
        assert_ne!(before, after, "the schedule moves the etag");
    };
    let (rotated, ()) = tokio::join!(program.run(&["rotate", "key"]), fires);
    rotated.ended(0);
    assert_eq!(google.versions(KEY).await, ["DISABLED", "ENABLED"]);
    let conflicts = google.gcp.journal().entries();
    let conflicts = conflicts.iter().filter(|entry| {
        let entry = serde_json::to_value(&***entry).unwrap().to_string();
        entry.contains("etag provided")
    });
    assert_eq!(conflicts.count(), 1);
}
