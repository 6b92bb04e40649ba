//! The program itself, as a person, Cloud Scheduler and Pub/Sub use it, against the stand-in with a running clock.

use crate::bed::{Bed, office_service, seeded, service, target};
use local_gcp::{Fault, Options};
use serde_json::{Value, json};
use std::{
    process::{Command, Output},
    time::Duration,
};
use tempfile::NamedTempFile;

/// Always two.
const ALWAYS: &str =
    "version = 1\n[schedules.office]\ntime_zone = \"UTC\"\ndefault = { min = 2 }\n";

/// A cloud with one service, and a configuration for it in a file.
pub(crate) struct Place {
    pub(crate) bed: Bed,
    file: NamedTempFile,
}

pub(crate) async fn place(more: &str) -> Place {
    let text = format!("{ALWAYS}{}{more}", office_service("shop"));
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    let options = Options {
        operation_time: Duration::from_millis(1),
        ..Options::default()
    };
    let shop = seeded(&service("shop"), json!({ "minInstanceCount": 1 }));
    let seed = json!({
        "run": { "services": [shop] },
        "pubsub": {
            "topics": [{ "name": "projects/demo/topics/scaling" }],
            "subscriptions": [{ "name": "projects/demo/subscriptions/told", "topic": "projects/demo/topics/scaling" }],
        },
    });
    Place {
        bed: Bed::seeded(options, &text, seed).await,
        file,
    }
}

impl Place {
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scheduled-scaling"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.file.path())
            .env_clear()
            .env("NO_COLOR", "1")
            .env("NIGHTSHIFT_GCP_ENDPOINT", self.bed.gcp.url());
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        Ended(output)
    }
}

pub(crate) struct Ended(Output);

impl Ended {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(crate) fn out(&self) -> &str {
        std::str::from_utf8(&self.0.stdout).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.out()).unwrap_or_else(|_| panic!("{}", self.err()))
    }

    pub(crate) fn err(&self) -> &str {
        std::str::from_utf8(&self.0.stderr).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_tells_what_apply_would_do_and_apply_does_it() {
    let place = place("").await;
    let planned = place.run(&["plan", "--exit-code", "--days", "1"]).await;
    assert_eq!(planned.code(), 4, "{}", planned.err());
    assert!(planned.out().contains("→ min 2"), "{}", planned.out());
    assert_eq!(place.bed.writes().len(), 0);
    let applied = place.run(&["apply", "--output", "json"]).await;
    assert_eq!(applied.code(), 0, "{}", applied.err());
    assert_eq!(applied.json()["targets"][0]["decision"], "written");
    assert_eq!(place.bed.min("shop").await, 2);
    let planned = place
        .run(&["plan", "--exit-code", "--output", "json"])
        .await;
    assert_eq!(
        (planned.code(), &planned.json()["pending"]),
        (0, &json!([]))
    );
    // What an instance is made of was read from the service, and what there was before us.
    assert_eq!(planned.json()["targets"][0]["cost"]["baseline"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_shows_both_floors_the_override_and_who_wants_what() {
    let place = place("").await;
    let asked = place
        .run(&[
            "override", "shop", "--min", "5", "--for", "2h", "--reason", "sale", "--by", "ana",
        ])
        .await;
    assert_eq!(asked.code(), 0, "{}", asked.err());
    let status = place.run(&["status", "--output", "json"]).await.json();
    let shop = &status["targets"][0];
    assert_eq!(
        (&shop["now"], &shop["original"]),
        (&json!("min 5"), &json!("min 1"))
    );
    assert_eq!(
        (&shop["override"]["by"], &shop["state"]),
        (&json!("ana"), &json!("as_wanted"))
    );
    let table = place.run(&["status"]).await;
    assert!(table.out().contains("boost min 5 until"), "{}", table.out());
    let ended = place.run(&["override", "shop", "--end"]).await;
    assert_eq!((ended.code(), place.bed.min("shop").await), (0, 2));
    let released = place.run(&["release", "shop"]).await;
    assert_eq!(
        (released.code(), place.bed.min("shop").await),
        (0, 1),
        "{}",
        released.err()
    );
    let unknown = place.run(&["release", "shp"]).await;
    assert_eq!(unknown.code(), 2);
    assert!(
        unknown.err().contains("no target is named \"shp\""),
        "{}",
        unknown.err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_a_missing_permission_without_changing_anything() {
    let place = place("").await;
    let good = place.run(&["check", "--output", "json"]).await;
    assert_eq!(
        (good.code(), &good.json()["probed"][0]["works"]),
        (0, &json!(true)),
        "{}",
        good.out()
    );
    assert!(good.json()["clock_ahead_s"].as_i64().unwrap().abs() < 5);
    place.bed.gcp.faults().add(Fault {
        status: Some(403),
        times: Some(0),
        message: Some(
            "Permission 'iam.serviceaccounts.actAs' denied on service account web@demo".to_owned(),
        ),
        ..Fault::on("run.projects.locations.services.patch")
    });
    let before = place.bed.get(&service("shop")).await;
    let bad = place.run(&["check"]).await;
    assert_eq!(bad.code(), 1);
    assert!(
        bad.out().contains("iam.serviceaccounts.actAs"),
        "{}",
        bad.out()
    );
    assert!(
        bad.out().contains("roles/iam.serviceAccountUser"),
        "{}",
        bad.out()
    );
    assert_eq!(place.bed.get(&service("shop")).await, before);
    assert!(
        place
            .bed
            .writes()
            .iter()
            .all(|entry| entry.query.contains("validateOnly=true"))
    );
    // The same refusal of a run names the permission, too, and the run says that some of it is not done.
    let applied = place.run(&["apply"]).await;
    assert_eq!(applied.code(), 3, "{}", applied.err());
    assert!(applied.out().contains("actAs"), "{}", applied.out());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_can_be_read_is_a_failure_and_no_partial_success() {
    let place = place("").await;
    place.bed.gcp.faults().add(Fault {
        status: Some(403),
        times: Some(0),
        ..Fault::on("run.*.list")
    });
    let applied = place.run(&["apply"]).await;
    assert_eq!(applied.code(), 1, "{}", applied.out());
    assert!(
        applied
            .err()
            .contains("nothing could be read, so nothing was changed"),
        "{}",
        applied.err()
    );
    let status = place.run(&["status"]).await;
    assert_eq!(status.code(), 1, "{}", status.err());
    let told = status.out();
    assert!(
        told.contains("not read, so left as it is: see below"),
        "{told}"
    );
    assert!(told.contains("\n! services of demo in "), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_logged_is_what_report_counts() {
    let place = place(&target("service", &service("gone"), "office", "")).await;
    let applied = place.run(&["apply", "--log-format", "json"]).await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    std::fs::write(&log, applied.err()).unwrap();
    let report = place
        .run(&[
            "report",
            "--since",
            "1h",
            "--output",
            "json",
            log.to_str().unwrap(),
        ])
        .await;
    assert_eq!(report.code(), 0, "{}", report.err());
    let targets = report.json()["targets"].clone();
    assert_eq!(
        (&targets[1]["writes"], &targets[0]["failures"]),
        (&json!(1), &json!(1)),
        "{targets}"
    );
    assert!(
        targets[1]["kept_hours"].as_f64().unwrap() > 0.0,
        "{targets}"
    );
    let nothing = place
        .run(&["report", "--since", "yesterday", log.to_str().unwrap()])
        .await;
    assert_eq!(nothing.code(), 2, "{}", nothing.err());
}
