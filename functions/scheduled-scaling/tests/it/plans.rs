//! The timeline as people, programs and managers see it.

use jiff::civil::Date;
use nightshift_runtime::Report;
use scheduled_scaling::{
    config::Config,
    plan::{Plan, Range, plan},
    price::{BUILT_IN, Baseline, Prices, a_month, two_figures},
    report::{html, svg},
    schedule::Schedule,
    timeline::{Cell, Day, timeline},
};

const FLEET: &str = include_str!("../data/fleet.toml");
const SCHEDULES: &str = include_str!("../data/vectors.toml");

/// The plan of the office in Los Angeles that the documentation shows.
const CHECKOUT: &str = r#"
version = 1
[schedules.office]
time_zone = "America/Los_Angeles"
default = { min = 0 }
windows = [{ name = "core", days = "mon-fri", from = "08:00", to = "18:00", min = 3 }]
[[targets]]
kind = "service"
name = "projects/acme/locations/us-central1/services/checkout"
schedule = "office"
estimate = { milli_cpu = 2000, memory = "1 GiB", baseline = 3 }
"#;

fn planned(config: &str, first: &str, days: u16) -> Plan {
    planned_against(Baseline::Original, config, first, days)
}

fn planned_against(baseline: Baseline, config: &str, first: &str, days: u16) -> Plan {
    let config: Config = toml::from_str(config).unwrap();
    let prices: Prices = toml::from_str(BUILT_IN).unwrap();
    let range = Range {
        now: "2026-01-01T00:00:00Z".parse().unwrap(),
        first: Some(first.parse().unwrap()),
        days,
        baseline,
    };
    plan(&config, &prices, range)
}

#[test]
fn savings_are_against_what_there_was_or_against_the_peak_that_was_asked_for() {
    let config = CHECKOUT.replace("baseline = 3", "baseline = 1");
    let cost = |baseline| {
        let plan = planned_against(baseline, &config, "2026-03-02", 7);
        plan.targets[0].cost.clone().unwrap()
    };
    let (original, peak) = (cost(Baseline::Original), cost(Baseline::Peak));
    assert_eq!((original.baseline, peak.baseline), (1, 3));
    assert!(original.adds_at_least > 0.0 && peak.adds_at_least <= 0.0);
    assert!((peak.at_baseline - 3.0 * original.at_baseline).abs() < 1e-9);
}

