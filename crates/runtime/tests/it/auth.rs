//! Who is let in, with tokens and keys of the tests' own making and a server that publishes the keys.

mod cloud_run;
mod forged;
mod http;
mod key_cache;
mod keys;

use self::keys::{KeyServer, SigningKey};
use ::http::HeaderMap;
use nightshift_runtime::{
    auth::{self, Guard, Mode, Rejection},
    clock::ManualClock,
};
use serde_json::{Value, json};

const AUDIENCE: &str = "https://rotate-secrets.example";
const CALLER: &str = "push@demo.iam.gserviceaccount.com";
const NOW: &str = "2026-03-29T12:00:00Z";

fn now() -> jiff::Timestamp {
    NOW.parse().unwrap()
}

/// What Pub/Sub's token says.
fn claims() -> Value {
    json!({
        "aud": AUDIENCE,
        "azp": "113774264463038321964",
        "email": CALLER,
        "email_verified": true,
        "exp": now().as_second() + 3600,
        "iat": now().as_second(),
        "iss": "https://accounts.google.com",
        "sub": "113774264463038321964",
    })
}

/// [`claims`] with some of them replaced, or taken away where the replacement is null.
fn claims_but(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name).unwrap();
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn options(mode: Mode, keys: Option<&KeyServer>) -> auth::Options {
    auth::Options {
        mode: Some(mode),
        audiences: vec![AUDIENCE.to_owned()],
        callers: vec![
            "other@demo.iam.gserviceaccount.com".to_owned(),
            CALLER.to_owned(),
        ],
        endpoint: keys.map(|keys| keys.url.clone()),
    }
}

fn guard(mode: Mode, keys: Option<&KeyServer>, clock: ManualClock) -> Guard {
    let address = "127.0.0.1:8080".parse().unwrap();
    Guard::new(&options(mode, keys), address)
        .unwrap()
        .with_clock(clock)
}

fn bearer(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    headers
}

async fn check(guard: &Guard, token: &str) -> Result<String, Rejection> {
    let caller = guard.check(&bearer(token)).await?;
    Ok(caller.expect("a caller is known").to_string())
}

type Verifying = (KeyServer, SigningKey, Guard, ManualClock);

/// A server with one key, that key, and a guard that asks the server.
async fn verifying() -> Verifying {
    let key = SigningKey::new("first");
    let server = KeyServer::start(&[&key]).await;
    let clock = ManualClock::at(now());
    let guard = guard(Mode::Verify, Some(&server), clock.clone());
    (server, key, guard, clock)
}
