//! No byte of a credential anywhere but in a payload.

use crate::{
    bed::{Google, Program, Serving},
    kinds::bed::{Bed, server},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rotate_secrets::{payload::Payload, scram::Verifier, target::Created};
use secrecy::zeroize::ZeroizeOnDrop;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt};

const SECRET: &str = "projects/demo/secrets/db";
const SIDE: &str = "projects/demo/secrets/db-next";
const TOPIC: &str = "projects/demo/topics/outcomes";

/// What the accounts and the administrator have at first: every character that some form writes differently.
const FIRST: &str = r#"planted-1st "p@ss/w%rd"+\<é>"#;
const SERVER_LOG: &str = "the server's log";
const ADMIN: &str = "the-rotators-own";

/// The forms in which a value could get somewhere, also one within another.
fn forms(value: &str) -> BTreeSet<String> {
    let json = serde_json::to_string(value).unwrap();
    let written = [
        value.to_owned(),
        json.trim_matches('"').to_owned(),
        format!("{value:?}").trim_matches('"').to_owned(),
        utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
    ];
    let mut forms = BTreeSet::new();
    for text in written {
        let bytes = text.as_bytes();
        forms.extend([
            hex(bytes),
            hex(bytes).to_uppercase(),
            format!("{bytes:?}").trim_matches(['[', ']']).to_owned(),
        ]);
        // In the middle of something longer, base64 looks different for each of three positions. Its first and last
        // characters hold bits of the neighbours.
        for before in 0..3 {
            let padded = [&vec![0; before], bytes].concat();
            for encoded in [
                BASE64_STANDARD.encode(&padded),
                BASE64_URL_SAFE.encode(&padded),
            ] {
                let begins = [0, 2, 3][before];
                let ends = encoded.trim_end_matches('=').len() - 2;
                forms.insert(encoded[begins..ends].to_owned());
            }
        }
        forms.insert(text);
    }
    forms
}

/// What holds one of the values in one of its forms.
fn leaks(values: &BTreeSet<String>, said: &[(String, String)]) -> Vec<String> {
    let mut leaks = Vec::new();
    for (place, text) in said {
        for form in values.iter().flat_map(|value| forms(value)) {
            if text.contains(&form) {
                leaks.push(format!("{place} holds {form}"));
            }
        }
    }
    leaks
}

/// Takes out of an exchange what a payload is: `payload.data`, and nothing else.
fn take_payloads(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let payload = fields.get_mut("payload");
            if let Some(data) = payload.and_then(|payload| payload.get_mut("data")) {
                *data = Value::Null;
            }
            fields.values_mut().for_each(take_payloads);
        }
        Value::Array(items) => items.iter_mut().for_each(take_payloads),
        _ => {}
    }
}

/// Everything that was said, each with its place, and every password that ever was in a payload.
#[derive(Default)]
struct Record {
    said: Vec<(String, String)>,
    passwords: BTreeSet<String>,
}

impl Record {
    fn say(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.said.push((place.into(), text.into()));
    }

    async fn run(&mut self, program: &Program, arguments: &[&str]) {
        let mut all = arguments.to_vec();
        all.extend(["--log-level", "trace"]);
        let ran = program.run(&all).await;
        let command = arguments.join(" ");
        self.say(format!("standard output of {command}"), ran.stdout);
        self.say(format!("standard error of {command}"), ran.stderr);
        self.passwords(&program.google).await;
    }

    async fn post(&mut self, google: &Google, serving: &Serving, body: Value) {
        let (_, answer) = serving.post(&body).await;
        self.say(format!("the answer to {body}"), answer.to_string());
        self.passwords(google).await;
    }

    async fn serving(&mut self, serving: &Serving) {
        let metrics = serving.http.get(format!("{}/metrics", serving.url)).send();
        self.say("the metrics", metrics.await.unwrap().text().await.unwrap());
        self.say("the log", serving.said());
        for file in ["environ", "cmdline"] {
            let path = format!("/proc/{}/{file}", serving.process());
            let bytes = std::fs::read(path).unwrap();
            self.say(file, String::from_utf8_lossy(&bytes));
        }
    }

