//! The commands, as a shell sees them: arguments in; a table or JSON, an exit code and one line of error out.

use crate::bed::Program;
use serde_json::json;

const SESSION: &str = "projects/demo/secrets/session-key";

#[tokio::test]
async fn a_secret_is_adopted_rotated_and_shown() {
    let program = Program::new("").await;
    let adopted = program.run(&["adopt"]).await.ended(0);
    assert!(
        adopted.stdout.contains("taken under management"),
        "{}",
        adopted.stdout
    );
    let rotated = program
        .run(&["rotate", "session-key", "--output", "json"])
        .await;
    let rotated = rotated.ended(0).json();
    let one = &rotated["secrets"][0];
    assert_eq!(
        (&one["outcome"], &one["current"]),
        (&json!("rotated"), &json!(2))
    );
    assert_eq!(
        program.google.versions(SESSION).await,
        ["DISABLED", "ENABLED"]
    );
    let status = program.run(&["status"]).await.ended(0);
    assert!(
        status.stdout.contains("session-key  idle"),
        "{}",
        status.stdout
    );
    let status = program
        .run(&["status", "session-key", "--output", "json"])
        .await;
    let status = status.ended(0).json();
    let one = &status["secrets"][0];
    assert_eq!(
        (&one["phase"], &one["current"]),
        (&json!("idle"), &json!(2))
    );
    assert!(one["last_rotated"].is_string());
}

#[tokio::test]
async fn rotating_again_at_once_is_held_and_force_does_it_all_the_same() {
    let program = Program::new("").await;
    program.run(&["adopt"]).await.ended(0);
    program.run(&["rotate", "session-key"]).await.ended(0);
    let held = program.run(&["rotate", "session-key"]).await.ended(1);
    let error = held.stderr.lines().last().unwrap();
    assert!(
        error.starts_with("error: session-key: not before "),
        "{error}"
    );
    assert!(error.contains("next: wait, or say --force"), "{error}");
    program
        .run(&["rotate", "session-key", "--force"])
        .await
        .ended(0);
    assert_eq!(program.google.versions(SESSION).await.len(), 3);
}

#[tokio::test]
async fn a_plan_names_the_steps_and_writes_nothing() {
    let program = Program::new("").await;
    program.run(&["adopt"]).await.ended(0);
    let before = program.google.get(&format!("/v1/{SESSION}")).await.unwrap();
    let plan = program.run(&["plan", "session-key"]).await.ended(0);
    for part in [
        "session-key would be rotated",
        "1. make a new value from version 1 and add it to projects/demo/secrets/session-key-next",
        "4. add it to projects/demo/secrets/session-key and move `current`",
    ] {
        assert!(plan.stdout.contains(part), "{part}: {}", plan.stdout);
    }
    let after = program.google.get(&format!("/v1/{SESSION}")).await.unwrap();
    assert_eq!(before, after);
}

#[tokio::test]
async fn status_ends_with_1_when_a_value_is_older_than_it_may_be() {
    let program = Program::new("min_gap = \"1ms\"\nmax_age = \"2ms\"").await;
    program.run(&["adopt"]).await.ended(0);
    let status = program.run(&["status", "session-key"]).await.ended(1);
    let error = status.stderr.lines().last().unwrap();
    assert!(error.contains("session-key: its value is"), "{error}");
    assert!(
        status.stdout.contains("session-key  idle"),
        "{}",
        status.stdout
    );
}

#[tokio::test]
async fn a_frozen_secret_is_left_alone_until_it_is_let_go() {
    let program = Program::new("").await;
    program.run(&["adopt"]).await.ended(0);
    let paused = program.run(&["pause", "session-key"]).await.ended(0);
    assert_eq!(paused.stdout, "session-key is frozen in phase idle\n");
    let left = program.run(&["rotate", "session-key"]).await.ended(1);
    assert!(left.stdout.contains("frozen"), "{}", left.stdout);
    let error = left.stderr.lines().last().unwrap();
    assert!(error.contains("next: `rotate-secrets resume`"), "{error}");
    program.run(&["tick"]).await.ended(0);
    assert_eq!(program.google.versions(SESSION).await.len(), 1);
    program.run(&["resume", "session-key"]).await.ended(0);
    program.run(&["rotate", "session-key"]).await.ended(0);
    assert_eq!(program.google.versions(SESSION).await.len(), 2);
}

#[tokio::test]
async fn a_check_finds_a_missing_side_secret_and_ends_with_1() {
    let program = Program::new("").await;
    let checked = program.run(&["check", "session-key"]).await.ended(0);
    assert!(
        checked.stdout.contains("all that is needed on"),
        "{}",
        checked.stdout
    );
    let url = format!("{}/v1/{SESSION}-next", program.google.url());
    reqwest::Client::new().delete(url).send().await.unwrap();
    let checked = program.run(&["check", "session-key"]).await.ended(1);
    let error = checked.stderr.lines().last().unwrap();
    assert!(
        error.contains("session-key-next") && error.contains("create it"),
        "{error}"
    );
    program.run(&["check", "--offline"]).await.ended(0);
}

#[tokio::test]
async fn one_secret_that_is_gone_does_not_keep_the_tick_from_the_others() {
    let program = Program::new("").await;
    program.run(&["adopt"]).await.ended(0);
    let url = format!("{}/v1/projects/demo/secrets/api-key", program.google.url());
    reqwest::Client::new().delete(url).send().await.unwrap();
    let ticked = program.run(&["tick"]).await.ended(3);
    assert!(
        ticked.stdout.contains("session-key  idle"),
        "{}",
        ticked.stdout
    );
    let error = ticked.stderr.lines().last().unwrap();
    assert!(
        error.contains("api-key") && error.contains("NOT_FOUND"),
        "{error}"
    );
}

