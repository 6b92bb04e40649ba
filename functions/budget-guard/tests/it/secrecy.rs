//! The real program: what it takes over HTTP, and that nothing it ever says holds a secret.

use crate::{
    bed::{Bed, SECRETS},
    program::{Serving, delivery, program},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_the_program_says_holds_a_secret() {
    let bed = Bed::new().await;
    let config = bed.config.replace(
        "do = [\"slack\", \"pagerduty\"",
        "do = [\"slack\", \"pagerduty\", \"chat\", \"hook\", \"bus\"",
    );
    let serving = Serving::start(program(&bed, &config, &["serve"]));
    let client = reqwest::Client::new();
    // Each channel fails once, so that errors are told, too.
    for channel in ["slack", "chat", "pagerduty", "hook"] {
        bed.receiver.answer(channel, 404);
    }
    let now = jiff::Timestamp::now();
    let post = async |value: &Value| {
        client
            .post(&serving.url)
            .json(value)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(post(&delivery(1, now, "1010", "1000")).await, 204);
    assert_eq!(post(&delivery(2, now, "1011", "1000")).await, 204);
    assert_eq!(post(&json!({"command": "status"})).await, 200);
    assert_eq!(
        post(&json!({"command": "release", "step": "stop", "reason": "test"})).await,
        200
    );
    assert_eq!(post(&json!({"command": "snooze"})).await, 400);
    let mut said = serving.end();
    for args in [
        vec!["status"],
        vec!["history"],
        vec!["check"],
        vec!["tick"],
        vec!["resume"],
        vec!["retry"],
        vec!["arm", "sandbox-7"],
    ] {
        let ended = program(&bed, &config, &args).output().unwrap();
        said.push_str(&String::from_utf8_lossy(&ended.stderr));
        said.push_str(&String::from_utf8_lossy(&ended.stdout));
    }
    assert!(said.contains("budget-guard.decided"), "{said}");
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
    no_secret_is_stored(&bed).await;
}

/// Looks into every object of the memory.
async fn no_secret_is_stored(bed: &Bed) {
    let memory = bed.get("/storage/v1/b/memory/o").await.to_string();
    for object in memory
        .split("\"name\":\"")
        .skip(1)
        .filter_map(|part| part.split('"').next())
    {
        let path = format!(
            "/storage/v1/b/memory/o/{}?alt=media",
            object.replace('/', "%2F")
        );
        let stored = bed.get(&path).await.to_string();
        for secret in SECRETS {
            assert!(!stored.contains(secret), "{secret} in {object}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_what_an_emergency_would_lack_and_status_what_is_held() {
    let bed = Bed::new().await;
    bed.gcp.seed(json!({"cloudresourcemanager": {"projects": {"web": {"denied": ["cloudsql.instances.update"]}}}})).unwrap();
    let checked = program(&bed, &bed.config, &["check", "--output", "json"])
        .output()
        .unwrap();
    assert_eq!(checked.status.code(), Some(1));
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let missing: Vec<&Value> = checked["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["found"] == "missing")
        .collect();
    assert_eq!(missing.len(), 1, "{missing:#?}");
    assert_eq!(missing[0]["note"], "grant cloudsql.instances.update on web");

    let guard = bed.guard();
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    let status = program(&bed, &bed.config, &["status", "--output", "json"])
        .output()
        .unwrap();
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let budget = &status["budgets"][0];
    assert_eq!(budget["level"], "stopped");
    let held = budget["held"].as_array().unwrap();
    let api = held
        .iter()
        .find(|held| held["resource"] == "run:web/eu/api")
        .unwrap();
    assert_eq!(
        (&api["step"], &api["prior"]["scaling"]["maxInstanceCount"]),
        (&json!("stop"), &json!(20))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_from_the_command_line_are_obeyed_and_remembered_with_who_and_why() {
    let bed = Bed::new().await;
    let guard = bed.guard();
    let before = bed.world().await;
    bed.spend(&guard, 1, "2026-10-10T10:00:00Z", "1010").await;
    for step in ["stop", "thr"] {
        let until = "2099-01-01T00:00:00Z";
        let ended = program(
            &bed,
            &bed.config,
            &["release", step, "--until", until, "--reason", "sale"],
        )
        .output()
        .unwrap();
        assert!(
            ended.status.success(),
            "{}",
            String::from_utf8_lossy(&ended.stderr)
        );
    }
    assert_eq!(bed.world().await, before);
    let refused = program(
        &bed,
        &bed.config,
        &["release", "nonsense", "--until", "2099-01-01T00:00:00Z"],
    )
    .output()
    .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("unknown_step; next: `budget-guard status` names the steps"),
        "{said}"
    );
    let history = program(&bed, &bed.config, &["history", "--output", "json"])
        .output()
        .unwrap();
    let history: Value = serde_json::from_slice(&history.stdout).unwrap();
    let released = history["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["what"] == "release")
        .unwrap();
    assert_eq!(
        (&released["by"], &released["reason"]),
        (&json!("anna"), &json!("sale"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_whose_shell_does_not_say_who_they_are_is_known_by_their_account() {
    let bed = Bed::new().await;
    let mut command = program(&bed, &bed.config, &["resume", "--reason", "all is well"]);
    let ended = command.env_remove("USER").output().unwrap();
    assert!(ended.status.success());
    let history = program(&bed, &bed.config, &["history", "--output", "json"])
        .output()
        .unwrap();
    let history: Value = serde_json::from_slice(&history.stdout).unwrap();
    let account = nix::unistd::User::from_uid(nix::unistd::getuid()).unwrap();
    assert_eq!(history["entries"][0]["by"], account.unwrap().name);
}
