//! The form that Cloud Logging reads: one JSON object a line.
//!
//! Sources: <https://docs.cloud.google.com/logging/docs/structured-logging> for the special fields,
//! <https://docs.cloud.google.com/error-reporting/docs/formatting-error-messages> for errors.

use super::{Record, fields::Fields};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};
use std::env;
use tracing::Level;

/// Makes an entry an error that Error Reporting groups and notifies about.
const REPORTED_ERROR: &str =
    "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent";

/// What Error Reporting files an error under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Service {
    pub(super) service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
}

impl Service {
    /// The Cloud Run service or job that this process is, if it is one.
    pub(super) fn of_this_process() -> Option<Self> {
        let named = |service: &str, version: &str| {
            let service = env::var(service).ok()?;
            Some(Self {
                service,
                version: env::var(version).ok(),
            })
        };
        named("K_SERVICE", "K_REVISION").or_else(|| named("CLOUD_RUN_JOB", "CLOUD_RUN_EXECUTION"))
    }
}

/// `record` as one line, without its line break.
pub(super) fn line(record: &Record, service: Option<&Service>) -> String {
    serde_json::to_string(&Entry { record, service }).unwrap_or_else(|error| {
        json!({ "severity": "ERROR", "message": error.to_string() }).to_string()
    })
}

struct Entry<'a> {
    record: &'a Record,
    service: Option<&'a Service>,
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Record {
            time,
            metadata,
            message,
            fields,
        } = self.record;
        let mut entry = serializer.serialize_map(None)?;
        entry.serialize_entry("severity", severity(*metadata.level()))?;
        entry.serialize_entry("time", time)?;
        entry.serialize_entry("message", message)?;
        for (name, value) in fields.iter().filter(|(name, _)| !is_placed_elsewhere(name)) {
            if is_reserved(name) {
                entry.serialize_entry(&format!("{name}_"), value)?;
            } else {
                entry.serialize_entry(name, value)?;
            }
        }
        for (name, key) in TRACE {
            if let Some(value) = fields.get(name) {
                entry.serialize_entry(key, value)?;
            }
        }
        if let Some(labels) = labels(fields) {
            entry.serialize_entry("logging.googleapis.com/labels", &labels)?;
        }
        if let Some(request) = object(fields, HTTP_REQUEST) {
            entry.serialize_entry("httpRequest", &request)?;
        }
        let (file, line) = (metadata.file(), metadata.line().unwrap_or_default());
        let function = metadata.module_path().unwrap_or(metadata.target());
        entry.serialize_entry(
            "logging.googleapis.com/sourceLocation",
            &json!({ "file": file, "line": line.to_string(), "function": function }),
        )?;
        if *metadata.level() == Level::ERROR {
            entry.serialize_entry("@type", REPORTED_ERROR)?;
            if let Some(service) = self.service {
                entry.serialize_entry("serviceContext", service)?;
            }
            let location =
                json!({ "filePath": file, "lineNumber": line, "functionName": function });
            entry.serialize_entry("context", &json!({ "reportLocation": location }))?;
        }
        entry.end()
    }
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

/// Fields, usually of a request's span, that tie an entry to its trace. `trace` is `projects/PROJECT/traces/ID`.
const TRACE: [(&str, &str); 3] = [
    ("trace", "logging.googleapis.com/trace"),
    ("span_id", "logging.googleapis.com/spanId"),
    ("trace_sampled", "logging.googleapis.com/trace_sampled"),
];

/// Fields whose names start so become labels, which Cloud Logging indexes.
const LABEL: &str = "label.";

/// Fields whose names start so become parts of `httpRequest`, which Cloud Logging shows at the head of an entry. Their names
/// are those of its `HttpRequest`: <https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#httprequest>.
pub(super) const HTTP_REQUEST: &str = "httpRequest.";

fn is_placed_elsewhere(name: &str) -> bool {
    name.starts_with(LABEL)
        || name.starts_with(HTTP_REQUEST)
        || TRACE.iter().any(|(field, _)| *field == name)
}

/// Names that mean something to Cloud Logging: a field of that name is written with `_` at its end.
fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 9] = [
        "severity",
        "message",
        "time",
        "timestamp",
        "timestampSeconds",
        "timestampNanos",
        "httpRequest",
        "serviceContext",
        "context",
    ];
    RESERVED.contains(&name)
}

/// The fields whose names start with `prefix`, without it.
fn object(fields: &Fields, prefix: &str) -> Option<serde_json::Map<String, Value>> {
    let object: serde_json::Map<_, _> = fields
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value.clone())))
        .collect();
    (!object.is_empty()).then_some(object)
}

fn labels(fields: &Fields) -> Option<serde_json::Map<String, Value>> {
    let mut labels = object(fields, LABEL)?;
    for value in labels.values_mut() {
        if !value.is_string() {
            *value = Value::String(value.to_string());
        }
    }
    Some(labels)
}
