//! The judge itself: what Google's documents rule out is found, and what they allow is not.

use crate::support::{Context as _, Result};
use local_gcp::{Entry, Judgement, Part, judge};
use serde_json::{Value, json};

const SECRET: &str = "/v1/projects/demo/secrets/db";
const ACCESS: &str = "/v1/projects/demo/secrets/db/versions/1:access";
const SERVICE: &str = "/v2/projects/demo/locations/europe-west1/services/web";
const OPERATION: &str = "/v2/projects/demo/locations/europe-west1/operations/o";
const BUCKET: &str = "/storage/v1/b/a-bucket";

/// The exchange of a journal's line.
fn exchange(line: Value) -> Result<Entry> {
    let mut whole = json!({
        "seq": 1, "at": "2026-11-01T12:00:00Z", "direction": "in", "api": "", "query": "", "headers": [],
        "status": 200, "ms": 1.0,
    });
    let (Some(whole_fields), Value::Object(fields)) = (whole.as_object_mut(), line) else {
        anyhow::bail!("not an object");
    };
    whole_fields.extend(fields);
    serde_json::from_value(whole).context("not a line of the journal")
}

fn judged(line: Value) -> Result<Judgement> {
    Ok(judge(&[exchange(line)?]))
}

/// The one violation in this exchange.
fn violation(line: Value) -> Result<(Part, String)> {
    let mut judgement = judged(line)?;
    match judgement.violations.pop() {
        Some(found) if judgement.violations.is_empty() => Ok((found.part, found.problem)),
        found => anyhow::bail!("{found:?}, {judgement}"),
    }
}

