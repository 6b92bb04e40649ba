//! The program itself, on files as people have them.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

const POLICY: &str = r#"
mode = "dry_run"
guard_project = "finops-admin"
protected = ["run:web/eu/pay"]

[[budget]]
account = "01D4EE-079462-DFD6EC"
id = "de72f49d-779b-4945-a127-4d6ce8def0bb"
currency = "USD"
amount = { min = "100", max = "5000" }
step = [
  { id = "n50", class = "notify", when = { actual = "50%" }, do = ["slack"] },
  { id = "thr", class = "throttle", when = { actual = "90%" }, release = "80%", do = ["slack", "run.max_instances:web/eu/api=1"] },
  { id = "stop", class = "stop", when = { actual = "100%" }, release = "90%", do = ["slack", "run.disable:web/eu/api", "scheduler.pause:web/eu/nightly"] },
]
"#;

struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("guard.toml"), POLICY).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn run(&self, command: &str, file: &Path, options: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_budget-guard"))
            .arg(command)
            .arg(file)
            .arg("--config")
            .arg(self.path("guard.toml"))
            .args(options)
            .env_remove("NIGHTSHIFT_CONFIG")
            .output()
            .unwrap()
    }

    fn result(&self, command: &str, file: &Path, options: &[&str]) -> String {
        let ended = self.run(command, file, options);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success(), "{said}");
        String::from_utf8(ended.stdout).unwrap()
    }

    fn failure(&self, command: &str, file: &Path, options: &[&str]) -> (i32, String) {
        let ended = self.run(command, file, options);
        assert!(ended.stdout.is_empty());
        (
            ended.status.code().unwrap(),
            String::from_utf8(ended.stderr).unwrap(),
        )
    }
}

fn message(number: usize, at: Timestamp, start: &str, cost: &str, amount: &str) -> String {
    let data = format!(
        r#"{{"costAmount":{cost},"costIntervalStart":"{start}","budgetAmount":{amount},
            "budgetAmountType":"SPECIFIED_AMOUNT","currencyCode":"USD"}}"#
    );
    json!({"message": {
        "messageId": number.to_string(),
        "publishTime": at,
        "attributes": {
            "billingAccountId": "01D4EE-079462-DFD6EC",
            "budgetId": "de72f49d-779b-4945-a127-4d6ce8def0bb",
            "schemaVersion": "1.0",
        },
        "data": STANDARD.encode(data),
    }})
    .to_string()
}

fn october(day: i64) -> Timestamp {
    let first: Timestamp = "2026-10-01T07:20:00Z".parse().unwrap();
    first + SignedDuration::from_hours(24 * day)
}

/// A message every 20 minutes, 40 units a day, until a week into November.
fn month() -> String {
    let november: Timestamp = "2026-11-01T07:00:00Z".parse().unwrap();
    let mut lines = String::new();
    for number in 0..72 * 38i64 {
        let at = october(0) + SignedDuration::from_mins(20 * number);
        let (start, since) = if at < november {
            ("2026-10-01T07:00:00Z", number)
        } else {
            ("2026-11-01T07:00:00Z", number - 72 * 31 + 1)
        };
        let cents = since * 4000 / 72;
        let cost = format!("{}.{:02}", cents / 100, cents % 100);
        let number = usize::try_from(number).unwrap();
        lines.push_str(&message(number, at, start, &cost, "1000"));
        lines.push('\n');
    }
    lines
}

