//! The keys that Google signs with: fetched when they are needed, by one caller for all.

use super::{AuthError, Rejection};
use crate::{Clock, RetryPolicy, endpoint, retry::Verdict};
use http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::DecodingKey;
use reqwest::{Client, Url, redirect};
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::Mutex;
use tracing::{info, warn};

/// The whole of a fetch, so that callers do not wait longer than it pays.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bounds of how long keys are taken for fresh, whatever the answer says.
const FRESH_AT_LEAST: SignedDuration = SignedDuration::from_mins(5);
const FRESH_AT_MOST: SignedDuration = SignedDuration::from_hours(24);
/// How long keys are still good that should have been fetched again and could not be.
const STALE_AT_MOST: SignedDuration = SignedDuration::from_hours(1);
/// How often a token with an unknown key makes us look for new keys: anyone can send such a token.
const LOOK_FOR_UNKNOWN: SignedDuration = SignedDuration::from_mins(1);
/// How long after a failed fetch the next one starts: everyone who waited for it would otherwise try in turn.
const REST: SignedDuration = SignedDuration::from_secs(5);
/// Google's answer has less than 2 KiB.
const MAX_ANSWER: usize = 256 * 1024;

pub(super) struct Keys {
    url: Url,
    http: Client,
    clock: Arc<dyn Clock>,
    known: RwLock<Arc<Known>>,
    /// Held by whoever fetches.
    fetching: Mutex<()>,
}

/// What is known, which is replaced as a whole.
#[derive(Clone, Default)]
struct Known {
    keys: HashMap<String, DecodingKey>,
    fresh_until: Option<Timestamp>,
    /// When fetching was last tried, and whether it failed.
    tried: Option<(Timestamp, bool)>,
}

/// Why keys could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("ask for the keys")]
    Http(#[from] reqwest::Error),
    #[error("read the keys")]
    Json(#[from] serde_json::Error),
    #[error("the answer has more than {MAX_ANSWER} bytes")]
    TooLong,
    #[error("the answer has no key for RS256")]
    NoKey,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// A key as RFC 7517 writes it, of the kind we can use.
#[derive(Deserialize)]
struct RsaKey {
    kid: String,
    kty: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    n: String,
    e: String,
}

impl Keys {
    pub(super) fn at(url: &str, clock: Arc<dyn Clock>) -> Result<Self, AuthError> {
        let url = Some(url)
            .filter(|url| endpoint::is_safe(url))
            .and_then(|url| Url::parse(url).ok())
            .ok_or_else(|| AuthError::UnsafeKeys {
                url: url.to_owned(),
            })?;
        let http = Client::builder()
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(AuthError::Client)?;
        Ok(Self {
            url,
            http,
            clock,
            known: RwLock::default(),
            fetching: Mutex::new(()),
        })
    }

    pub(super) fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            known: RwLock::default(),
            ..self
        }
    }

    /// The key called `id`.
    pub(super) async fn find(&self, id: &str) -> Result<DecodingKey, Rejection> {
        if let Some(answer) = self.known().answer(id, self.clock.now()) {
            return answer;
        }
        let _fetching = self.fetching.lock().await;
        // Somebody may have fetched them while we waited.
        if let Some(answer) = self.known().answer(id, self.clock.now()) {
            return answer;
        }
        let known = self.fetched(&self.known()).await;
        let answer = known
            .answer(id, self.clock.now())
            .unwrap_or(Err(Rejection::KeysUnavailable));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        answer
    }

    fn known(&self) -> Arc<Known> {
        let known = self.known.read();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is known after trying to fetch.
    async fn fetched(&self, before: &Known) -> Known {
        let policy = RetryPolicy {
            max_attempts: 2,
            initial_delay: Duration::from_millis(100),
            ..RetryPolicy::default()
        };
        let answer = policy
            .run(
                "fetch of Google's keys",
                |_| self.fetch(),
                |error| match error {
                    FetchError::Http(error) if !error.is_timeout() => Verdict::Retry,
                    _ => Verdict::Stop,
                },
            )
            .await;
        let now = self.clock.now();
        match answer {
            Ok((keys, fresh_for)) => {
                info!(keys = keys.len(), "fetched the keys that sign tokens");
                Known {
                    keys,
                    fresh_until: Some(now.saturating_add(fresh_for).unwrap_or(now)),
                    tried: Some((now, false)),
                }
            }
            Err(error) => {
                warn!(url = %self.url, error = &error as &dyn std::error::Error, "cannot fetch the keys that sign tokens");
                Known {
                    tried: Some((now, true)),
                    ..before.clone()
                }
            }
        }
    }

    async fn fetch(&self) -> Result<(HashMap<String, DecodingKey>, SignedDuration), FetchError> {
        let answer = self.http.get(self.url.clone()).send().await?;
        let mut answer = answer.error_for_status()?;
        let fresh_for = freshness(answer.headers());
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            body.extend_from_slice(&piece);
            if body.len() > MAX_ANSWER {
                return Err(FetchError::TooLong);
            }
        }
        let set: KeySet = serde_json::from_slice(&body)?;
        let keys: HashMap<_, _> = set.keys.into_iter().filter_map(usable).collect();
        if keys.is_empty() {
            return Err(FetchError::NoKey);
        }
        Ok((keys, fresh_for))
    }
}

impl Known {
    /// What can be said about the key `id` without fetching, if anything.
    fn answer(&self, id: &str, now: Timestamp) -> Option<Result<DecodingKey, Rejection>> {
        let key = self.keys.get(id);
        let fresh = self.fresh_until.is_some_and(|until| now < until);
        let since_tried = self.tried.map(|(at, _)| now.duration_since(at).abs());
        let failed_just_now =
            matches!(self.tried, Some((_, true))) && since_tried.is_some_and(|since| since < REST);
        let bearable = self
            .fresh_until
            .is_some_and(|until| now.duration_since(until) < STALE_AT_MOST);
        match key {
            Some(key) if fresh => Some(Ok(key.clone())),
            Some(key) if failed_just_now && bearable => Some(Ok(key.clone())),
            _ if failed_just_now => Some(Err(Rejection::KeysUnavailable)),
            None if fresh && since_tried.is_some_and(|since| since < LOOK_FOR_UNKNOWN) => {
                Some(Err(Rejection::UnknownKey))
            }
            _ => None,
        }
    }
}

/// The key and its name, if it is one for RS256 signatures. Other kinds may be published at any time.
fn usable(key: Value) -> Option<(String, DecodingKey)> {
    let key: RsaKey = serde_json::from_value(key).ok()?;
    let for_signatures = key.usage.is_none_or(|usage| usage == "sig");
    let for_rs256 = key.kty == "RSA" && key.alg.is_none_or(|alg| alg == "RS256");
    let decoding = DecodingKey::from_rsa_components(&key.n, &key.e).ok()?;
    (for_signatures && for_rs256).then_some((key.kid, decoding))
}

/// How long the answer may be kept, by `Cache-Control: max-age` less the `Age` it already has.
fn freshness(headers: &HeaderMap) -> SignedDuration {
    let text = |name| headers.get(name)?.to_str().ok();
    let max_age = text(header::CACHE_CONTROL).and_then(|control| {
        control
            .split(',')
            .find_map(|directive| directive.trim().strip_prefix("max-age=")?.parse().ok())
    });
    let age: i64 = text(header::AGE)
        .and_then(|age| age.parse().ok())
        .unwrap_or(0);
    let seconds = max_age.unwrap_or(0_i64).saturating_sub(age.max(0));
    SignedDuration::from_secs(seconds).clamp(FRESH_AT_LEAST, FRESH_AT_MOST)
}
