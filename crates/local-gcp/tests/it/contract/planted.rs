//! The judge itself: what Google's documents rule out is found, and what they allow is not.

use crate::support::{Context as _, Result};
use local_gcp::{Entry, Judgement, Part, judge};
use serde_json::{Value, json};

const SECRET: &str = "/v1/projects/demo/secrets/db";

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
    let judgement = judged(line.clone())?;
    let [found] = &judgement.violations[..] else {
        anyhow::bail!("{line}: {judgement}");
    };
    Ok((found.part, found.problem.clone()))
}

/// A secret as it is answered.
fn answered(secret: Value) -> Value {
    json!({"method": "GET", "path": SECRET, "resp": secret})
}

/// A secret as it is changed.
fn sent(query: &str, secret: Value) -> Value {
    json!({"method": "PATCH", "path": SECRET, "query": query, "json": secret, "resp": {}})
}

#[test]
fn a_planted_violation_in_an_answer_is_found_and_named() -> Result<()> {
    let run = |service: Value| json!({"method": "GET", "path": "/v2/projects/p/locations/l/services/s", "resp": service});
    for (line, words) in [
        (
            answered(json!({"nmae": "x"})),
            "nmae: there is no such field",
        ),
        (
            answered(json!({"labels": {"a": 1}})),
            "labels.a: 1 is not a string",
        ),
        (
            answered(json!({"topics": {"name": "t"}})),
            "topics: {\"name\":\"t\"} is not a list",
        ),
        (
            answered(json!({"topics": ["t"]})),
            "topics[0]: \"t\" is not an object",
        ),
        (
            answered(json!({"versionAliases": {"a": 1}})),
            "versionAliases.a: 1 is not a JSON string of the format int64",
        ),
        (
            answered(json!({"versionAliases": {"a": "one"}})),
            "versionAliases.a: \"one\" is not",
        ),
        (
            answered(json!({"createTime": "2026-11-01 12:00:00Z"})),
            "createTime: ",
        ),
        (
            answered(json!({"createTime": "2026-11-01T12:00:00+01:00"})),
            "createTime: ",
        ),
        (
            answered(json!({"createTime": "2026-11-01T12:00:00.5Z"})),
            "createTime: ",
        ),
        (
            answered(json!({"createTime": "2026-02-30T12:00:00Z"})),
            "createTime: ",
        ),
        (
            answered(json!({"createTime": "2026-11-01T12:00Z"})),
            "createTime: ",
        ),
        (answered(json!({"ttl": "1h"})), "ttl: \"1h\" is not"),
        (answered(json!({"ttl": 3600})), "ttl: 3600 is not"),
        (answered(json!({"ttl": "1.5s"})), "ttl: \"1.5s\" is not"),
        (answered(json!({"ttl": "1.s"})), "ttl: \"1.s\" is not"),
        (answered(json!({"name": null})), "name: null"),
        (answered(json!([])), "[] is not an object"),
        (
            json!({"method": "GET", "path": SECRET}),
            "no Secret, but an empty body",
        ),
        (
            run(json!({"ingress": "NONE"})),
            "ingress: \"NONE\" is not one of INGRESS_TRAFFIC_UNSPECIFIED",
        ),
        (run(json!({"ingress": 1})), "ingress: 1 is not one of"),
        (
            run(json!({"reconciling": "true"})),
            "reconciling: \"true\" is not a JSON boolean",
        ),
        (
            run(json!({"generation": 1})),
            "generation: 1 is not a JSON string of the format int64",
        ),
        (
            run(json!({"scaling": {"minInstanceCount": "1"}})),
            "scaling.minInstanceCount: \"1\" is not a JSON integer",
        ),
        (
            run(json!({"scaling": {"minInstanceCount": 1.5}})),
            "scaling.minInstanceCount: 1.5 is not",
        ),
        (
            run(json!({"scaling": {"minInstanceCount": 3_000_000_000_u64}})),
            "scaling.minInstanceCount: ",
        ),
    ] {
        let (part, problem) = violation(line)?;
        assert!(problem.starts_with(words), "{problem} should be {words}");
        assert_eq!(part, Part::Answer);
    }
    let version = json!({"name": "v", "payload": {"data": "not base64"}});
    let access = format!("{SECRET}/versions/1:access");
    let (_, problem) = violation(json!({"method": "GET", "path": access, "resp": version}))?;
    assert!(problem.starts_with("payload.data: "), "{problem}");
    Ok(())
}

