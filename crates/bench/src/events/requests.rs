//! Requests as they go over the wire: the one that is measured, and many that are hostile.

use super::{
    contenders::{AUDIENCE, CALLER},
    load::Prepared,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use local_gcp::LocalGcp;
use serde_json::{Value, json};

const BUDGET: &str = r#"{"budgetDisplayName":"monthly-cap","alertThresholdExceeded":1.0,"costAmount":120.01,"costIntervalStart":"2026-11-01T00:00:00Z","budgetAmount":100.00,"budgetAmountType":"SPECIFIED_AMOUNT","currencyCode":"USD"}"#;

/// Larger than any request line and header that a server reads.
const ENDLESS: usize = 1 << 20;
/// Larger than any path, and small enough to be read.
const LONG_PATH: usize = 100_000;
/// Larger than any event may be.
const TOO_MUCH: usize = 17 << 20;

/// Makes requests with tokens that a stand-in for Google signs.
pub struct Requests {
    token: String,
}

fn wrapped(data: &str) -> Value {
    json!({
        "subscription": "projects/demo/subscriptions/budget",
        "message": {
            "attributes": {
                "billingAccountId": "01D4EE-079462-DFD6EC",
                "budgetId": "de72f49d-779b-4945-a127-4d6ce8def0bb",
                "schemaVersion": "1.0",
            },
            "data": data,
            "messageId": "19033421047291093",
            "message_id": "19033421047291093",
            "publishTime": "2026-11-21T02:04:29.131Z",
            "publish_time": "2026-11-21T02:04:29.131Z",
        },
    })
}

fn budget() -> Vec<u8> {
    wrapped(&STANDARD.encode(BUDGET)).to_string().into_bytes()
}

/// A whole request: with the token where there is one, and the length of the body.
fn post(token: Option<&str>, headers: &str, body: &[u8]) -> Vec<u8> {
    let authorization = token.map_or_else(String::new, |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    let head = format!(
        "POST / HTTP/1.1\r\nHost: budget.example\r\nUser-Agent: APIs-Google\r\n{authorization}{headers}\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

const JSON: &str = "Content-Type: application/json\r\n";

impl Requests {
    /// With the token that `google` gives the caller.
    pub fn new(google: &LocalGcp) -> anyhow::Result<Self> {
        Ok(Self {
            token: google.id_token(CALLER, AUDIENCE)?,
        })
    }

    /// The push that is measured.
    pub fn push(&self) -> Prepared {
        self.body("a budget", 204, &budget())
    }

    fn body(&self, name: &'static str, expected: u16, body: &[u8]) -> Prepared {
        Prepared {
            name,
            bytes: post(Some(&self.token), JSON, body),
            expected,
        }
    }

    fn data(&self, name: &'static str, expected: u16, data: &str) -> Prepared {
        let body = wrapped(&STANDARD.encode(data)).to_string();
        self.body(name, expected, body.as_bytes())
    }

    /// Good ones, in all the forms that they come in.
    pub fn valid(&self) -> Vec<Prepared> {
        let unpadded = wrapped(&URL_SAFE_NO_PAD.encode(BUDGET)).to_string();
        let mut spelled = wrapped(&STANDARD.encode(BUDGET));
        if let Some(message) = spelled["message"].as_object_mut() {
            message.remove("messageId");
            message.remove("publishTime");
        }
        let unwrapped = "x-goog-pubsub-message-id: 1\r\nx-goog-pubsub-subscription-name: \
            projects/demo/subscriptions/budget\r\nx-goog-pubsub-publish-time: 2026-11-21T02:04:29.131Z\r\n\
            schemaVersion: 1.0\r\n";
        let binary = "ce-specversion: 1.0\r\nce-id: 19033421047291093\r\nce-source: \
            //pubsub.googleapis.com/projects/demo/topics/budget\r\nce-type: \
            google.cloud.pubsub.topic.v1.messagePublished\r\nContent-Type: application/json\r\n";
        let good = |name, headers: &str, body: &[u8]| Prepared {
            name,
            bytes: post(Some(&self.token), headers, body),
            expected: 204,
        };
        vec![
            self.push(),
            self.body("URL-safe base64 without padding", 204, unpadded.as_bytes()),
            self.body(
                "the other spelling of the id",
                204,
                spelled.to_string().as_bytes(),
            ),
            good("an unwrapped push", unwrapped, BUDGET.as_bytes()),
            good("an Eventarc event", binary, &budget()),
        ]
    }

    /// Bad ones, each with the one right answer. `stranger` is another Google, whose keys nobody has.
    pub fn hostile(&self, google: &LocalGcp, stranger: &LocalGcp) -> anyhow::Result<Vec<Prepared>> {
        let mut all = self.bodies();
        all.extend(connections());
        let (head, signature) = self.token.rsplit_once('.').unwrap_or_default();
        let mut swapped: Vec<char> = signature.chars().collect();
        swapped.swap(5, 6);
        swapped.rotate_left(7);
        let damaged = format!("{head}.{}", swapped.iter().collect::<String>());
        let claims = self.token.split('.').nth(1).unwrap_or_default();
        let none = format!(
            "{}.{claims}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#)
        );
        let tokens = [
            ("no token", 401, None),
            ("a token that is none", 401, Some("nonsense".to_owned())),
            ("a damaged signature", 401, Some(damaged)),
            ("no signature", 401, Some(none)),
            (
                "an unknown key",
                401,
                Some(stranger.id_token(CALLER, AUDIENCE)?),
            ),
            (
                "another audience",
                401,
                Some(google.id_token(CALLER, "https://other.example")?),
            ),
            (
                "another account",
                403,
                Some(google.id_token("who@other.iam.gserviceaccount.com", AUDIENCE)?),
            ),
            ("an endless token", 401, Some("x".repeat(8_000))),
        ];
        all.extend(tokens.into_iter().map(|(name, expected, token)| Prepared {
            name,
            bytes: post(token.as_deref(), JSON, &budget()),
            expected,
        }));
        Ok(all)
    }

    fn bodies(&self) -> Vec<Prepared> {
        let good = budget();
        let mut not_text = good.clone();
        if let Some(byte) = not_text.get_mut(40) {
            *byte = 0xff;
        }
        let twice = String::from_utf8_lossy(&good).replacen('{', r#"{"message":{},"#, 1);
        let deep = "[".repeat(100_000);
        let bomb = format!(r#"{{"message":{{"messageId":"1","data":"","attributes":{deep}"#);
        let no_text = wrapped("!not base64!").to_string();
        let attributes = r#"{"message":{"messageId":"1","attributes":{"n":1}},"subscription":"s"}"#;
        let announced = format!(
            "POST / HTTP/1.1\r\nHost: budget.example\r\nAuthorization: Bearer {}\r\nContent-Length: {TOO_MUCH}\r\n\r\n",
            self.token
        );
        vec![
            self.body("no body", 400, b""),
            self.body("no JSON", 400, b"costAmount=1"),
            self.body("half a body", 400, &good[..good.len() / 2]),
            self.body("no UTF-8", 400, &not_text),
            self.body("a key twice", 400, twice.as_bytes()),
            self.body("100,000 arrays in one another", 400, deep.as_bytes()),
            self.body("the same in the attributes", 400, bomb.as_bytes()),
            self.body("no base64", 400, no_text.as_bytes()),
            self.body("an attribute that is a number", 400, attributes.as_bytes()),
            self.body("a megabyte of zeros", 400, &vec![0; 1 << 20]),
            self.data("no data", 400, ""),
            self.data("data without what is needed", 400, "{}"),
            self.data(
                "an amount beyond all numbers",
                400,
                &BUDGET.replace("120.01", "1e999"),
            ),
            self.data(
                "an amount that is text",
                400,
                &BUDGET.replace("120.01", "\"much\""),
            ),
            Prepared {
                name: "17 MiB announced",
                bytes: announced.into_bytes(),
                expected: 400,
            },
        ]
    }
}

/// Requests that never come as far as an event.
fn connections() -> Vec<Prepared> {
    let raw = |name, expected, text: String| Prepared {
        name,
        bytes: text.into_bytes(),
        expected,
    };
    let host = "HTTP/1.1\r\nHost: budget.example\r\n";
    let (endless, path) = ("x".repeat(ENDLESS), "x".repeat(LONG_PATH));
    vec![
        raw("no HTTP", 400, "nonsense\r\n\r\n".to_owned()),
        raw(
            "another path",
            404,
            format!("POST /admin {host}Content-Length: 0\r\n\r\n"),
        ),
        raw("another method", 405, format!("DELETE / {host}\r\n")),
        raw(
            "an endless header",
            431,
            format!("POST / {host}X: {endless}\r\n\r\n"),
        ),
        raw(
            "a path of 100,000 signs",
            414,
            format!("POST /{path} {host}\r\n"),
        ),
    ]
}