    async fn google(&mut self, google: &Google) {
        for secret in [SECRET, SIDE] {
            let metadata = google.get(&format!("/v1/{secret}")).await.unwrap();
            self.say(format!("the metadata of {secret}"), metadata.to_string());
        }
        for entry in google.gcp.journal().entries() {
            let mut entry = serde_json::to_value(&*entry).unwrap();
            take_payloads(&mut entry);
            self.say(
                format!("request {} of the journal", entry["seq"]),
                entry.to_string(),
            );
            if let Some(published) = published(&entry) {
                self.say("an outcome on the topic", published);
            }
        }
    }

    /// Remembers the passwords of all versions that can be read now: of candidates too, before they are destroyed.
    async fn passwords(&mut self, google: &Google) {
        for secret in [SECRET, SIDE] {
            for version in 1..=google.versions(secret).await.len() {
                if let Some(payload) = google.value(secret, &version.to_string()).await {
                    let payload: Value = serde_json::from_str(&payload).unwrap();
                    let password = payload["password"].as_str().unwrap();
                    self.passwords.insert(password.to_owned());
                }
            }
        }
    }
}

/// The data of a published message, decoded.
fn published(entry: &Value) -> Option<String> {
    let data = entry["json"]["messages"][0]["data"].as_str()?;
    String::from_utf8(BASE64_STANDARD.decode(data).ok()?).ok()
}

/// A pair of accounts whose passwords have every kind of character, on a server that logs all it can.
async fn deployment() -> (Bed, Program) {
    let server = server(15)
        .unwrap()
        .setting("log_statement", "all")
        .setting("log_min_error_statement", "debug5")
        .setting("log_min_duration_statement", "0")
        .setting("log_connections", "on");
    let bed = Bed::new(server).unwrap();
    let quoted = FIRST.replace('\'', "''");
    // Whoever sets the first password by hand leaves it in the log; the program does not.
    bed.sql(&format!("SET log_statement = 'none'; SET log_min_duration_statement = -1; ALTER ROLE app_a PASSWORD '{quoted}'"))
        .unwrap();
    let google = Google::start().await;
    let host = format!("127.0.0.1:{}", bed.server.port());
    let url = format!(
        "postgres://app_a:{}@{host}/shop",
        utf8_percent_encode(FIRST, NON_ALPHANUMERIC)
    );
    let first = json!({"username": "app_a", "password": FIRST, "host": "127.0.0.1", "url": url});
    let secret = |name: &str, versions: Value| json!({"name": name, "replication": {"automatic": {}}, "versions": versions});
    google
        .gcp
        .seed(json!({
            "secretmanager": {"secrets": [
                secret(SECRET, json!([{"text": first.to_string()}])),
                secret(SIDE, json!([])),
            ]},
            "pubsub": {"topics": [{"name": TOPIC}]},
        }))
        .unwrap();
    let mut target = bed.pair();
    target["password"] = json!({"password": {"alphabet": "printable", "length": 40, "symbol": 6}});
    let config = json!({
        "project": "demo",
        "project_number": google.project_number(SECRET).await,
        "publish": {"topic": TOPIC},
        "secrets": {"db": {"target": {"postgres": target}, "grace": "1h", "min_gap": "0s"}},
    });
    let program = Program::with(google, &config.to_string());
    (bed, program)
}

/// What goes well, by commands.
async fn by_hand(record: &mut Record, program: &Program) {
    for arguments in [
        &["adopt"][..],
        &["check"],
        &["plan"],
        &["rotate", "db", "--log-format", "json"],
        &["status"],
        &["rollback", "db"],
        &["rotate", "db", "--force", "--output", "json"],
        &["abort", "db"],
        &["tick"],
    ] {
        record.run(program, arguments).await;
    }
}

/// What goes wrong says most: an answer that is lost, a statement that is refused, a password that does not fit.
async fn by_events(record: &mut Record, program: &Program, serving: &Serving, bed: &Bed) {
    let google = &program.google;
    google.gcp.faults().add(local_gcp::Fault {
        lose_answer: true,
        times: Some(2),
        ..local_gcp::Fault::on("secretmanager.projects.secrets.addVersion")
    });
    let deny = "REVOKE ADMIN OPTION FOR app_a, app_b FROM rotator; ALTER ROLE rotator NOCREATEROLE";
    let change = "ALTER ROLE app_a PASSWORD 'another'; ALTER ROLE app_b PASSWORD 'another'";
    let rotate = json!({"command": "rotate", "secret": "db", "force": true});
    for (before, body) in [
        ("SELECT 1", rotate.clone()),
        ("SELECT 1", json!({"command": "rollback", "secret": "db"})),
        (deny, rotate.clone()),
        ("SELECT 1", json!({"command": "abort", "secret": "db"})),
        (change, rotate),
        ("SELECT 1", json!({"command": "tick"})),
        ("SELECT 1", json!({"command": "status"})),
    ] {
        bed.sql(before).unwrap();
        record.post(google, serving, body).await;
    }
    record.run(program, &["check"]).await;
}