#[tokio::test]
async fn what_cannot_be_meant_ends_with_2_and_says_what_would_be_right() {
    let program = Program::new("").await;
    let unknown = program.run(&["rotate", "sesion-key"]).await.ended(2);
    let error = unknown.stderr.lines().last().unwrap();
    assert!(error.contains("no secret \"sesion-key\""), "{error}");
    assert!(error.contains("`rotate-secrets status` shows"), "{error}");
    let lease = Program::new("lease = \"3s\"").await;
    let refused = lease.run(&["status"]).await.ended(2);
    let error = refused.stderr.lines().last().unwrap();
    assert!(
        error.contains("lease` is 3s, expected at least 2m"),
        "{error}"
    );
    let command = program.run(&["rotat", "session-key"]).await.ended(2);
    assert!(command.stderr.contains("error: "), "{}", command.stderr);
}

#[tokio::test]
async fn an_offline_check_looks_at_what_it_is_asked_for_and_at_nothing_else() {
    let program = Program::new("").await;
    let one = program.run(&["check", "--offline", SESSION]).await.ended(0);
    assert!(one.stdout.contains("session-key"), "{}", one.stdout);
    assert!(!one.stdout.contains("api-key"), "{}", one.stdout);
    let unknown = program
        .run(&["check", "--offline", "sesion-key"])
        .await
        .ended(2);
    assert!(
        unknown.stderr.contains("no secret \"sesion-key\""),
        "{}",
        unknown.stderr
    );
}

#[tokio::test]
async fn a_plan_for_a_rotation_under_way_shows_what_is_left_of_it() {
    let program = Program::new("").await;
    program.run(&["adopt"]).await.ended(0);
    program.rewrite("grace = \"0s\"", "grace = \"1h\"");
    program.run(&["rotate", "session-key"]).await.ended(0);
    let plan = program.run(&["plan", "session-key"]).await.ended(0);
    assert!(
        plan.stdout.contains("published and in use"),
        "{}",
        plan.stdout
    );
    assert!(plan.stdout.contains("  1. wait "), "{}", plan.stdout);
    assert!(
        plan.stdout.contains("  2. take version 1 out of use"),
        "{}",
        plan.stdout
    );
}

#[tokio::test]
async fn what_an_operator_ends_is_called_what_it_is() {
    let program = Program::new("").await;
    program.run(&["adopt"]).await.ended(0);
    program.rewrite("grace = \"0s\"", "grace = \"1h\"");
    for (command, outcome) in [("rollback", "rolled_back"), ("abort", "aborted")] {
        program
            .run(&["rotate", "session-key", "--force"])
            .await
            .ended(0);
        let ended = program
            .run(&[command, "session-key", "--output", "json"])
            .await;
        let ended = ended.ended(0).json();
        assert_eq!(ended["secrets"][0]["outcome"], outcome, "{ended}");
        let latest = program.google.value(SESSION, "latest").await.unwrap();
        assert_eq!(latest, "planted-first-session-key");
    }
}

#[tokio::test]
async fn a_state_that_cannot_be_understood_is_told_once_and_nothing_is_planned() {
    let program = Program::new("").await;
    let body = json!({"annotations": {"nightshift-rotation": "rubbish"}});
    let path = format!("/v1/{SESSION}?updateMask=annotations");
    program.google.patch(&path, body).await;
    let status = program.run(&["status", "session-key"]).await.ended(1);
    assert!(
        status.stdout.contains("session-key  unreadable"),
        "{}",
        status.stdout
    );
    let error = status.stderr.lines().last().unwrap();
    assert!(
        error.contains("remove the annotation to adopt the secret anew"),
        "{error}"
    );
    assert!(!error.contains("not under management"), "{error}");
    let plan = program.run(&["plan", "session-key"]).await.ended(0);
    assert!(!plan.stdout.contains("1. "), "{}", plan.stdout);
}

#[tokio::test]
async fn every_command_has_two_examples_in_its_help_and_no_line_that_a_terminal_breaks() {
    let program = Program::new("").await;
    for command in [
        "rotate", "tick", "plan", "status", "rollback", "abort", "pause", "resume", "check",
        "adopt", "serve",
    ] {
        let help = program.run(&[command, "--help"]).await.ended(0).stdout;
        let (_, examples) = help.split_once("Examples:\n").unwrap();
        let example = format!("  rotate-secrets {command} ");
        let many = examples.lines().filter(|line| line.starts_with(&example));
        assert!(many.count() >= 2, "{examples}");
        let long = help.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "{command}");
    }
}

#[tokio::test]
async fn a_grace_that_is_longer_than_the_period_is_found_before() {
    let program = Program::new("").await;
    let secret = json!({
        "name": SESSION, "replication": {"automatic": {}}, "versions": [{"text": "planted"}],
        "topics": [{"name": "projects/demo/topics/rotations"}],
        "rotation": {"nextRotationTime": "2100-01-01T00:00:00Z", "rotationPeriod": "3600s"},
    });
    let seed = json!({
        "secretmanager": {"secrets": [secret]},
        "pubsub": {"topics": [{"name": "projects/demo/topics/rotations"}]},
    });
    program.google.gcp.seed(seed).unwrap();
    program.run(&["check", "session-key"]).await.ended(0);
    program.rewrite("grace = \"0s\"", "grace = \"2h\"");
    let checked = program.run(&["check", "session-key"]).await.ended(1);
    let error = checked.stderr.lines().last().unwrap();
    let expected = "session-key: grace and rollout together are longer than the period";
    assert!(error.contains(expected), "{error}");
}
