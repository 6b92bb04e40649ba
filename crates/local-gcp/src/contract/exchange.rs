//! One exchange held against the method that it means.

use super::{
    Finding, Judgement, Part,
    body::{Body, Side},
    documents::{Kind, Meant, begin_as, methods},
    format::{check_text, short},
};
use crate::{Direction, Entry, http::Query};
use serde_json::Value;
use std::collections::BTreeSet;

/// <https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto>
const CODES: &[&str] = &[
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
];

/// Judges one exchange and adds what is found.
pub(super) fn judge(entry: &Entry, judgement: &mut Judgement) {
    if let Some(reason) = outside(entry) {
        *judgement.skipped.entry(reason).or_default() += 1;
        return;
    }
    judgement.judged += 1;
    let mut trial = Trial {
        entry,
        query: Query::parse(&entry.query),
        violations: vec![],
        warnings: vec![],
    };
    let id = trial.run();
    judgement.methods.extend(id.map(str::to_owned));
    let finding = |(part, problem)| Finding {
        seq: entry.seq,
        exchange: format!("{} {}", entry.method, entry.path),
        method: id.unwrap_or_default().to_owned(),
        part,
        problem,
    };
    let Trial {
        violations,
        warnings,
        ..
    } = trial;
    judgement
        .violations
        .extend(violations.into_iter().map(finding));
    judgement.warnings.extend(warnings.into_iter().map(finding));
}

/// Why no discovery document speaks of it.
fn outside(entry: &Entry) -> Option<&'static str> {
    let path = &entry.path;
    if entry.direction == Direction::Out {
        return Some("a call that local-gcp made itself");
    }
    if path.starts_with("/google.") {
        return Some("gRPC, which generated code types");
    }
    let metadata = ["/computeMetadata/", "/oauth2/", "/.well-known/"];
    if ["/", "/token"].contains(&path.as_str())
        || metadata.iter().any(|start| path.starts_with(start))
    {
        return Some("metadata server and tokens, which have no discovery document");
    }
    if entry.api.starts_with("storage.xml.") && !begin_as(path) {
        return Some("Cloud Storage's XML API, which has no discovery document");
    }
    None
}

struct Trial<'a> {
    entry: &'a Entry,
    query: Query,
    violations: Vec<(Part, String)>,
    warnings: Vec<(Part, String)>,
}