#[test]
fn a_week_with_a_short_day_reads_at_a_glance() {
    let text = planned(CHECKOUT, "2026-03-02", 7).table();
    insta::assert_snapshot!(text.replace(scheduled_scaling::zone::database_version(), "ZONES"), @r##"
zone data ZONES · list prices of 2026-04-16 · nothing will be written

checkout   service   us-central1   schedule office (America/Los_Angeles)   begins with min 0
            00    03    06    09    12    15    18    21        min   instance-hours
  Mon 03-02 ················████████████████████············    0/3        30
  Tue 03-03 ················████████████████████············    0/3        30
  Wed 03-04 ················████████████████████············    0/3        30
  Thu 03-05 ················████████████████████············    0/3        30
  Fri 03-06 ················████████████████████············    0/3        30
  Sat 03-07 ················································    0           0
  Sun 03-08 ····××··········································    0           0   23-hour day, 02:00–03:00 skipped
  150 of 501 instance-hours · 2 vCPU, 1 GiB, request-based · $4.05 instead of $13.53 with min 3 · saves at most $9.5 ($41 a month)

changes (10)
TARGET    LOCAL TIME                UTC                CHANGE         RULE                       UNTIL
checkout  Mon 2026-03-02 08:00 PST  2026-03-02T16:00Z  min 0 → min 3  core, mon-fri 08:00-18:00  Mon 2026-03-02 18:00 PST
checkout  Mon 2026-03-02 18:00 PST  2026-03-03T02:00Z  min 3 → min 0  default                    Tue 2026-03-03 08:00 PST
checkout  Tue 2026-03-03 08:00 PST  2026-03-03T16:00Z  min 0 → min 3  core, mon-fri 08:00-18:00  Tue 2026-03-03 18:00 PST
checkout  Tue 2026-03-03 18:00 PST  2026-03-04T02:00Z  min 3 → min 0  default                    Wed 2026-03-04 08:00 PST
checkout  Wed 2026-03-04 08:00 PST  2026-03-04T16:00Z  min 0 → min 3  core, mon-fri 08:00-18:00  Wed 2026-03-04 18:00 PST
checkout  Wed 2026-03-04 18:00 PST  2026-03-05T02:00Z  min 3 → min 0  default                    Thu 2026-03-05 08:00 PST
checkout  Thu 2026-03-05 08:00 PST  2026-03-05T16:00Z  min 0 → min 3  core, mon-fri 08:00-18:00  Thu 2026-03-05 18:00 PST
checkout  Thu 2026-03-05 18:00 PST  2026-03-06T02:00Z  min 3 → min 0  default                    Fri 2026-03-06 08:00 PST
checkout  Fri 2026-03-06 08:00 PST  2026-03-06T16:00Z  min 0 → min 3  core, mon-fri 08:00-18:00  Fri 2026-03-06 18:00 PST
checkout  Fri 2026-03-06 18:00 PST  2026-03-07T02:00Z  min 3 → min 0  default                    Mon 2026-03-09 08:00 PDT

all targets save at most $41 a month
"##);
}

#[test]
fn the_money_of_the_documented_week_is_what_was_worked_out_by_hand() {
    let plan = planned(CHECKOUT, "2026-03-02", 7);
    let target = &plan.targets[0];
    assert_eq!(target.instance_hours, Some(150.0));
    let cost = target.cost.as_ref().unwrap();
    // 3 instances in a week of 167 hours: 501 instance-hours of 2 × 0.0000025 + 1 × 0.0000025 dollars a second.
    let per_hour = 3600.0 * 3.0 * 0.000_002_5;
    let close = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
    assert!(close(cost.per_instance_hour, per_hour), "{cost:?}");
    assert!(
        close(cost.at_baseline, 501.0 * per_hour) && close(cost.scheduled, 150.0 * per_hour),
        "{cost:?}"
    );
    assert!(
        close(cost.saves_at_most, 351.0 * per_hour) && close(cost.adds_at_least, 0.0),
        "{cost:?}"
    );
    assert!(close(
        plan.saves_a_month_at_most,
        a_month(351.0 * per_hour, 7.0)
    ));
}

#[test]
fn an_unknown_price_is_named_and_never_zero() {
    let plan = planned(FLEET, "2026-11-27", 1);
    let unpriced: Vec<&str> = plan
        .unpriced
        .iter()
        .map(|unpriced| unpriced.target.as_str())
        .collect();
    assert_eq!(unpriced.len(), 2, "{unpriced:?}");
    assert!(plan.table().contains("excluding 2 without a price"));
    let elsewhere = CHECKOUT.replace("locations/us-central1", "locations/mars-north1");
    let plan = planned(&elsewhere, "2026-03-02", 7);
    assert_eq!(
        plan.unpriced[0].why,
        "no price is known for Cloud Run in mars-north1"
    );
    assert_eq!(
        serde_json::to_value(&plan).unwrap()["targets"][0]["cost"],
        serde_json::Value::Null
    );
}

#[test]
fn what_was_found_is_unknown_offline_and_drawn_so() {
    let config = FLEET.replace("at = \"0 6 * * 1-5\"", "at = \"0 6 29 2 *\"");
    let plan = planned(&config, "2026-06-01", 1);
    let workers = &plan.targets[2];
    assert_eq!(workers.instance_hours, None);
    assert!(
        workers.days[0]
            .cells
            .iter()
            .all(|cell| *cell == Cell::Unknown)
    );
}

/// The row of `date` for a schedule of the vectors, a character a half hour.
fn row(schedule: &str, date: &str) -> (String, Option<String>) {
    let schedules: std::collections::BTreeMap<String, Schedule> =
        toml::from_str(SCHEDULES).unwrap();
    let first: Date = date.parse().unwrap();
    let timeline = timeline(&schedules[schedule], &[], None, first, 1);
    let Some(day) = timeline.days.first() else {
        return (String::new(), None);
    };
    let symbol = |cell: &Cell| match cell {
        Cell::Floor(0) => '.',
        Cell::Floor(floor) => char::from_digit(*floor, 10).unwrap(),
        Cell::Unknown => '?',
        Cell::Skipped => 'x',
    };
    (day.cells.iter().map(symbol).collect(), Day::remark(day))
}

#[test]
fn days_on_which_clocks_change_show_it() {
    let dots = |count: usize| ".".repeat(count);
    let cases = [
        // An hour skipped, and with it a window; an hour repeated, and a window that stays up in it.
        (
            "C",
            "2026-03-08",
            format!("....xx{}", dots(42)),
            "23-hour day, 02:00–03:00 skipped",
        ),
        (
            "D",
            "2026-11-01",
            format!("...22222{}", dots(42)),
            "25-hour day, 01:00–02:00 repeated",
        ),
        // Half an hour each way.
        (
            "F",
            "2026-10-04",
            format!("...1x{}", dots(43)),
            "day of 23 h 30 min, 02:00–02:30 skipped",
        ),
        (
            "F",
            "2026-04-05",
            format!("...111{}", dots(43)),
            "day of 24 h 30 min, 01:30–02:00 repeated",
        ),
        // A day without a midnight.
        (
            "M",
            "2026-04-24",
            format!("xx{}", dots(46)),
            "23-hour day, 00:00–01:00 skipped",
        ),
    ];
    for (schedule, date, cells, remark) in cases {
        assert_eq!(
            row(schedule, date),
            (cells, Some(remark.to_owned())),
            "{schedule} {date}"
        );
    }
    assert_eq!(
        row("H", "2011-12-30"),
        (String::new(), None),
        "a day that never was"
    );
}

#[test]
fn programs_get_the_same_facts_without_parsing_text() {
    let json = serde_json::to_value(planned(CHECKOUT, "2026-03-08", 2)).unwrap();
    let target = &json["targets"][0];
    assert_eq!(target["days"][0]["cells"][4], "skipped");
    assert_eq!(target["days"][0]["seconds"], 23 * 3600);
    let change = &target["changes"][0];
    assert_eq!(change["at"], "2026-03-09T15:00:00Z");
    assert_eq!(change["local"], "Mon 2026-03-09 08:00 PDT");
    assert_eq!(
        (&change["before"], &change["after"]),
        (&"min 0".into(), &"min 3".into())
    );
    assert_eq!(change["until"], "Mon 2026-03-09 18:00 PDT");
    let rules: Vec<&str> = target["segments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["rule"].as_str().unwrap())
        .collect();
    assert_eq!(
        rules,
        ["default", "mon-fri 08:00-18:00 (2026-03-09)", "default"]
    );
    assert_eq!(json["prices_date"], "2026-04-16");
}

#[test]
fn the_picture_is_one_document_that_a_name_cannot_break() {
    let hostile = CHECKOUT.replace("services/checkout", "services/<b>&\\\"x");
    let plan = planned(&hostile, "2026-03-02", 7);
    let picture = svg::draw(&plan);
    assert!(
        picture.starts_with("<svg ") && picture.ends_with("</svg>\n"),
        "{picture}"
    );
    assert!(picture.contains("&lt;b&gt;&amp;&quot;x") && !picture.contains("<b>"));
    // Seven days of 48 half hours, and the background.
    assert_eq!(picture.matches("<rect ").count(), 7 * 48 + 1);
    let page = html::page(&plan);
    assert!(page.contains(&picture) && !page.contains("<b>") && !page.contains("<script"));
    assert!(page.contains("Saves at most $41 a month"), "{page}");
}

#[test]
fn sums_have_two_figures() {
    let sums = [
        (0.0, "$0"),
        (0.0234, "$0.023"),
        (0.996, "$1.0"),
        (9.477, "$9.5"),
        (9.96, "$10"),
        (41.18, "$41"),
        (1234.0, "$1200"),
        (98_765.0, "$99000"),
    ];
    for (dollars, text) in sums {
        assert_eq!(two_figures(dollars), text);
    }
}
