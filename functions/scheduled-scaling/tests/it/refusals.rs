//! Configurations with one mistake each: refused as a whole, with its place and what to write.

use nightshift_runtime::config;
use scheduled_scaling::config::Config;
use std::io::Write;

const FLEET: &str = include_str!("../data/fleet.toml");

/// Reads a configuration as the program does, from a file.
fn load(text: &str) -> Result<Config, String> {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    config::load(Some(file.path())).map_err(|error| {
        let told = error.to_string();
        told.replace(&file.path().display().to_string(), "fleet.toml")
    })
}

/// What is said when `right`, which the configuration holds once, is `wrong` instead.
fn refusal(right: &str, wrong: &str) -> String {
    assert_eq!(FLEET.matches(right).count(), 1, "{right} is not there once");
    load(&FLEET.replace(right, wrong)).unwrap_err()
}

#[test]
fn p9_a_configuration_that_is_printed_and_read_is_the_same() {
    let config = load(FLEET).unwrap();
    let printed = toml::to_string(&config).unwrap();
    assert_eq!(load(&printed).unwrap(), config, "{printed}");
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
}

/// What was right, what is written instead, where the error is, and what it says.
const IN_RULES: [(&str, &str, &str, &str); 17] = [
    (
        "[schedules.office]\ntime_zone = \"Europe/Berlin\"",
        "[schedules.office]\ntime_zone = \"Europe/Berlim\"",
        "fleet.toml:8:13: `schedules.office.time_zone`",
        "did you mean \"Europe/Berlin\"?",
    ),
    (
        "time_zone = \"UTC\"",
        "time_zone = \"CET\"",
        "`schedules.workers.time_zone`",
        "abbreviation that may or may not follow daylight saving time",
    ),
    (
        "to = \"19:00\"",
        "to = \"07:00\"",
        "`schedules.office.windows[0]`",
        "write from = \"00:00\" and to = \"24:00\"",
    ),
    (
        "to = \"19:00\"",
        "to = \"7pm\"",
        "fleet.toml:16:6: `schedules.office.windows[0].to`",
        "\"00:00\" to \"24:00\"",
    ),
    (
        "from = \"07:00\"",
        "from = \"24:00\"",
        "`schedules.office.windows[0]`",
        "write 00:00 and the next day",
    ),
    (
        "max = 10\n",
        "max = 3\n",
        "`schedules.office.windows[0]`",
        "window \"core\": min 4 is above max 3; raise max or lower min",
    ),
    (
        "max = 10\n",
        "maxx = 10\n",
        "`schedules.office.windows[0].maxx`",
        "did you mean `max`?",
    ),
    (
        "min = 4\n",
        "",
        "`schedules.office.windows[0]`",
        "says max 10 and no min",
    ),
    (
        "min = 6\n",
        "min = 6\nmanual = 2\n",
        "windows[1]`",
        "write one of min, manual, power and level",
    ),
    (
        "min = 6\n",
        "min = -1\n",
        "fleet.toml:26:7: `schedules.office.windows[1].min`",
        "-1",
    ),
    (
        "name = \"lunch\"",
        "name = \"core\"",
        "`schedules.office`",
        "two windows are named \"core\"",
    ),
    (
        "lead = \"10m\"",
        "lead = \"10\"",
        "windows[0].lead`",
        "a duration with its unit",
    ),
    (
        "lead = \"10m\"",
        "lead = \"30h\"",
        "windows[0]`",
        "write less than 24h",
    ),
    (
        "min = 0, max = 20",
        "min = 20, max = 0",
        "`schedules.office.limits`",
        "write limits = { min = 0, max = 20 }",
    ),
    (
        "min = 0, max = 20",
        "min = 0, max = 5",
        "`schedules.office`",
        "window \"core\": min 4 max 10 is outside of limits 0 to 5",
    ),
    (
        "0 6 * * 1-5",
        "0 6 * * fri-mon",
        "`schedules.workers.transitions[0].at`",
        "write 5-6,0-1",
    ),
    (
        "closed = true",
        "closed = true\nmin = 3",
        "`schedules.office.exceptions[0]`",
        "write one of closed = true",
    ),
];

