//! A system of somebody else's, behind an address of theirs: they answer four questions, we do the rest.
//!
//! Each call is `POST` with a JSON body and two headers:
//!
//! ```text
//! Nightshift-Timestamp: 1792590000
//! Nightshift-Signature: v1=<hex of HMAC-SHA256(key, timestamp "." body)>
//!
//! {"action":"apply","secret":"projects/p/secrets/s","operation":"01JBX…","value":"…"}
//! ```
//!
//! | action | asks | answer |
//! | --- | --- | --- |
//! | `probe` | is the value accepted? | 200 `{"result":"works"}` or `{"result":"rejected"}` |
//! | `apply` | accept the value | 2xx; 422 if its own rules refuse it and another may do |
//! | `test` | does the value do what the application needs? | 200 `{"result":"passed"}` or `{"result":"failed"}` |
//! | `revoke` | accept the value no longer | 2xx, also if it was not accepted before |
//! | `check` | is everything ready? without a value | 2xx |
//!
//! Each may come twice, and two may come at once. 429 and 503 say that nothing was begun; any other 5xx, and silence, that
//! nobody knows. What else the answers hold is not shown to anybody, for it could be the value.

use super::{
    Created, Finding, InvalidTarget, Overlap, Probe, Surroundings, Target, TargetError, Test,
    google::{CallError, client, not_sent},
    layout::{Credential, Layout},
};
use crate::{password::Recipe, payload::Payload, rotation::state::OperationId};
use async_trait::async_trait;
use aws_lc_rs::hmac;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use nightshift_runtime::config::SecretSource;
use secrecy::{ExposeSecret, zeroize::Zeroizing};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Below the 30 s of a step.
const PATIENCE: Duration = Duration::from_secs(20);

/// No answer needs more.
const MAX_ANSWER: u64 = 4 << 10;

/// A system behind an address.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpHookConfig {
    /// `https`, or `http` on a loopback address.
    pub url: String,
    /// What requests are signed with; read anew each time.
    pub key: SecretSource,
    /// Whether it accepts the old and the new value side by side.
    #[serde(default)]
    pub overlap: bool,
    /// Whether an old value lives on until it is revoked.
    #[serde(default)]
    pub revoke: bool,
    /// How values are made.
    #[serde(default)]
    pub value: Recipe,
    /// How the secret holds the value. The system is told the whole payload.
    #[serde(default)]
    pub payload: Layout,
}

impl HttpHookConfig {
    pub(super) fn validate(&self) -> Result<(), InvalidTarget> {
        let url: Option<http::Uri> = self.url.parse().ok();
        let authority = url.as_ref().and_then(http::Uri::authority);
        let plain = authority.is_some_and(|authority| !authority.as_str().contains('@'));
        let host = authority.map_or("", http::uri::Authority::host);
        let loopback = host == "localhost" || host.starts_with("127.") || host == "[::1]";
        let safe = match url.as_ref().and_then(http::Uri::scheme_str) {
            Some("https") => true,
            Some("http") => loopback,
            _ => false,
        };
        if safe && plain {
            return Ok(());
        }
        Err(InvalidTarget {
            key: "http-hook.url".to_owned(),
            // An address can hold a password.
            found: "another address".to_owned(),
            expected: "https://HOST/PATH, or http on a loopback address, without user and password"
                .to_owned(),
        })
    }
}

pub(super) struct HttpHook {
    config: HttpHookConfig,
    http: reqwest::Client,
    secret: String,
}

#[derive(Serialize)]
struct Request<'a> {
    action: &'static str,
    secret: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

#[derive(Deserialize)]
struct Answer {
    result: Word,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Word {
    Works,
    Rejected,
    Passed,
    Failed,
}

impl HttpHook {
    pub(super) fn new(
        config: HttpHookConfig,
        surroundings: Surroundings<'_>,
    ) -> Result<Self, TargetError> {
        Ok(Self {
            config,
            http: client(PATIENCE)?,
            secret: surroundings.secret.to_string(),
        })
    }

    /// Asks, and returns the body of a good answer.
    async fn ask(
        &self,
        action: &'static str,
        value: Option<&Payload>,
        operation: Option<&OperationId>,
    ) -> Result<Vec<u8>, TargetError> {
        let text = value.map(|value| value.expose_text().ok_or_else(not_text));
        let operation = operation.map(ToString::to_string);
        let request = Request {
            action,
            secret: &self.secret,
            operation: operation.as_deref(),
            value: text.transpose()?,
        };
        let body = serde_json::to_vec(&request).map(Zeroizing::new);
        let body = body.map_err(|_| not_text())?;
        let at = Timestamp::now().as_second().to_string();
        let signature = self.sign(&at, &body)?;
        let sent = self
            .http
            .post(&self.config.url)
            .header(CONTENT_TYPE, "application/json")
            .header("nightshift-timestamp", &at)
            .header("nightshift-signature", signature)
            .body(body.to_vec())
            .send()
            .await;
        let answer = match sent.map_err(|error| not_sent(&error)) {
            Ok(answer) => answer,
            Err(error) => return Err(error.of_change(action)),
        };
        let status = answer.status();
        if !status.is_success() {
            return Err(refused(action, status.as_u16()));
        }
        if answer
            .content_length()
            .is_some_and(|length| length > MAX_ANSWER)
        {
            return Err(TargetError::Unknown(format!(
                "{action}: the answer is too long"
            )));
        }
        let bytes = answer.bytes().await;
        let bytes = bytes.map_err(|error| not_sent(&error).of_change(action))?;
        Ok(bytes.to_vec())
    }

