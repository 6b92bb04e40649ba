use super::*;
use crate::clock::ManualClock;
use clap::Parser;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tracing::{debug, error, info, info_span, warn};

/// Runs `tell` and returns the lines that `form` made of its events at 2026-03-29 01:02:03.5 UTC.
fn lines(
    form: impl Fn(&Record) -> String + Send + Sync + 'static,
    level: &str,
    tell: impl FnOnce(),
) -> Vec<String> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let clock = ManualClock::at("2026-03-29T01:02:03.5Z".parse().unwrap());
    let layer = Layer::new(clock, {
        let told = told.clone();
        move |record| told.lock().unwrap().push(form(record))
    });
    let filter = level.parse::<Level>().unwrap().0;
    tracing::subscriber::with_default(Registry::default().with(layer.with_filter(filter)), tell);
    std::mem::take(&mut *told.lock().unwrap())
}

/// Runs `tell` and returns what Cloud Logging would be given.
pub(crate) fn told(tell: impl FnOnce()) -> Vec<Value> {
    let lines = lines(|record| cloud::line(record, None), "info", tell);
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Runs `tell`, which tells one event, and returns it without the place in the source.
fn told_without_source(tell: impl FnOnce()) -> Value {
    let [mut entry] = <[Value; 1]>::try_from(told(tell)).unwrap();
    entry
        .as_object_mut()
        .unwrap()
        .remove("logging.googleapis.com/sourceLocation")
        .unwrap();
    entry
}

fn shown(tell: impl FnOnce()) -> String {
    lines(
        |record| {
            terminal::line(
                record,
                terminal::Look {
                    colours: false,
                    date: false,
                },
            )
        },
        "info",
        tell,
    )
    .join("\n")
}

#[test]
fn an_event_is_one_object_on_one_line() {
    let [line] = <[String; 1]>::try_from(lines(
        |record| cloud::line(record, None),
        "info",
        || info!(event = "backup.completed", chunks = 12, "backup\ncompleted"),
    ))
    .unwrap();
    let source = line
        .find(r#","logging.googleapis.com/sourceLocation""#)
        .unwrap();
    assert_eq!(
        &line[..source],
        r#"{"severity":"INFO","time":"2026-03-29T01:02:03.5Z","message":"backup\ncompleted","event":"backup.completed","chunks":12"#
    );
    assert!(!line.contains('\n'));
}

#[test]
fn an_event_names_its_place_in_the_source() {
    let entries = told(|| info!("here"));
    let line = line!() - 1;
    assert_eq!(
        entries[0]["logging.googleapis.com/sourceLocation"],
        json!({
            "file": "crates/runtime/src/telemetry/tests.rs",
            "line": line.to_string(),
            "function": "nightshift_runtime::telemetry::tests",
        })
    );
}

#[test]
fn fields_keep_their_types() {
    let entry = told_without_source(|| {
        info!(count = 3, ratio = 0.5, last = true, name = "orders", debug = ?[1], missing = None::<u64>, "types");
    });
    assert_eq!(
        entry,
        json!({
            "severity": "INFO", "time": "2026-03-29T01:02:03.5Z", "message": "types",
            "count": 3, "ratio": 0.5, "last": true, "name": "orders", "debug": "[1]",
        })
    );
}

#[test]
fn numbers_that_a_double_cannot_hold_are_text() {
    let entry = told_without_source(|| {
        info!(
            system = u64::MAX,
            low = i64::MIN,
            nan = f64::NAN,
            exact = 1_u64 << 53,
            ""
        );
    });
    assert_eq!(entry["system"], "18446744073709551615");
    assert_eq!(entry["low"], "-9223372036854775808");
    assert_eq!(entry["nan"], "NaN");
    assert_eq!(entry["exact"], 1_u64 << 53);
}

#[test]
fn severities_are_those_of_cloud_logging() {
    let entries = lines(
        |record| cloud::line(record, None),
        "trace",
        || {
            tracing::trace!("");
            debug!("");
            info!("");
            warn!("");
            error!("");
        },
    );
    let severities: Vec<_> = entries
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["severity"].clone())
        .collect();
    assert_eq!(severities, ["DEBUG", "DEBUG", "INFO", "WARNING", "ERROR"]);
}

#[test]
fn fields_of_spans_are_told_with_each_event_and_the_inner_one_wins() {
    let entry = told_without_source(|| {
        let _outer = info_span!("run", backup = "b1", table = "none", worker = 1).entered();
        let inner = info_span!("copy", table = "orders", rows = tracing::field::Empty).entered();
        inner.record("rows", 7);
        info!(worker = 2, "copied");
    });
    assert_eq!(
        entry,
        json!({
            "severity": "INFO", "time": "2026-03-29T01:02:03.5Z", "message": "copied",
            "worker": 2, "table": "orders", "rows": 7, "backup": "b1",
        })
    );
}

#[test]
fn a_request_s_trace_is_where_cloud_logging_looks_for_it() {
    let entry = told_without_source(|| {
        let trace = "projects/p/traces/06796866738c859f2f19b7cfb3214824";
        let _request = info_span!(
            "request",
            trace,
            span_id = "000000000000004a",
            trace_sampled = true
        )
        .entered();
        info!("served");
    });
    assert_eq!(
        entry,
        json!({
            "severity": "INFO", "time": "2026-03-29T01:02:03.5Z", "message": "served",
            "logging.googleapis.com/trace": "projects/p/traces/06796866738c859f2f19b7cfb3214824",
            "logging.googleapis.com/spanId": "000000000000004a",
            "logging.googleapis.com/trace_sampled": true,
        })
    );
}

#[test]
fn fields_that_start_with_label_become_labels() {
    let entry = told_without_source(|| info!(label.policy = "nightly", label.level = 3, "guarded"));
    assert_eq!(
        entry["logging.googleapis.com/labels"],
        json!({ "policy": "nightly", "level": "3" })
    );
    assert_eq!(entry.get("label.policy"), None);
}

#[test]
fn a_field_never_takes_the_place_of_a_special_one() {
    let entry = told_without_source(|| info!(severity = "none", time = 1, context = "c", "kept"));
    assert_eq!(
        entry,
        json!({
            "severity": "INFO", "time": "2026-03-29T01:02:03.5Z", "message": "kept",
            "severity_": "none", "time_": 1, "context_": "c",
        })
    );
}

#[test]
fn an_error_is_reported_with_its_service_place_and_causes() {
    let service = cloud::Service {
        service: "backup".to_owned(),
        version: Some("backup-x7".to_owned()),
    };
    let lines = lines(
        move |record| cloud::line(record, Some(&service)),
        "info",
        || {
            let refused = io::Error::other(io::Error::other("connection refused"));
            error!(error = &refused as &dyn std::error::Error, "backup failed");
        },
    );
    let mut entry: Value = serde_json::from_str(&lines[0]).unwrap();
    let line = entry["context"]["reportLocation"]["lineNumber"].take();
    assert!(line.is_u64());
    entry
        .as_object_mut()
        .unwrap()
        .remove("logging.googleapis.com/sourceLocation")
        .unwrap();
    assert_eq!(
        entry,
        json!({
            "severity": "ERROR", "time": "2026-03-29T01:02:03.5Z", "message": "backup failed",
            "error": "connection refused",
            "@type": "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent",
            "serviceContext": { "service": "backup", "version": "backup-x7" },
            "context": { "reportLocation": {
                "filePath": "crates/runtime/src/telemetry/tests.rs",
                "lineNumber": null,
                "functionName": "nightshift_runtime::telemetry::tests",
            }},
        })
    );
}

#[test]
fn the_causes_of_an_error_are_told_in_order() {
    let entry = told_without_source(|| {
        let error = crate::config::ConfigError::Unreadable {
            path: "/x".into(),
            source: io::Error::other("denied"),
        };
        info!(error = &error as &dyn std::error::Error, "");
    });
    assert_eq!(entry["error"], "read configuration file `/x`: denied");
}

#[test]
fn a_line_stays_below_what_cloud_logging_splits() {
    let entry = told_without_source(|| info!(stderr = "ü".repeat(100_000), ""));
    let text = entry["stderr"].as_str().unwrap();
    assert!(text.len() < 17_000);
    assert!(
        text.ends_with("… (183616 bytes more)"),
        "{}",
        &text[text.len() - 40..]
    );
}

#[test]
fn people_see_time_level_message_and_fields() {
    let line = shown(|| {
        let _run = info_span!("run", backup = "b1").entered();
        warn!(wait = "1.5 s", attempt = 2, table = "", "retrying");
    });
    assert_eq!(
        line,
        r#"01:02:03Z  WARN retrying wait="1.5 s" attempt=2 table="" backup=b1"#
    );
}

#[test]
fn a_line_in_a_file_has_a_date_and_a_debug_line_its_module() {
    let look = terminal::Look {
        colours: false,
        date: true,
    };
    let lines = lines(
        move |record| terminal::line(record, look),
        "debug",
        || debug!("detail"),
    );
    assert_eq!(
        lines,
        ["2026-03-29T01:02:03Z DEBUG nightshift_runtime::telemetry::tests detail"]
    );
}

#[test]
fn colours_are_only_written_where_they_are_wanted() {
    let look = terminal::Look {
        colours: true,
        date: false,
    };
    let coloured = lines(
        move |record| terminal::line(record, look),
        "info",
        || info!(n = 1, "m"),
    );
    let plain = shown(|| info!(n = 1, "m"));
    assert!(coloured[0].contains('\u{1b}') && !plain.contains('\u{1b}'));
    assert_eq!(console::strip_ansi_codes(&coloured[0]), plain);
}

#[test]
fn a_hostile_value_cannot_drive_the_terminal() {
    let line = shown(|| info!(table = "\u{1b}[2J", "\u{7}dropped"));
    assert_eq!(line, r#"01:02:03Z  INFO \u{7}dropped table="\u{1b}[2J""#);
}

#[test]
fn levels_can_be_set_by_module() {
    let tell = || {
        debug!("unnamed");
        debug!(target: "backup::restore", "named");
        info!("general");
    };
    let told = lines(
        |record| record.message.clone(),
        "info, backup::restore=debug",
        tell,
    );
    assert_eq!(told, ["named", "general"]);
}

#[test]
fn what_goes_over_the_wire_is_only_told_when_named() {
    let tell = || {
        debug!(target: "hyper::proto", "wire");
        debug!(target: "backup", "ours");
    };
    let message = |record: &Record| record.message.clone();
    assert_eq!(lines(message, "debug", tell), ["ours"]);
    assert_eq!(lines(message, "debug,hyper=trace", tell), ["wire", "ours"]);
    assert!(lines(message, "off", tell).is_empty());
}

#[test]
fn a_level_that_is_none_is_refused() {
    for text in ["verbose", "backup=loud", "info,debgu"] {
        let refused = text.parse::<Level>().unwrap_err().to_string();
        assert!(refused.contains("neither a level"), "{refused}");
    }
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    telemetry: Options,
}

#[test]
fn the_options_have_defaults_and_refuse_nonsense() {
    use clap::CommandFactory;
    Cli::command().debug_assert();
    assert_eq!(Cli::parse_from(["backup"]).telemetry.format, Format::Auto);
    assert!(Cli::try_parse_from(["backup", "--log-level", "verbose"]).is_err());
}