const BETWEEN_PARTS: [(&str, &str, &str, &str); 15] = [
    (
        "version = 1\n",
        "version = 2\n",
        "fleet.toml:1:1",
        "reads version = 1",
    ),
    (
        "version = 1\n",
        "",
        "fleet.toml:1:1",
        "missing field `version`",
    ),
    (
        "calendar = \"de-holidays\"",
        "calendar = \"holidays\"",
        "schedules.office.exceptions[0].calendar",
        "there are de-holidays",
    ),
    (
        "2026-12-25..2026-12-26",
        "2026-12-26..2026-12-25",
        "`calendars.de-holidays.dates[0]`",
        "write the earlier date first",
    ),
    (
        "\"2027-01-01\"",
        "\"2027-02-29\"",
        "`calendars.de-holidays.dates[1]`",
        "is not a date",
    ),
    (
        "schedule = \"office\"",
        "schedule = \"offices\"",
        "targets[1].schedule",
        "there are databases, office, workers",
    ),
    (
        "schedule = \"workers\"",
        "schedule = \"office\"",
        "targets[2].schedule",
        "a worker-pool takes manual",
    ),
    (
        "interrupt = \"ok\"\n",
        "",
        "targets[2].interrupt",
        "write interrupt = \"ok\"",
    ),
    (
        "workerPools/mail",
        "services/mail",
        "targets[2].name",
        "projects/PROJECT/locations/REGION/workerPools/NAME",
    ),
    (
        "after = [\"projects/acme/instances/main\"]",
        "after = [\"main\"]",
        "targets[1].after[0]",
        "is no target",
    ),
    (
        "schedule = \"databases\"\n",
        "schedule = \"databases\"\nafter = [\"projects/acme/locations/us-central1/services/checkout\"]\n",
        "targets[0].after",
        "break the circle",
    ),
    (
        "kind = \"worker-pool\"\nname = \"projects/acme/locations/us-central1/workerPools/mail\"",
        "kind = \"service\"\nname = \"projects/acme/locations/us-central1/services/checkout\"",
        "targets[2].name",
        "is targets[1] already, with schedule office; a target has one schedule",
    ),
    (
        "until = \"2026-11-28T05:00:00Z\"\n",
        "",
        "`overrides[0]`",
        "missing field `until`",
    ),
    (
        "until = \"2026-11-28T05:00:00Z\"",
        "until = \"2026-11-27T05:00:00Z\"",
        "overrides[0].until",
        "write a later until",
    ),
    (
        "until = \"2026-11-28T05:00:00Z\"",
        "until = \"2026-12-28T05:00:00Z\"",
        "overrides[0].until",
        "more than the 168 h",
    ),
];

#[test]
fn a_mistake_in_a_rule_is_refused_with_its_place_and_the_remedy() {
    for (right, wrong, place, remedy) in IN_RULES {
        let told = refusal(right, wrong);
        assert!(
            told.contains(place) && told.contains(remedy),
            "{wrong}: {told}"
        );
    }
}

#[test]
fn parts_that_do_not_fit_together_are_refused_with_their_keys_and_the_remedy() {
    for (right, wrong, place, remedy) in BETWEEN_PARTS {
        let told = refusal(right, wrong);
        assert!(
            told.contains(place) && told.contains(remedy),
            "{wrong}: {told}"
        );
    }
}

#[test]
fn a_schedule_speaks_of_one_thing() {
    let told = refusal(
        "manual = 3",
        "manual = 3\n\n[[schedules.workers.transitions]]\nat = \"0 20 * * *\"\nmin = 1",
    );
    assert!(
        told.contains("speaks of one of min, manual and power"),
        "{told}"
    );
}

#[test]
fn an_override_stays_within_the_limits_of_the_schedule() {
    let told = refusal("min = 8", "min = 21");
    assert!(
        told.contains("overrides[0].kind: min 21 is outside of limits 0 to 20 of schedule office"),
        "{told}"
    );
}

#[test]
fn an_override_of_nothing_is_refused_instead_of_ignored() {
    let told = refusal("kind = \"boost\"\nmin = 8", "kind = \"boost\"");
    assert!(told.contains("says no value"), "{told}");
    let told = refusal("kind = \"boost\"", "kind = \"hold\"");
    assert!(told.contains("takes no value"), "{told}");
}
