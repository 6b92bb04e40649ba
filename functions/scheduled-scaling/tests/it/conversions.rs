//! What other tools are told, as schedules.

use scheduled_scaling::{
    config::Config,
    convert::{Converted, from_cloud_scheduler, from_keda, from_uptime},
    desired::desired,
};

/// The configuration as it is written, which must be one that is read.
fn written(converted: &Converted) -> String {
    let document = converted.document().unwrap();
    toml::from_str::<Config>(&document).unwrap_or_else(|why| panic!("{why}\n{document}"));
    document
}

fn keda(start: &str, end: &str) -> String {
    format!(
        r#"{{"metadata": {{"name": "Shop"}}, "spec": {{"minReplicaCount": 1, "triggers": [
            {{"type": "cpu", "metadata": {{"value": "80"}}}},
            {{"type": "cron", "metadata": {{"timezone": "Europe/Berlin", "start": "{start}", "end": "{end}",
                                            "desiredReplicas": "5"}}}}]}}}}"#
    )
}

#[test]
fn a_pair_of_kedas_crons_within_a_day_is_a_window() {
    insta::assert_snapshot!(written(
        &from_keda(&keda("0 7 * * 1-5", "30 19 * * 1-5")).unwrap()
    ), @r##"
# shop: triggers that are not cron were left out: 1
# bind the schedules to their services as [[targets]]
version = 1

[schedules.shop]
time_zone = "Europe/Berlin"

[schedules.shop.default]
min = 1

[[schedules.shop.windows]]
name = "cron-1"
days = "mon-fri"
from = "07:00"
to = "19:30"
min = 5
"##);
}

#[test]
fn a_pair_over_midnight_is_a_window_that_belongs_to_its_start_day() {
    let converted = from_keda(&keda("0 22 * * 5", "0 6 * * 6")).unwrap();
    let label = converted.schedules["shop"].windows[0].label();
    assert_eq!(&*label, "fri 22:00-06:00");
}

#[test]
fn a_pair_that_lasts_for_days_is_two_transitions_and_a_question() {
    let converted = from_keda(&keda("10 22 * * 5", "10 22 * * 0")).unwrap();
    assert_eq!(converted.schedules["shop"].transitions.len(), 2);
    let asked = converted
        .warnings
        .iter()
        .any(|w| w.contains("lasts up to 48 h; is that meant?"));
    assert!(asked, "{:?}", converted.warnings);
}

#[test]
fn a_pair_that_never_ends_is_refused() {
    let refused = from_keda(&keda("0 7 * * *", "0 7 * * *"))
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("shop, trigger 1: start and end are the same"),
        "{refused}"
    );
}

#[test]
fn an_uptime_annotation_is_windows_with_the_replicas_it_had() {
    let uptime = "Mon-Fri 07:30-20:30 Europe/Berlin, Sat-Sun 22:00-02:00 Europe/Berlin";
    insta::assert_snapshot!(written(&from_uptime(uptime, 3, 0).unwrap()), @r##"
# "Sat-Sun 22:00-02:00 Europe/Berlin" goes past midnight: here it ends on the day after; GoKubeDownscaler reads it as two parts of the same day
# bind the schedule to its services as [[targets]]
version = 1

[schedules.uptime]
time_zone = "Europe/Berlin"

[schedules.uptime.default]
min = 0

[[schedules.uptime.windows]]
name = "uptime-1"
days = "mon-fri"
from = "07:30"
to = "20:30"
min = 3

[[schedules.uptime.windows]]
name = "uptime-2"
days = "sat,sun"
from = "22:00"
to = "02:00"
min = 3
"##);
}

#[test]
fn what_an_uptime_annotation_cannot_say_here_is_refused_with_the_remedy() {
    let refused = [
        ("always", "is not of the form"),
        (
            "2026-12-24T00:00:00+01:00/2026-12-27T00:00:00+01:00",
            "as an exception with dates",
        ),
        ("Mon-Fri 07:30-20:30 CET", "abbreviation"),
        ("Mon-Fri 03:00-03:00 Europe/Berlin", "begins when it ends"),
        (
            "Mon-Fri 07:30-20:30 Europe/Berlin, Sat 10:00-12:00 UTC",
            "split it",
        ),
        ("Mon-Fry 07:30-20:30 UTC", "\"mon-fry\""),
    ];
    for (uptime, why) in refused {
        let error = from_uptime(uptime, 1, 0).unwrap_err().to_string();
        assert!(error.contains(why), "{uptime}: {error}");
    }
}

/// A job up, a job down, one that never worked, and one that is about something else. The bodies are
/// `{"template":{"scaling":{"minInstanceCount":1}}}` and `{"scaling":{"minInstanceCount":0}}`.
const JOBS: &str = r#"[
    {"name": "projects/acme/locations/us-central1/jobs/up", "schedule": "0 8 * * 1-5", "timeZone": "America/Los_Angeles",
     "httpTarget": {"uri": "https://run.googleapis.com/v2/projects/acme/locations/us-central1/services/web?updateMask=template.scaling",
                    "body": "eyJ0ZW1wbGF0ZSI6eyJzY2FsaW5nIjp7Im1pbkluc3RhbmNlQ291bnQiOjF9fX0="}},
    {"name": "projects/acme/locations/us-central1/jobs/down", "schedule": "0 18 * * 1-5", "timeZone": "America/Los_Angeles",
     "httpTarget": {"uri": "https://run.googleapis.com/v2/projects/acme/locations/us-central1/services/web:setIamPolicy",
                    "body": "eyJzY2FsaW5nIjp7Im1pbkluc3RhbmNlQ291bnQiOjB9fQ=="}},
    {"name": "projects/acme/locations/us-central1/jobs/report", "schedule": "0 3 * * *",
     "httpTarget": {"uri": "https://example.com/report"}},
    {"name": "projects/acme/locations/us-central1/jobs/queue", "schedule": "0 3 * * *"}
]"#;

#[test]
fn jobs_of_cloud_scheduler_become_one_schedule_a_service() {
    let converted = from_cloud_scheduler(JOBS).unwrap();
    insta::assert_snapshot!(written(&converted), @r##"
# job up makes a new revision at every run; the schedule does not
# job down calls :setIamPolicy and has never scaled anything
# job report was left out: it calls https://example.com/report, not Cloud Run
# job queue was left out: it calls no HTTP address
version = 1

[schedules.web]
time_zone = "America/Los_Angeles"
default = "original"

[[schedules.web.transitions]]
at = "0 8 * * 1-5"
min = 1

[[schedules.web.transitions]]
at = "0 18 * * 1-5"
min = 0

[[targets]]
kind = "service"
name = "projects/acme/locations/us-central1/services/web"
schedule = "web"
"##);
    let monday_noon = "2026-03-09T19:00:00Z".parse().unwrap();
    let level = desired(&converted.schedules["web"], &[], monday_noon).level;
    assert_eq!(level.to_string(), "min 1");
}

#[test]
fn a_document_of_something_else_is_refused() {
    for error in [
        from_keda("[]").unwrap_err().to_string(),
        from_keda("{\"items\": []}").unwrap_err().to_string(),
        from_cloud_scheduler("{}").unwrap_err().to_string(),
        from_cloud_scheduler("[]").unwrap_err().to_string(),
    ] {
        assert!(
            error.contains("this is not a") || error.contains("nothing to convert"),
            "{error}"
        );
    }
}
