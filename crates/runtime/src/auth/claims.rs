//! What a token must say.
//!
//! Sources: <https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions> for the claims of a push,
//! <https://openid.net/specs/openid-connect-core-1_0.html#IDToken> for the rules.

use super::{AuthError, Options, Rejection};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::sync::Arc;

/// Both spellings that Google has used.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// By how much the clock of whoever signs may differ from ours.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// The claims that are looked at; the rest may be anything.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: Option<String>,
    aud: Option<Audience>,
    sub: Option<String>,
    exp: Option<i64>,
    iat: Option<i64>,
    nbf: Option<i64>,
    email: Option<String>,
    email_verified: Option<bool>,
}

/// One audience or several, which the standard leaves open. Google sends one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Whom we listen to.
pub(super) struct Rules {
    audiences: Vec<String>,
    callers: Vec<Arc<str>>,
}

impl Rules {
    pub(super) fn new(options: &Options) -> Result<Self, AuthError> {
        let listed = |texts: &[String]| -> Vec<String> {
            let texts = texts.iter().map(|text| text.trim().to_owned());
            texts.filter(|text| !text.is_empty()).collect()
        };
        let (audiences, callers) = (listed(&options.audiences), listed(&options.callers));
        if audiences.is_empty() {
            return Err(AuthError::NoAudience);
        }
        if callers.is_empty() {
            return Err(AuthError::NoCaller);
        }
        if let Some(found) = callers.iter().find(|caller| !is_address(caller)) {
            let found = found.clone();
            return Err(AuthError::InvalidCaller { found });
        }
        Ok(Self {
            audiences,
            callers: callers.into_iter().map(Arc::from).collect(),
        })
    }

    /// The caller's e-mail address, if the token's owner may call now. Who has no good token learns nothing about the list
    /// of callers: that is looked at last.
    pub(super) fn check(&self, claims: Claims, now: Timestamp) -> Result<Arc<str>, Rejection> {
        if !claims
            .iss
            .is_some_and(|iss| ISSUERS.contains(&iss.as_str()))
        {
            return Err(Rejection::Claim("iss"));
        }
        let ours = |audience: &String| self.audiences.contains(audience);
        let for_us = match &claims.aud {
            None => false,
            Some(Audience::One(audience)) => ours(audience),
            Some(Audience::Several(audiences)) => audiences.iter().any(ours),
        };
        if !for_us {
            return Err(Rejection::Claim("aud"));
        }
        if claims.sub.is_none_or(|sub| sub.is_empty()) {
            return Err(Rejection::Claim("sub"));
        }
        let expires = instant(claims.exp.ok_or(Rejection::Claim("exp"))?, "exp")?;
        if now.duration_since(expires) >= LEEWAY {
            return Err(Rejection::Expired);
        }
        for (begins, claim) in [(claims.iat, "iat"), (claims.nbf, "nbf")] {
            if let Some(begins) = begins
                && instant(begins, claim)?.duration_since(now) > LEEWAY
            {
                return Err(Rejection::NotYet);
            }
        }
        let email = claims.email.ok_or(Rejection::Claim("email"))?;
        if claims.email_verified != Some(true) {
            return Err(Rejection::Claim("email_verified"));
        }
        let known = self.callers.iter().find(|caller| ***caller == *email);
        known.cloned().ok_or(Rejection::Caller)
    }
}

fn instant(seconds: i64, claim: &'static str) -> Result<Timestamp, Rejection> {
    Timestamp::from_second(seconds).map_err(|_| Rejection::Claim(claim))
}

fn is_address(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(odd)
    })
}
