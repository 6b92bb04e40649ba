//! A webhook of your own, signed as <https://www.standardwebhooks.com> says.

use super::{Outbound, PostError};
use crate::{alert::Alert, config::WebhookConfig, state::document::Posting};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use nightshift_runtime::config::SecretSource;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use standardwebhooks::Webhook;

/// Standard Webhooks recommends 20 kB at most.
const BODY: usize = 20_000;
const FORM: &str = "whsec_ and 24 to 64 bytes in base64";

/// The three headers of a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookHeaders {
    /// The same for every delivery of a notice.
    pub id: String,
    /// Seconds since 1970 of this delivery.
    pub timestamp: i64,
    /// One signature per secret, `v1,…`, with spaces between.
    pub signature: String,
}

impl WebhookHeaders {
    /// Signs `body` with every secret, so that receivers may go over from one to the other.
    pub fn sign(
        secrets: &[SecretString],
        id: &str,
        at: Timestamp,
        body: &[u8],
    ) -> Result<Self, PostError> {
        let timestamp = at.as_second();
        let mut signatures = Vec::new();
        for secret in secrets {
            let hook = Webhook::new(secret.expose_secret());
            let hook = hook.map_err(|_| PostError::SecretForm(FORM))?;
            let signature = hook.sign(id, timestamp, body);
            signatures.push(signature.map_err(|_| PostError::SecretForm(FORM))?);
        }
        Ok(Self {
            id: id.to_owned(),
            timestamp,
            signature: signatures.join(" "),
        })
    }

    fn headers(&self) -> Result<HeaderMap, PostError> {
        let value = |text: &str| {
            HeaderValue::from_str(text).map_err(|_| PostError::Address("cannot be signed for"))
        };
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", value(&self.id)?);
        headers.insert("webhook-timestamp", self.timestamp.into());
        headers.insert("webhook-signature", value(&self.signature)?);
        Ok(headers)
    }
}

fn secrets(config: &WebhookConfig) -> Result<Vec<SecretString>, PostError> {
    let sources = [Some(&config.secret), config.old_secret.as_ref()];
    let read = sources.into_iter().flatten().map(SecretSource::read);
    let secrets: Vec<SecretString> = read.collect::<Result<_, _>>()?;
    for secret in &secrets {
        let text = secret.expose_secret();
        let bytes = text
            .strip_prefix("whsec_")
            .map_or(0, |coded| coded.trim_end_matches('=').len() * 3 / 4);
        if !(24..=64).contains(&bytes) {
            return Err(PostError::SecretForm(FORM));
        }
    }
    Ok(secrets)
}

pub(super) fn check(config: &WebhookConfig, outbound: &Outbound) -> Result<(), PostError> {
    WebhookHeaders::sign(&secrets(config)?, "check", Timestamp::UNIX_EPOCH, b"{}")?;
    outbound.check(&config.url.read()?, config.private)
}

pub(super) async fn post(
    config: &WebhookConfig,
    outbound: &Outbound,
    (key, what): (&str, &Posting),
    now: Timestamp,
) -> Result<(), PostError> {
    let body = serde_json::to_vec(&payload(key, what))?;
    let headers = WebhookHeaders::sign(&secrets(config)?, &id(key, what), now, &body)?;
    let url = config.url.read()?;
    outbound
        .post(&url, config.private, headers.headers()?, body)
        .await
}

/// The key where it is fit for a header, and another for the end of an alert than for its beginning.
fn id(key: &str, what: &Posting) -> String {
    let name = match what {
        Posting::Alert(_) => key.to_owned(),
        Posting::Resolve => format!("{key}/resolved"),
    };
    if name.len() <= 200 && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return name;
    }
    hex::encode(Sha256::digest(name))
}

/// What programs get: the type, when it was decided, and all that is known.
pub(super) fn payload(key: &str, what: &Posting) -> Value {
    let alert = match what {
        Posting::Resolve => return json!({"type": "budget_guard.resolved", "data": {"key": key}}),
        Posting::Alert(alert) => alert,
    };
    let full = json!({"type": "budget_guard.alert", "timestamp": alert.at, "data": alert});
    if full.to_string().len() <= BODY {
        return full;
    }
    json!({"type": "budget_guard.alert", "timestamp": alert.at, "data": cut(alert), "truncated": true})
}

/// The first of everything there is too much of.
fn cut(alert: &Alert) -> Alert {
    let mut alert = alert.clone();
    alert.lines.truncate(8);
    alert.work.truncate(8);
    let short = |text: &str| super::text::shortened(text, 300);
    alert.lines = alert.lines.iter().map(|line| short(line)).collect();
    for item in &mut alert.work {
        item.note = item.note.as_deref().map(short);
    }
    alert.name = alert.name.as_deref().map(short);
    alert
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::{huge, stop};

    #[test]
    fn the_published_check_value_comes_out() {
        let secret = SecretString::from("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        let at = Timestamp::from_second(1_649_367_553).unwrap();
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let signed = WebhookHeaders::sign(&[secret], "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", at, body);
        assert_eq!(
            signed.unwrap().signature,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
        );
    }

    #[test]
    fn two_secrets_give_two_signatures() {
        let secrets = [
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "whsec_AAAAsBQIhrscChlQIMV+b5sSYspob7oD",
        ];
        let secrets = secrets.map(SecretString::from);
        let signed = WebhookHeaders::sign(&secrets, "id", Timestamp::UNIX_EPOCH, b"{}").unwrap();
        assert_eq!(signed.signature.split(' ').count(), 2);
    }

    #[test]
    fn the_body_is_never_too_long() {
        let alert = huge();
        let payload = payload(&alert.key.clone(), &Posting::Alert(Box::new(alert)));
        assert!(payload.to_string().len() <= BODY);
        assert_eq!(payload["truncated"], true);
    }

    #[test]
    fn the_end_of_an_alert_is_another_message_than_its_beginning() {
        let alert = Posting::Alert(Box::new(stop()));
        assert_eq!(id("a/b#0", &alert), "a/b#0");
        assert_ne!(id("a/b#0", &alert), id("a/b#0", &Posting::Resolve));
        assert_eq!(id("ä", &alert).len(), 64);
    }
}