/// Each exchange has one violation, in this part, that begins with these words.
fn assert_violations(
    exchanges: impl IntoIterator<Item = (Value, Part, &'static str)>,
) -> Result<()> {
    for (line, part, words) in exchanges {
        let (found, problem) = violation(line)?;
        assert!(
            problem.starts_with(words),
            "{problem:?} should be {words:?}"
        );
        assert_eq!(found, part, "{problem}");
    }
    Ok(())
}

/// This JSON as the answer to a read at this path.
fn answered(path: &str, answer: &str) -> Result<Value> {
    let answer: Value = serde_json::from_str(answer)?;
    Ok(json!({"method": "GET", "path": path, "resp": answer}))
}

/// This JSON as a change of the secret, with this query.
fn sent(query: &str, secret: &str) -> Result<Value> {
    let secret: Value = serde_json::from_str(secret)?;
    Ok(json!({"method": "PATCH", "path": SECRET, "query": query, "json": secret, "resp": {}}))
}

/// Answers that break the contract, and how that is told.
const WRONG_ANSWERS: &[(&str, &str, &str)] = &[
    (SECRET, r#"{"nmae": "x"}"#, "nmae: there is no such field"),
    (
        SECRET,
        r#"{"labels": {"a": 1}}"#,
        "labels.a: 1 is not a string",
    ),
    (
        SECRET,
        r#"{"topics": {"name": "t"}}"#,
        "topics: {\"name\":\"t\"} is not a list",
    ),
    (
        SECRET,
        r#"{"topics": ["t"]}"#,
        "topics[0]: \"t\" is not an object",
    ),
    (SECRET, r#"{"topics": [null]}"#, "topics[0]: null in a list"),
    (
        SECRET,
        r#"{"versionAliases": {"a": 1}}"#,
        "versionAliases.a: 1 is not a JSON string of the format int64",
    ),
    (
        SECRET,
        r#"{"versionAliases": {"a": "one"}}"#,
        "versionAliases.a: \"one\" is not",
    ),
    (
        SECRET,
        r#"{"createTime": "2026-11-01 12:00:00Z"}"#,
        "createTime: ",
    ),
    (
        SECRET,
        r#"{"createTime": "2026-11-01T12:00:00+01:00"}"#,
        "createTime: ",
    ),
    (
        SECRET,
        r#"{"createTime": "2026-11-01T12:00:00.5Z"}"#,
        "createTime: ",
    ),
    (
        SECRET,
        r#"{"createTime": "2026-11-01T12:00:00.Z"}"#,
        "createTime: ",
    ),
    (
        SECRET,
        r#"{"createTime": "2026-02-30T12:00:00Z"}"#,
        "createTime: ",
    ),
    (
        SECRET,
        r#"{"createTime": "2026-11-01T12:00Z"}"#,
        "createTime: ",
    ),
    (SECRET, r#"{"createTime": 1793534400}"#, "createTime: "),
    (SECRET, r#"{"ttl": "1h"}"#, "ttl: \"1h\" is not"),
    (SECRET, r#"{"ttl": 3600}"#, "ttl: 3600 is not"),
    (SECRET, r#"{"ttl": "1.5s"}"#, "ttl: \"1.5s\" is not"),
    (SECRET, r#"{"ttl": "1.s"}"#, "ttl: \"1.s\" is not"),
    (SECRET, r#"{"ttl": "--1s"}"#, "ttl: \"--1s\" is not"),
    (SECRET, r#"{"name": null}"#, "name: null"),
    (SECRET, "[]", "[] is not an object"),
    (
        ACCESS,
        r#"{"payload": {"data": "not base64"}}"#,
        "payload.data: ",
    ),
    (ACCESS, r#"{"payload": {"data": "aGk_"}}"#, "payload.data: "),
    (
        SERVICE,
        r#"{"ingress": "NONE"}"#,
        "ingress: \"NONE\" is not one of INGRESS_TRAFFIC_UNSPECIFIED",
    ),
    (SERVICE, r#"{"ingress": 1}"#, "ingress: 1 is not one of"),
    (
        SERVICE,
        r#"{"reconciling": "true"}"#,
        "reconciling: \"true\" is not a JSON boolean",
    ),
    (
        SERVICE,
        r#"{"generation": 1}"#,
        "generation: 1 is not a JSON string of the format int64",
    ),
    (
        SERVICE,
        r#"{"scaling": {"minInstanceCount": "1"}}"#,
        "scaling.minInstanceCount: \"1\" is not a JSON integer",
    ),
    (
        SERVICE,
        r#"{"scaling": {"minInstanceCount": 1.5}}"#,
        "scaling.minInstanceCount: 1.5 is not",
    ),
    (
        SERVICE,
        r#"{"scaling": {"minInstanceCount": 3000000000}}"#,
        "scaling.minInstanceCount: 3000000000 is not",
    ),
    (
        BUCKET,
        r#"{"versioning": {"enabeld": true}}"#,
        "versioning.enabeld: there is no such field",
    ),
    (
        BUCKET,
        r#"{"metageneration": 1}"#,
        "metageneration: 1 is not",
    ),
    (
        OPERATION,
        r#"{"error": {"code": "5"}}"#,
        "error.code: \"5\" is not",
    ),
    (
        OPERATION,
        r#"{"response": {"@type": "type.googleapis.com/google.cloud.run.v2.Service", "generation": 1}}"#,
        "response.generation: 1 is not a JSON string of the format int64",
    ),
    (
        OPERATION,
        r#"{"response": {"@type": "type.googleapis.com/google.cloud.run.v2.Nothing"}}"#,
        "response: the documents name no message",
    ),
];

#[test]
fn a_planted_violation_in_an_answer_is_found_and_named() -> Result<()> {
    for &(path, answer, words) in WRONG_ANSWERS {
        assert_violations([(answered(path, answer)?, Part::Answer, words)])?;
    }
    let empty = json!({"method": "GET", "path": SECRET});
    let surplus = json!({"method": "DELETE", "path": BUCKET, "status": 200, "resp": {}});
    let cached = json!({"method": "GET", "path": BUCKET, "status": 304, "resp": {}});
    let elsewhere = json!({"method": "GET", "path": SECRET, "status": 302});
    assert_violations([
        (empty, Part::Answer, "no Secret, but an empty body"),
        (surplus, Part::Answer, "a body where this method gives none"),
        (cached, Part::Answer, "a body where none is allowed"),
        (elsewhere, Part::Answer, "Google's APIs have no status 302"),
    ])
}

/// Changes of a secret, with their query, that break the contract.
const WRONG_CHANGES: &[(&str, &str, Part, &str)] = &[
    (
        "",
        r#"{"version_aliases": {}}"#,
        Part::Request,
        "version_aliases: there is no such field",
    ),
    (
        "",
        r#"{"versionAliases": {"a": 1}}"#,
        Part::Request,
        "versionAliases.a: 1 is not",
    ),
    (
        "",
        r#"{"expireTime": "tomorrow"}"#,
        Part::Request,
        "expireTime: \"tomorrow\" is not",
    ),
    (
        "update_mask=labels",
        "{}",
        Part::Query,
        "there is no parameter update_mask",
    ),
    (
        "updateMask=labels,",
        "{}",
        Part::Query,
        "updateMask: \"labels,\" is not google-fieldmask",
    ),
    (
        "updateMask=a&updateMask=b",
        "{}",
        Part::Query,
        "updateMask: given twice",
    ),
    (
        "alt=xml",
        "{}",
        Part::Query,
        "alt: \"xml\" is not one of json",
    ),
    (
        "prettyPrint=yes",
        "{}",
        Part::Query,
        "prettyPrint: \"yes\" is not boolean",
    ),
];

#[test]
fn a_planted_violation_in_a_request_is_found_and_named() -> Result<()> {
    for &(query, secret, part, words) in WRONG_CHANGES {
        assert_violations([(sent(query, secret)?, part, words)])?;
    }
    Ok(())
}

#[test]
fn a_body_too_many_and_a_parameter_too_few_are_found() -> Result<()> {
    let body = json!({"method": "GET", "path": SECRET, "json": {"name": "x"}, "resp": {}});
    let unnamed = json!({"method": "GET", "path": "/storage/v1/b", "resp": {}});
    let many = json!({"method": "GET", "path": "/storage/v1/b", "query": "project=p&maxResults=many", "resp": {}});
    assert_violations([
        (body, Part::Request, "this method takes no body"),
        (unnamed, Part::Query, "project is required"),
        (many, Part::Query, "maxResults: \"many\" is not uint32"),
    ])
}

#[test]
fn a_method_that_google_does_not_have_is_found() -> Result<()> {
    let nowhere = json!({"method": "GET", "path": "/v1/projects/demo/nonsense"});
    let verb = json!({"method": "PUT", "path": SECRET, "resp": {}});
    let renamed = json!({"method": "GET", "path": SECRET, "api": "secretmanager.get", "resp": {}});
    let xml = json!({"method": "POST", "path": "/storage/v1/b/x/y/z", "api": "storage.xml.uploads.start", "resp": {}});
    let session = json!({"method": "PUT", "path": BUCKET, "query": "upload_id=x", "resp": {}});
    assert_violations([
        (nowhere, Part::Method, "no discovery document has a method"),
        (verb, Part::Method, "no discovery document has a method"),
        (renamed, Part::Method, "answered as secretmanager.get"),
        (xml, Part::Method, "no discovery document has a method"),
        (
            session,
            Part::Method,
            "no method takes uploads at this path",
        ),
    ])
}

#[test]
fn a_refusal_has_googles_form() -> Result<()> {
    for (body, words) in [
        (r#"{"message": "gone"}"#, "the body of a refusal is not"),
        (
            r#"{"error": {"message": "gone", "status": "NOT_FOUND"}}"#,
            "the error has no code",
        ),
        (
            r#"{"error": {"code": 404, "message": "gone"}}"#,
            "the error has neither status nor errors",
        ),
        (
            r#"{"error": {"code": 500, "message": "gone", "status": "NOT_FOUND"}}"#,
            "error.code: 500",
        ),
        (
            r#"{"error": {"code": 404, "message": "gone", "status": "GONE"}}"#,
            "error.status: \"GONE\"",
        ),
        (
            r#"{"error": {"code": 404, "message": "gone", "status": "NOT_FOUND", "why": 1}}"#,
            "error.why: 1",
        ),
        (
            r#"{"error": {"code": 404, "message": "gone", "status": "NOT_FOUND", "details": [{}]}}"#,
            "error.details: ",
        ),
    ] {
        let mut line = answered(SECRET, body)?;
        line["status"] = 404.into();
        assert_violations([(line, Part::Answer, words)])?;
    }
    Ok(())
}

#[test]
fn what_clients_may_write_is_no_violation() -> Result<()> {
    for line in [
        sent(
            "updateMask=labels,rotation.next_rotation_time&prettyPrint=false&$alt=json",
            r#"{"labels": {"a": "b"}}"#,
        )?,
        sent(
            "",
            r#"{"expireTime": "2026-11-01T12:00:00.25+01:00", "ttl": "1.5s"}"#,
        )?,
        answered(
            SECRET,
            r#"{"createTime": "2026-11-01T12:00:00.123456Z", "ttl": "1.500s", "versionAliases": {"a": "1"}}"#,
        )?,
        answered(
            ACCESS,
            r#"{"payload": {"data": "(left out)", "dataCrc32c": "(left out)"}}"#,
        )?,
        answered(
            OPERATION,
            r#"{"response": {"@type": "type.googleapis.com/google.cloud.run.v2.Service", "generation": "1"}}"#,
        )?,
        json!({"method": "PATCH", "path": SERVICE, "json": {"ingress": 1, "scaling": null}, "resp": {"name": "o"}}),
        json!({"method": "GET", "path": SERVICE, "query": "$alt=json;enum-encoding=int", "resp": {"ingress": 1}}),
        json!({"method": "GET", "path": SERVICE, "query": "fields=name", "resp": {"name": "s"}}),
        json!({"method": "POST", "path": format!("{SECRET}:addVersion"), "json": {"payload": {"data": "aGk_"}}, "resp": {}}),
        json!({"method": "GET", "path": format!("{BUCKET}/o/a%2Fb"), "query": "alt=media"}),
        json!({"method": "GET", "path": format!("{BUCKET}/o/a"), "query": "ifGenerationNotMatch=1", "status": 304}),
        json!({"method": "PUT", "path": "/upload/storage/v1/b/b/o", "query": "upload_id=x", "status": 308}),
        json!({"method": "GET", "path": SECRET, "status": 503, "fault": "reset"}),
    ] {
        let text = line.to_string();
        let judgement = judged(line)?;
        assert!(judgement.violations.is_empty(), "{text}: {judgement}");
        assert_eq!(judgement.judged, 1, "{text}");
    }
    Ok(())
}

#[test]
fn a_field_that_only_google_sets_is_worth_a_warning() -> Result<()> {
    let judgement = judged(sent("", r#"{"createTime": "2026-11-01T12:00:00Z"}"#)?)?;
    assert_eq!(judgement.violations, []);
    let problem = judgement
        .warnings
        .first()
        .map(|found| found.problem.as_str());
    assert_eq!(problem, Some("createTime: only Google sets this"));
    Ok(())
}

#[test]
fn what_no_document_describes_is_skipped_with_its_reason() -> Result<()> {
    for (line, reason) in [
        (
            json!({"method": "POST", "path": "http://127.0.0.1:1/", "direction": "out"}),
            "local-gcp made itself",
        ),
        (
            json!({"method": "POST", "path": "/google.pubsub.v1.Publisher/Publish"}),
            "gRPC",
        ),
        (
            json!({"method": "GET", "path": "/computeMetadata/v1/instance"}),
            "metadata",
        ),
        (
            json!({"method": "GET", "path": "/bucket/object", "api": "storage.xml.objects.get"}),
            "XML",
        ),
    ] {
        let judgement = judged(line.clone())?;
        assert_eq!(
            (judgement.judged, &judgement.violations[..]),
            (0, &[][..]),
            "{line}"
        );
        let reasons: Vec<_> = judgement.skipped.keys().collect();
        assert!(
            reasons.iter().any(|text| text.contains(reason)),
            "{reasons:?}"
        );
    }
    Ok(())
}