impl Record {
    /// There is enough of it, and every place is among it.
    fn assert_worth_searching(&self) {
        assert!(self.passwords.contains(FIRST));
        assert!(self.passwords.len() >= 5, "{}", self.passwords.len());
        let bytes: usize = self.said.iter().map(|(_, text)| text.len()).sum();
        println!(
            "{} passwords in up to {} forms, searched for in {} places with {bytes} bytes",
            self.passwords.len(),
            forms(FIRST).len(),
            self.said.len(),
        );
        assert!(bytes > 100_000, "{bytes}");
        for expected in [
            "an outcome on the topic",
            SERVER_LOG,
            "the metrics",
            "environ",
        ] {
            let found = self.said.iter().find(|(place, _)| place == expected);
            assert!(found.is_some_and(|(_, text)| text.len() > 20), "{expected}");
        }
    }
}

#[tokio::test]
async fn no_credential_is_found_anywhere_but_in_a_payload_in_any_form() {
    let (bed, program) = deployment().await;
    let mut record = Record::default();
    by_hand(&mut record, &program).await;
    let serving = program.serve(&["--log-level", "trace"]).await;
    by_events(&mut record, &program, &serving, &bed).await;
    record.serving(&serving).await;
    record.google(&program.google).await;
    record.say(SERVER_LOG, bed.server.log().unwrap());
    record.assert_worth_searching();

    let said = std::mem::take(&mut record.said);
    let is_servers = |(place, _): &(String, String)| place == SERVER_LOG;
    let (servers, others): (Vec<_>, Vec<_>) = said.into_iter().partition(is_servers);
    assert_eq!(leaks(&record.passwords, &servers), [""; 0]);
    // The server's own log has the administrator's password in the statement by which this test made it.
    record.passwords.insert(ADMIN.to_owned());
    assert_eq!(leaks(&record.passwords, &others), [""; 0]);
}

#[test]
fn every_form_of_a_value_is_found_in_what_holds_it() {
    let values = BTreeSet::from([FIRST.to_owned()]);
    let json = json!({"a": {"b": FIRST}}).to_string();
    let url = format!(
        "postgres://u:{}@h/d",
        utf8_percent_encode(FIRST, NON_ALPHANUMERIC)
    );
    for text in [
        format!("password={FIRST}"),
        format!("{FIRST:?}"),
        format!("{:?}", FIRST.as_bytes()),
        format!("{url:?}"),
        hex(json.as_bytes()),
        hex(FIRST.as_bytes()).to_uppercase(),
        BASE64_STANDARD.encode(FIRST),
        BASE64_STANDARD.encode(format!("x{FIRST}y")),
        BASE64_URL_SAFE.encode(format!("xy{FIRST}z")),
        BASE64_URL_SAFE.encode(format!("xyz{FIRST}")),
        json,
    ] {
        let said = [("here".to_owned(), text.clone())];
        assert_ne!(leaks(&values, &said), [""; 0], "{text}");
    }
    let said = [("here".to_owned(), "nothing of it".to_owned())];
    assert_eq!(leaks(&values, &said), [""; 0]);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Does not compile for a type that can be printed: then both implementations apply.
macro_rules! cannot_be_printed {
    ($($type:ty),+) => {$(
        const _: fn() = || {
            trait Ambiguous<Printed> {
                fn exists() {}
            }
            struct Debug;
            struct Display;
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + fmt::Debug> Ambiguous<Debug> for T {}
            impl<T: ?Sized + fmt::Display> Ambiguous<Display> for T {}
            let _ = <$type as Ambiguous<_>>::exists;
        };
    )+};
}

cannot_be_printed!(
    Payload,
    Verifier,
    Created,
    rotate_secrets::target::layout::Login
);

#[test]
fn payloads_and_verifiers_are_overwritten_when_they_are_dropped() {
    fn is_overwritten<T: ZeroizeOnDrop>() {}
    is_overwritten::<Payload>();
    is_overwritten::<Verifier>();
    is_overwritten::<secrecy::SecretString>();
}