    fn sign(&self, at: &str, body: &[u8]) -> Result<String, TargetError> {
        let key = self.config.key.read();
        let key = key.map_err(|error| TargetError::Denied(error.to_string()))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret().as_bytes());
        let mut context = hmac::Context::with_key(&key);
        for part in [at.as_bytes(), b".", body] {
            context.update(part);
        }
        Ok(format!("v1={}", hex::encode(context.sign())))
    }

    /// Asks a question that has one word for an answer.
    async fn word(&self, action: &'static str, value: &Payload) -> Result<Word, TargetError> {
        let asked = self.ask(action, Some(value), None).await;
        // A question changes nothing: what is unknown is merely unreachable.
        let body = asked.map_err(|error| match error {
            TargetError::Unknown(why) | TargetError::Refused(why) => TargetError::Unreachable(why),
            other => other,
        })?;
        let answer: Result<Answer, _> = serde_json::from_slice(&body);
        let unclear = |_| {
            let expected = r#"{"result":"works"}, "rejected", "passed" or "failed""#;
            TargetError::Unreachable(format!("{action}: the answer is not {expected}"))
        };
        Ok(answer.map_err(unclear)?.result)
    }
}

fn not_text() -> TargetError {
    TargetError::Unfit("it is not UTF-8".to_owned())
}

fn refused(action: &str, status: u16) -> TargetError {
    match status {
        422 => TargetError::Refused(format!("{action}: HTTP 422")),
        429 | 503 => TargetError::Unreachable(format!("{action}: HTTP {status}")),
        status => {
            let (reason, message) = ("status".to_owned(), "refused".to_owned());
            let error = CallError::Refused {
                status,
                reason,
                message,
            };
            error.of_change(action)
        }
    }
}

#[async_trait]
impl Target for HttpHook {
    fn kind(&self) -> &'static str {
        "http-hook"
    }

    fn place(&self) -> String {
        let url = &self.config.url;
        // A query may hold somebody's token.
        url.split('?').next().unwrap_or(url).to_owned()
    }

    fn overlap(&self) -> Overlap {
        if self.config.overlap {
            Overlap::Both
        } else {
            Overlap::Single
        }
    }

    fn revokes(&self) -> bool {
        self.config.revoke
    }

    async fn create(
        &self,
        base: Option<&Payload>,
        _operation: &OperationId,
    ) -> Result<Created, TargetError> {
        let value = self.config.value.make();
        let value = value.map_err(|error| TargetError::Unreachable(error.to_string()))?;
        let credential = Credential {
            user: None,
            password: &value,
        };
        Ok(Created {
            payload: self.config.payload.write(base, credential)?,
            slot: None,
        })
    }

    async fn probe(&self, credential: &Payload) -> Probe {
        match self.word("probe", credential).await {
            Ok(Word::Works) => Probe::Works,
            Ok(Word::Rejected) => Probe::Rejected {
                why: "the system says that it does not accept it".to_owned(),
            },
            Ok(_) => Probe::Unreachable {
                why: "the system answers neither `works` nor `rejected`".to_owned(),
            },
            Err(TargetError::Unfit(why)) => Probe::Unfit { why },
            Err(error) => Probe::Unreachable {
                why: error.to_string(),
            },
        }
    }

    async fn apply(
        &self,
        credential: &Payload,
        operation: &OperationId,
    ) -> Result<(), TargetError> {
        let asked = self.ask("apply", Some(credential), Some(operation)).await;
        asked.map(drop)
    }

    async fn test(&self, credential: &Payload) -> Result<Test, TargetError> {
        match self.word("test", credential).await? {
            Word::Passed => Ok(Test::Passed),
            Word::Failed => Ok(Test::Failed {
                why: "the system says that it does not do".to_owned(),
            }),
            _ => Err(TargetError::Unreachable(
                "the system answers neither `passed` nor `failed`".to_owned(),
            )),
        }
    }

    async fn revoke(
        &self,
        credential: &Payload,
        operation: &OperationId,
    ) -> Result<(), TargetError> {
        let asked = self.ask("revoke", Some(credential), Some(operation)).await;
        asked.map(drop)
    }

    async fn check(&self, _current: Option<&Payload>) -> Vec<Finding> {
        vec![match self.ask("check", None, None).await {
            Ok(_) => Finding::ok("hook", format!("{} is ready", self.place())),
            Err(error) => Finding::error("hook", error.to_string()),
        }]
    }
}
