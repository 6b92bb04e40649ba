//! No byte of a payload anywhere but in a payload.

use crate::bed::Program;
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

const SESSION: &str = "projects/demo/secrets/session-key";

/// The forms in which a value could get somewhere.
fn forms(value: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        value.to_owned(),
        BASE64_STANDARD.encode(bytes),
        BASE64_STANDARD_NO_PAD.encode(bytes),
        BASE64_URL_SAFE_NO_PAD.encode(bytes),
        hexadecimal,
        format!("{bytes:?}"),
    ]
}

/// Takes out what may hold a payload.
fn without_payloads(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(payload) = fields.get_mut("payload") {
                *payload = Value::Null;
            }
            fields.values_mut().for_each(without_payloads);
        }
        Value::Array(items) => items.iter_mut().for_each(without_payloads),
        _ => {}
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn no_payload_reaches_a_log_an_answer_an_annotation_a_metric_or_a_url() {
    let program = Program::new("").await;
    let mut said = String::new();
    for arguments in [
        &["adopt"][..],
        &["check"],
        &["plan"],
        &["rotate", "session-key", "--log-format", "json"],
        &["rotate", "session-key"],
        &["rotate", "session-key", "--force", "--output", "json"],
        &["status"],
        &["tick"],
    ] {
        let mut all = vec!["--log-level", "trace"];
        all.extend(arguments);
        let ran = program.run(&all).await;
        said.push_str(&ran.stdout);
        said.push_str(&ran.stderr);
    }
    let serving = program.serve(&["--log-level", "trace"]).await;
    // One that goes wrong in the middle, too.
    let faults = program.google.gcp.faults();
    faults.add(local_gcp::Fault {
        lose_answer: true,
        times: Some(2),
        ..local_gcp::Fault::on("secretmanager.projects.secrets.addVersion")
    });
    let rotate = json!({"command": "rotate", "secret": "api-key", "force": true});
    for _ in 0..2 {
        let (_, answer) = serving.post(&rotate).await;
        said.push_str(&answer.to_string());
    }
    let metrics = serving.http.get(format!("{}/metrics", serving.url)).send();
    said.push_str(&metrics.await.unwrap().text().await.unwrap());
    said.push_str(&serving.said());
    let mut values = vec![
        "planted-first-session-key".to_owned(),
        "planted-first-api-key".to_owned(),
    ];
    for secret in [SESSION, "projects/demo/secrets/api-key"] {
        values.extend(program.google.value(secret, "latest").await);
        let metadata = program.google.get(&format!("/v1/{secret}")).await.unwrap();
        said.push_str(&metadata.to_string());
    }
    for entry in program.google.gcp.journal().entries() {
        let mut entry = serde_json::to_value(&*entry).unwrap();
        without_payloads(&mut entry);
        said.push_str(&entry.to_string());
    }
    assert!(said.len() > 20_000, "{}", said.len());
    assert_eq!(values.len(), 4);
    for value in &values {
        for form in forms(value) {
            assert!(!said.contains(&form), "{form} was said");
        }
    }
    println!("{} bytes searched for {} values", said.len(), values.len());
}
