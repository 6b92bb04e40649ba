use super::*;
use nightshift_runtime::config;
use std::io::Write;

const GOOD: &str = include_str!("../../guard.example.toml");

fn read(text: &str) -> Result<Vec<Policy>, String> {
    let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let config: Config = config::load(Some(file.path())).map_err(|error| error.to_string())?;
    config.policies().map_err(|error| error.to_string())
}

/// What is said when `from` is replaced.
fn refusal(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    read(&GOOD.replacen(from, to, 1)).unwrap_err()
}

#[test]
fn the_example_is_a_policy() {
    let policies = read(GOOD).unwrap();
    let policy = &policies[0];
    assert_eq!(policy.mode, Mode::DryRun);
    assert_eq!(policy.steps.len(), 4);
    assert_eq!(policy.tell, ["slack"]);
    assert_eq!(policy.amount_max, Some(Micros::new(5_000_000_000)));
    let cap = policy.step("cap").unwrap();
    assert_eq!((cap.confirm, cap.confirm_min.as_secs()), (2, 1200));
    assert!(cap.needs_arming() && policy.cap_projects.contains("sandbox-7"));
}

#[test]
fn unknown_keys_are_refused_with_the_one_that_was_meant() {
    let said = refusal("guard_project", "guard_projekt");
    assert!(said.contains("unknown field `guard_projekt`"), "{said}");
    assert!(said.contains("did you mean `guard_project`?"), "{said}");
    let said = refusal("release = \"80%\"", "relase = \"80%\"");
    assert!(said.contains("did you mean `release`?"), "{said}");
    let said = refusal("{ actual = \"50%\" }", "{ actuel = \"50%\" }");
    assert!(said.contains("did you mean `actual`?"), "{said}");
}

#[test]
fn values_of_another_form_are_named_with_what_would_be_right() {
    let said = refusal("\"90%\"", "\"nine tenths\"");
    assert!(said.contains("budget[0].step[1].when"), "{said}");
    assert!(
        said.contains("neither a percentage such as \"90%\" nor an amount"),
        "{said}"
    );
    let said = refusal("run:web/eu/pay", "web/eu/pay");
    assert!(said.contains("is not a resource"), "{said}");
    let said = refusal("01D4EE-079462-DFD6EC", "billingAccounts/01D4EE");
    assert!(
        said.contains("`budget[0].account`") && said.contains("such as 01D4EE"),
        "{said}"
    );
    assert!(refusal("\"USD\"", "\"usd\"").contains("ISO 4217"));
    assert!(refusal("min = \"100\"", "min = \"6000\"").contains("above max"));
    assert!(refusal("min = \"100\"", "min = \"-5\"").contains("above 0"));
}

#[test]
fn what_could_do_too_much_is_refused() {
    let cases = [
        (
            "when = { actual = \"90%\" }",
            "when = { pace = \"130%\" }",
            "allow_predictive_throttle",
        ),
        (
            "when = { actual = \"120%\" }",
            "when = { google_forecast = \"120%\" }",
            "a cap must not hang on it",
        ),
        (
            "when = { actual = \"120%\" }",
            "when = { actual = \"99%\" }",
            "below 100%",
        ),
        ("release = \"80%\"", "release = \"90%\"", "must be below"),
        (
            "web/eu/api=1",
            "finops-admin/eu/api=1",
            "guard's own project",
        ),
        ("web/eu/api=1", "web/eu/pay=1", "protected"),
        ("id = \"cap\"", "id = \"thr\"", "`thr` is there twice"),
        (
            "i_know = \"resources may be irretrievably deleted\"",
            "i_know = \"yes\"",
            "cap_billing.i_know",
        ),
        (
            "projects = [\"sandbox-7\"]",
            "projects = [\"sandbox-8\"]",
            "not in cap_billing.projects",
        ),
        (
            "do = [\"slack\"]",
            "do = [\"slack\", \"run.disable:web/eu/api\"]",
            "another class than notify",
        ),
        (
            "run.max_instances:web/eu/api=1",
            "billing.unlink:sandbox-7",
            "another class than throttle",
        ),
    ];
    for (from, to, expected) in cases {
        let said = refusal(from, to);
        assert!(said.contains(expected), "{to}: {said}");
    }
}

#[test]
fn what_can_do_nothing_is_refused() {
    let cases = [
        (
            "do = [\"slack\", \"run.max_instances:web/eu/api=1\"]",
            "do = [\"slack\"]",
            "names no action",
        ),
        ("confirm = 2", "release = \"90%\"", "no effect on a cap"),
        ("confirm = 2", "confirm = 0", "at least 1"),
        (
            "release = \"80%\"",
            "restore = \"hysteresis\"",
            "needs a `release`",
        ),
        (
            "run.max_instances:web/eu/api=1",
            "run.stop:web/eu/api",
            "unknown action `run.stop`",
        ),
        (
            "run.max_instances:web/eu/api=1",
            "run.disable",
            "is not an action",
        ),
        (
            "guard_project = \"finops-admin\"",
            "guard_project = \" \"",
            "`guard_project`",
        ),
    ];
    for (from, to, expected) in cases {
        let said = refusal(from, to);
        assert!(said.contains(expected), "{to}: {said}");
    }
}

#[test]
fn looking_ahead_may_throttle_when_somebody_says_so() {
    let ahead = GOOD.replacen("{ actual = \"90%\" }", "{ runway_hours = 12 }", 1);
    assert!(read(&ahead).is_err());
    assert!(read(&format!("allow_predictive_throttle = true\n{ahead}")).is_ok());
}

#[test]
fn topics_and_subscriptions_have_their_full_names() {
    for (from, to, expected) in [
        (
            "projects/finops-admin/topics/budgets",
            "budgets",
            "`feed.topic`: `budgets` is not the name of a topic: projects/PROJECT/topics/NAME",
        ),
        (
            "projects/finops-admin/subscriptions/budget-guard",
            "projects/finops-admin/topics/budget-guard",
            "`feed.subscription`",
        ),
        (
            "[channel.slack]",
            "[channel.bus]\nkind = \"pubsub\"\ntopic = \"notices\"\n\n[channel.slack]",
            "`channel.*.topic`: `notices`",
        ),
    ] {
        let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        let text = GOOD.replacen(from, to, 1);
        file.write_all(text.as_bytes()).unwrap();
        let config: Config = config::load(Some(file.path())).unwrap();
        let said = config.check_for_work().unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    }
}