#[test]
fn a_planted_violation_in_a_request_is_found_and_named() -> Result<()> {
    for (line, part, words) in [
        (
            sent("", json!({"version_aliases": {}})),
            Part::Request,
            "version_aliases: there is no such field",
        ),
        (
            sent("", json!({"versionAliases": {"a": 1}})),
            Part::Request,
            "versionAliases.a: 1 is not",
        ),
        (
            sent("", json!({"expireTime": "tomorrow"})),
            Part::Request,
            "expireTime: \"tomorrow\" is not",
        ),
        (
            sent("update_mask=labels", json!({})),
            Part::Query,
            "there is no parameter update_mask",
        ),
        (
            sent("updateMask=labels,", json!({})),
            Part::Query,
            "updateMask: \"labels,\" is not google-fieldmask",
        ),
        (
            sent("updateMask=a&updateMask=b", json!({})),
            Part::Query,
            "updateMask: given twice",
        ),
        (
            sent("alt=xml", json!({})),
            Part::Query,
            "alt: \"xml\" is not one of json",
        ),
        (
            sent("prettyPrint=yes", json!({})),
            Part::Query,
            "prettyPrint: \"yes\" is not boolean",
        ),
        (
            json!({"method": "PUT", "path": SECRET, "status": 404, "resp": {"error": {"code": 404, "message": "m", "status": "NOT_FOUND"}}}),
            Part::Method,
            "no discovery document has a method",
        ),
        (
            json!({"method": "GET", "path": "/v1/projects/demo/nonsense"}),
            Part::Method,
            "no discovery document has a method",
        ),
        (
            json!({"method": "GET", "path": SECRET, "api": "secretmanager.get", "resp": {}}),
            Part::Method,
            "answered as secretmanager.get",
        ),
        (
            json!({"method": "GET", "path": SECRET, "json": {"name": "x"}, "resp": {}}),
            Part::Request,
            "this method takes no body",
        ),
        (
            json!({"method": "GET", "path": "/storage/v1/b", "resp": {}}),
            Part::Query,
            "project is required",
        ),
        (
            json!({"method": "GET", "path": "/storage/v1/b", "query": "project=p&maxResults=many", "resp": {}}),
            Part::Query,
            "maxResults: \"many\" is not uint32",
        ),
    ] {
        let (found, problem) = violation(line)?;
        assert!(problem.starts_with(words), "{problem} should be {words}");
        assert_eq!(found, part, "{problem}");
    }
    Ok(())
}

#[test]
fn a_refusal_has_googles_form() -> Result<()> {
    let refused =
        |body: Value| json!({"method": "GET", "path": SECRET, "status": 404, "resp": body});
    let error = |error: Value| refused(json!({ "error": error }));
    for (line, words) in [
        (
            refused(json!({"message": "gone"})),
            "the body of a refusal is not",
        ),
        (
            error(json!({"message": "gone", "status": "NOT_FOUND"})),
            "the error has no code",
        ),
        (
            error(json!({"code": 404, "message": "gone"})),
            "the error has neither status nor errors",
        ),
        (
            error(json!({"code": 500, "message": "gone", "status": "NOT_FOUND"})),
            "error.code: 500",
        ),
        (
            error(json!({"code": 404, "message": "gone", "status": "GONE"})),
            "error.status: \"GONE\"",
        ),
        (
            error(json!({"code": 404, "message": "gone", "status": "NOT_FOUND", "why": 1})),
            "error.why: 1",
        ),
        (
            error(json!({"code": 404, "message": "gone", "status": "NOT_FOUND", "details": [{}]})),
            "error.details: ",
        ),
    ] {
        let (part, problem) = violation(line)?;
        assert!(problem.starts_with(words), "{problem} should be {words}");
        assert_eq!(part, Part::Answer);
    }
    let redirect = json!({"method": "GET", "path": SECRET, "status": 302});
    assert_eq!(violation(redirect)?.1, "Google's APIs have no status 302");
    Ok(())
}

#[test]
fn an_operation_is_judged_down_to_its_resource() -> Result<()> {
    let path = "/v2/projects/p/locations/l/operations/o";
    let operation = |response: Value| json!({"method": "GET", "path": path, "resp": {"name": "o", "done": true, "response": response}});
    let service = "type.googleapis.com/google.cloud.run.v2.Service";
    let wrong = operation(json!({"@type": service, "generation": 1}));
    let words = "response.generation: 1 is not a JSON string of the format int64";
    assert_eq!(violation(wrong)?.1, words);
    let unknown = operation(json!({"@type": "type.googleapis.com/google.cloud.run.v2.Nothing"}));
    assert!(
        violation(unknown)?
            .1
            .starts_with("response: the documents name no message")
    );
    let right = operation(json!({"@type": service, "generation": "1"}));
    assert_eq!(judged(right)?.violations, []);
    Ok(())
}

#[test]
fn what_clients_may_write_is_no_violation() -> Result<()> {
    let run = "/v2/projects/p/locations/l/services/s";
    for line in [
        sent(
            "updateMask=labels,rotation.next_rotation_time&prettyPrint=false&$alt=json",
            json!({"labels": {"a": "b"}}),
        ),
        sent(
            "",
            json!({"expireTime": "2026-11-01T12:00:00.25+01:00", "ttl": "1.5s"}),
        ),
        answered(
            json!({"createTime": "2026-11-01T12:00:00.123456Z", "ttl": "1.500s", "versionAliases": {"a": "1"}}),
        ),
        answered(json!({"labels": {"team": "(left out)"}})),
        json!({"method": "PATCH", "path": run, "json": {"ingress": 1, "scaling": null}, "resp": {"name": "o"}}),
        json!({"method": "GET", "path": run, "query": "$alt=json;enum-encoding=int", "resp": {"ingress": 1}}),
        json!({"method": "GET", "path": run, "query": "fields=name", "resp": {"name": "s"}}),
        json!({"method": "POST", "path": format!("{SECRET}:addVersion"), "json": {"payload": {"data": "aGk_"}}, "resp": {}}),
        json!({"method": "GET", "path": "/storage/v1/b/b/o/a%2Fb", "query": "alt=media"}),
        json!({"method": "GET", "path": "/storage/v1/b/b/o/a", "query": "ifGenerationNotMatch=1", "status": 304}),
        json!({"method": "PUT", "path": "/upload/storage/v1/b/b/o", "query": "upload_id=x", "status": 308}),
    ] {
        let judgement = judged(line.clone())?;
        assert!(judgement.violations.is_empty(), "{line}: {judgement}");
        assert_eq!(judgement.judged, 1, "{line}");
    }
    Ok(())
}

#[test]
fn a_field_that_only_google_sets_is_worth_a_warning() -> Result<()> {
    let judgement = judged(sent("", json!({"createTime": "2026-11-01T12:00:00Z"})))?;
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
