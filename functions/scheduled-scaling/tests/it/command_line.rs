//! The program as a shell sees it.

use std::process::{Command, Output};

const FLEET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/fleet.toml");

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_scheduled-scaling"))
        .args(arguments)
        .env_remove("NIGHTSHIFT_CONFIG")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn every_command_that_reads_a_configuration_alone_ends_with_0_and_says_nothing_on_standard_error() {
    let json = ["--output", "json"];
    for command in [
        &["plan", "--offline", "--from", "2026-10-24"][..],
        &["check", "--offline"],
        &["explain", "checkout", "--at", "2026-03-29T01:30:00Z"],
        &["explain", "--schedule", "office"],
    ] {
        let table = run(&[command, &["--config", FLEET]].concat());
        assert!(
            table.status.success(),
            "{command:?}: {}",
            text(&table.stderr)
        );
        assert!(
            table.stderr.is_empty(),
            "{command:?}: {}",
            text(&table.stderr)
        );
        let document = run(&[command, &["--config", FLEET], &json].concat());
        serde_json::from_slice::<serde_json::Value>(&document.stdout).unwrap();
    }
}

#[test]
fn what_convert_writes_is_a_configuration_that_check_accepts() {
    let uptime = "Mon-Fri 07:30-20:30 Europe/Berlin";
    let converted = run(&["convert", "kube-downscaler", uptime, "--replicas", "3"]);
    assert!(converted.status.success(), "{}", text(&converted.stderr));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("converted.toml");
    std::fs::write(&file, converted.stdout).unwrap();
    let checked = run(&["check", "--offline", "--config", file.to_str().unwrap()]);
    assert!(
        text(&checked.stdout).contains("configuration is valid: 1 schedules"),
        "{}",
        text(&checked.stderr)
    );
}

/// Command lines that are wrong, and what must be said about each.
fn mistakes(broken: &str) -> [(Vec<&str>, &'static str); 8] {
    [
        (
            vec!["plan", "--offline", "--config", broken],
            "broken.toml:16:6: `schedules.office.windows[0].to`",
        ),
        (vec!["plan", "--offline"], "no configuration"),
        (
            vec![
                "plan",
                "--config",
                FLEET,
                "--gcp-endpoint",
                "http://example.com",
            ],
            "expected https, or http on a loopback address",
        ),
        (
            vec![
                "override",
                "checkout",
                "--config",
                FLEET,
                "--min",
                "3",
                "--reason",
                "sale",
                "--gcp-endpoint",
                "http://127.0.0.1:1",
            ],
            "it must end: say for how long, as 2h, or until when",
        ),
        (
            vec!["plan", "--offline", "--config", FLEET, "--days", "0"],
            "1..=400",
        ),
        (
            vec!["explain", "nobody", "--config", FLEET],
            "no target is named \"nobody\"",
        ),
        (
            vec!["explain", "--schedule", "never", "--config", FLEET],
            "the configuration has databases, office, workers",
        ),
        (
            vec!["convert", "kube-downscaler", "always", "--replicas", "1"],
            "is not of the form",
        ),
    ]
}

#[test]
fn a_mistake_ends_with_2_and_one_line_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.toml");
    let fleet = std::fs::read_to_string(FLEET).unwrap();
    std::fs::write(&broken, fleet.replace("to = \"19:00\"", "to = \"19:0\"")).unwrap();
    let broken = broken.to_str().unwrap();
    let mistakes = mistakes(broken);
    for (arguments, told) in mistakes {
        let ended = run(&arguments);
        let line = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {line}");
        assert!(
            line.contains(told) && line.lines().count() == 1,
            "{arguments:?}: {line}"
        );
        assert!(ended.stdout.is_empty(), "{arguments:?}");
    }
}