impl Trial<'_> {
    fn run(&mut self) -> Option<&'static str> {
        if self.query.has("upload_id") {
            return self.session();
        }
        let found = methods(&self.entry.method, &self.entry.path);
        let own = found.iter().find(|meant| meant.id == self.entry.api);
        let Some(meant) = own.or(found.first()).copied() else {
            self.wrong(
                Part::Method,
                "no discovery document has a method of this verb and path",
            );
            return None;
        };
        if own.is_none() && !self.entry.api.is_empty() {
            self.wrong(Part::Method, &format!("answered as {}", self.entry.api));
        }
        self.parameters(&meant);
        self.request(&meant);
        self.answer(&meant);
        Some(meant.id)
    }

    /// A chunk of a resumable upload. Its URI is the server's own; the answer to the last one is not.
    fn session(&mut self) -> Option<&'static str> {
        let found = methods("POST", &self.entry.path);
        let Some(meant) = found.iter().find(|meant| meant.kind == Kind::Upload) else {
            self.wrong(Part::Method, "no method takes uploads at this path");
            return None;
        };
        // Between chunks, and when an upload is given up, it answers with statuses of its own.
        if !matches!(self.entry.status, 308 | 499) {
            self.answer(meant);
        }
        Some(meant.id)
    }

    fn parameters(&mut self, meant: &Meant) {
        let mut seen = BTreeSet::new();
        let pairs: Vec<_> = self.query.pairs().cloned().collect();
        for (name, value) in &pairs {
            let common = name.strip_prefix('$').unwrap_or(name);
            let own = meant.method.query.get(name);
            let Some(field) = own.or_else(|| meant.document.parameters.get(common)) else {
                self.wrong(Part::Query, &format!("there is no parameter {name}"));
                continue;
            };
            if !seen.insert(name) && !field.repeated {
                self.wrong(Part::Query, &format!("{name}: given twice"));
            }
            // `$alt=json;enum-encoding=int`
            let value = value.split(';').next().unwrap_or_default();
            let problem = if field.r#enum.is_empty() {
                check_text(&field.r#type, &field.format, value)
            } else {
                let known = field.r#enum.iter().any(|name| name == value);
                (!known).then(|| format!("{value:?} is not one of {}", field.r#enum.join(", ")))
            };
            if let Some(problem) = problem {
                self.wrong(Part::Query, &format!("{name}: {problem}"));
            }
        }
        for (name, field) in &meant.method.query {
            if field.required && !seen.contains(name) {
                self.wrong(Part::Query, &format!("{name} is required"));
            }
        }
    }

    fn request(&mut self, meant: &Meant) {
        match (&self.entry.json, &meant.method.request) {
            (None | Some(Value::Null), _) => {}
            // Media that happens to be JSON.
            _ if meant.kind == Kind::Upload && self.query.get("uploadType") == Some("media") => {}
            (Some(sent), Some(message)) => self.body(meant, Side::Request, message, sent),
            (Some(Value::Object(sent)), None) if sent.is_empty() => {}
            (Some(_), None) => self.wrong(Part::Request, "this method takes no body"),
        }
    }

    fn answer(&mut self, meant: &Meant) {
        let media = meant.kind == Kind::Download || self.query.get("alt") == Some("media");
        match self.entry.status {
            // A fault may break the connection instead of answering.
            _ if self.entry.fault.is_some() && self.entry.resp.is_none() => {}
            200..300 if media => {}
            200..300 => self.success(meant),
            304 => {
                if self.entry.resp.is_some() {
                    self.wrong(Part::Answer, "a body where none is allowed");
                }
            }
            400..600 => self.refusal(),
            other => self.wrong(
                Part::Answer,
                &format!("Google's APIs have no status {other}"),
            ),
        }
    }

    fn success(&mut self, meant: &Meant) {
        let begun = meant.kind == Kind::Upload && self.query.get("uploadType") == Some("resumable");
        match (&self.entry.resp, &meant.method.response) {
            (None, Some(_)) if begun || self.query.has("upload_id") => {}
            (None, Some(message)) => {
                self.wrong(Part::Answer, &format!("no {message}, but an empty body"));
            }
            (Some(answer), Some(message)) => self.body(meant, Side::Answer, message, answer),
            (Some(_), None) => self.wrong(Part::Answer, "a body where this method gives none"),
            (None, None) => {}
        }
    }

    fn body(&mut self, meant: &Meant, side: Side, message: &str, value: &Value) {
        let alt = self.query.get("$alt").or_else(|| self.query.get("alt"));
        let numbers = alt.is_some_and(|alt| alt.ends_with("enum-encoding=int"));
        let mut body = Body::new(meant, side, numbers);
        body.named(message, value, "");
        let part = match side {
            Side::Request => Part::Request,
            Side::Answer => Part::Answer,
        };
        let told = |problem| (part, problem);
        self.violations
            .extend(body.violations.into_iter().map(told));
        self.warnings.extend(body.warnings.into_iter().map(told));
    }

    /// `{"error": …}` with a canonical `status`, as nearly all APIs answer, or with `errors` and their reasons, as the older
    /// ones do. <https://cloud.google.com/apis/design/errors>
    fn refusal(&mut self) {
        let error = match self.entry.resp.as_ref().and_then(Value::as_object) {
            Some(body) if body.len() == 1 => body.get("error").and_then(Value::as_object),
            _ => None,
        };
        let Some(error) = error else {
            return self.wrong(
                Part::Answer,
                "the body of a refusal is not {\"error\": {…}}",
            );
        };
        for name in ["code", "message"] {
            if !error.contains_key(name) {
                self.wrong(Part::Answer, &format!("the error has no {name}"));
            }
        }
        if !error.contains_key("status") && !error.contains_key("errors") {
            self.wrong(Part::Answer, "the error has neither status nor errors");
        }
        let listed = |value: &Value, key: &str| {
            let strings = |one: &Value| one[key].is_string();
            value
                .as_array()
                .is_some_and(|list| list.iter().all(strings))
        };
        for (name, value) in error {
            let fits = match name.as_str() {
                "code" => value.as_u64() == Some(self.entry.status.into()),
                "message" => value.is_string(),
                "status" => value.as_str().is_some_and(|code| CODES.contains(&code)),
                "details" => listed(value, "@type"),
                "errors" => listed(value, "reason") && listed(value, "message"),
                _ => false,
            };
            if !fits {
                let found = short(value);
                self.wrong(
                    Part::Answer,
                    &format!("error.{name}: {found} does not belong there"),
                );
            }
        }
    }

    fn wrong(&mut self, part: Part, problem: &str) {
        self.violations.push((part, problem.to_owned()));
    }
}