#[test]
fn evaluating_a_message_explains_the_decision_in_one_line() {
    let desk = Desk::new();
    let body = message(1, october(10), "2026-10-01T07:00:00Z", "1010.5", "1000");
    let file = desk.file("message.json", &body);
    let table = desk.result("evaluate", &file, &[]);
    let last = table.lines().last().unwrap();
    assert_eq!(
        last,
        "1010.50 of 1000.00 USD (101.05 %); would fire (dry run) n50 (cost ≥ 50 %), thr (cost ≥ 90 %), stop (cost ≥ 100 %); \
         would do run.disable:web/eu/api; would do scheduler.pause:web/eu/nightly; \
         no need for run.max_instances:web/eu/api=1; level normal"
    );
    let json = desk.result("evaluate", &file, &["--as", "enforce", "--output", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let decision = &json["decisions"][0];
    assert_eq!(decision["verdict"], "evaluated");
    assert_eq!(decision["level"], "stopped");
    assert_eq!(decision["cost"], "1010500000");
    assert_eq!(
        decision["plan"][0],
        json!({"op": "do", "action": "run.disable:web/eu/api"})
    );
}

#[test]
fn evaluating_what_concerns_nobody_says_why() {
    let desk = Desk::new();
    let body =
        message(1, october(10), "2026-10-01T07:00:00Z", "1", "1").replace("de72f49d", "00000000");
    let table = desk.result("evaluate", &desk.file("message.json", &body), &[]);
    assert!(
        table.ends_with("ignored: no policy is bound to this account and budget\n"),
        "{table}"
    );
}

#[test]
fn evaluating_remembers_what_the_state_says() {
    let desk = Desk::new();
    let body = message(2, october(10), "2026-10-01T07:00:00Z", "500", "1000");
    let state = json!({
        "v": 1,
        "period": "2026-10-01T07:00:00Z",
        "watermark": {"publish_time": october(11), "message_id": "1"},
    });
    let state = desk.file("state.json", &state.to_string());
    let options = ["--state", state.to_str().unwrap()];
    let table = desk.result("evaluate", &desk.file("message.json", &body), &options);
    assert!(table.contains("a newer message has been judged"), "{table}");
}

#[test]
fn simulating_a_month_shows_the_ladder_and_the_way_back() {
    let desk = Desk::new();
    let file = desk.file("month.jsonl", &month());
    let json = desk.result("simulate", &file, &["--as", "enforce", "--output", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let budget = &json["budgets"][0];
    assert_eq!(budget["judged"], 72 * 38);
    assert_eq!(budget["level"], "normal");
    assert_eq!(budget["in_force"], json!([]));
    let lines = budget["decisions"].as_array().unwrap();
    let fired: Vec<&str> = lines
        .iter()
        .flat_map(|line| line["fired"].as_array().unwrap())
        .map(|firing| firing["step"].as_str().unwrap())
        .collect();
    assert_eq!(fired, ["n50", "thr", "stop"]);
    let rolled = lines.iter().find(|line| line["rolled"] == true).unwrap();
    assert_eq!(rolled["at"], "2026-11-01T07:00:00Z");
    assert_eq!(rolled["plan"].as_array().unwrap().len(), 2);
    // Throttled on day 22 and stopped on day 25, each said anew every day until the month ends.
    let reminds = |line: &&Value| line["notify"].to_string().contains("reminder");
    assert_eq!(lines.iter().filter(reminds).count(), 2 + 5);
}

#[test]
fn a_chart_is_a_picture_with_everything_that_happened() {
    let desk = Desk::new();
    let file = desk.file("month.jsonl", &month());
    let (svg, html) = (desk.path("month.svg"), desk.path("month.html"));
    for chart in [&svg, &html] {
        let options = ["--as", "enforce", "--chart", chart.to_str().unwrap()];
        let table = desk.result("simulate", &file, &options);
        assert!(table.contains("fires thr (cost ≥ 90 %)"), "{table}");
    }
    let svg = fs::read_to_string(svg).unwrap();
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    assert_eq!(
        svg.matches("class=\"fired\"").count(),
        4,
        "three steps and the legend"
    );
    assert_eq!(
        svg.matches("class=\"released\"").count(),
        2,
        "one rollover and the legend"
    );
    assert_eq!(
        svg.matches("<polyline class=\"cost\"").count(),
        2,
        "one line per month"
    );
    let html = fs::read_to_string(html).unwrap();
    assert!(html.contains("lets go of stop because a new period began"));
}

#[test]
fn a_feed_that_dies_is_told_in_a_simulation() {
    let desk = Desk::new();
    let start = "2026-10-01T07:00:00Z";
    let lines = [
        message(1, october(1), start, "1", "1000"),
        message(2, october(2), start, "2", "1000"),
    ];
    let table = desk.result("simulate", &desk.file("two.jsonl", &lines.join("\n")), &[]);
    assert_eq!(table.matches("feed_silent").count(), 1, "{table}");
}

#[test]
fn what_is_wrong_is_said_in_one_line_with_what_to_do_next() {
    let desk = Desk::new();
    let start = "2026-10-01T07:00:00Z";
    let two = [
        message(1, october(1), start, "1", "1000"),
        message(2, october(2), start, "2", "1000"),
    ];
    let two = desk.file("two.jsonl", &two.join("\n"));
    let (code, said) = desk.failure("evaluate", &two, &[]);
    assert_eq!(code, 2);
    assert!(
        said.contains("holds 2 messages") && said.contains("budget-guard simulate"),
        "{said}"
    );

    let broken = desk.file(
        "broken.jsonl",
        &format!(
            "{}\n{{\"message\":{{}}}}",
            message(1, october(1), start, "1", "2")
        ),
    );
    let (code, said) = desk.failure("simulate", &broken, &[]);
    assert_eq!(code, 1);
    assert!(
        said.contains("message 2") && said.contains("publishTime"),
        "{said}"
    );

    let (code, said) = desk.failure("simulate", &two, &["--chart", "month.png"]);
    assert_eq!(code, 2);
    assert!(said.contains(".svg nor in .html"), "{said}");

    let (code, said) = desk.failure("evaluate", &desk.path("nowhere.json"), &[]);
    assert_eq!(code, 1);
    assert!(
        said.contains("nowhere.json") && said.contains("No such file"),
        "{said}"
    );
}

#[test]
fn arming_a_project_that_the_configuration_spares_says_that_nothing_would_come_of_it() {
    let desk = Desk::new();
    let consent = "\n[cap_billing]\nenabled = true\nprojects = [\"sandbox-7\"]\ni_know = \"resources may be irretrievably deleted\"\n";
    desk.file("guard.toml", &format!("{POLICY}{consent}"));
    let listed = desk.result("arm", Path::new("sandbox-7"), &[]);
    assert!(listed.contains("--update-labels=budget-guard-cap=armed"));
    assert!(!listed.contains("Nothing would come of it"), "{listed}");
    let spared = desk.result("arm", Path::new("shop"), &[]);
    assert!(spared.contains("Nothing would come of it"), "{spared}");
    let disarmed = desk.result("disarm", Path::new("shop"), &[]);
    assert!(!disarmed.contains("Nothing would come"), "{disarmed}");
}
