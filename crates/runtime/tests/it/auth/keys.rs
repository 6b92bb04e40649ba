//! Keys that sign, and a server that publishes their public halves.

use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair},
};
use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{net::TcpListener, task::AbortHandle};

pub(crate) struct SigningKey {
    pub(crate) id: String,
    pair: RsaKeyPair,
}

impl SigningKey {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            pair: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        }
    }

    /// A token as Google makes it.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "kid": self.id, "typ": "JWT" });
        self.token_with(&header, claims)
    }

    /// A token with that header, signed as RS256 whatever it says.
    pub(crate) fn token_with(&self, header: &Value, claims: &Value) -> String {
        self.signed(header, claims, &RSA_PKCS1_SHA256)
    }

    /// A token that says RS512 and is signed so.
    pub(crate) fn token_rs512(&self, claims: &Value) -> String {
        let header = json!({ "alg": "RS512", "kid": self.id });
        self.signed(&header, claims, &RSA_PKCS1_SHA512)
    }

    /// A token that says HS256 and is signed with the public key as the secret, which everybody knows.
    pub(crate) fn token_hs256(&self, claims: &Value) -> String {
        let header = json!({ "alg": "HS256", "kid": self.id });
        let signed = unsigned(&header, claims);
        let public = self.pair.public_key().as_der().unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, public.as_ref());
        let signature = hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn signed(&self, header: &Value, claims: &Value, how: &'static dyn RsaEncoding) -> String {
        let signed = unsigned(header, claims);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(how, &random, signed.as_bytes(), &mut signature)
            .unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(crate) fn published(&self) -> Value {
        let public = self.pair.public_key();
        json!({
            "kid": self.id, "kty": "RSA", "alg": "RS256", "use": "sig",
            "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
        })
    }
}

/// Header and claims, as a signature covers them.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// Publishes keys like Google: under its path, for an hour. Stops when it is dropped.
pub(crate) struct KeyServer {
    pub(crate) url: String,
    answer: Arc<Answer>,
    serving: AbortHandle,
}

#[derive(Default)]
struct Answer {
    asked: AtomicUsize,
    keys: Mutex<Vec<Value>>,
    ill: Mutex<Option<StatusCode>>,
}

impl KeyServer {
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        let answer = Arc::new(Answer::default());
        let routes = Router::new()
            .route("/oauth2/v3/certs", get(certs))
            .with_state(answer.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let server = Self {
            url,
            answer,
            serving: serving.abort_handle(),
        };
        server.publish(keys);
        server
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        self.publish_json(keys.iter().map(|key| key.published()).collect());
    }

    pub(crate) fn publish_json(&self, keys: Vec<Value>) {
        *self.answer.keys.lock().unwrap() = keys;
    }

    /// Answers with `status` instead of keys, or with keys again.
    pub(crate) fn fall_ill(&self, status: Option<StatusCode>) {
        *self.answer.ill.lock().unwrap() = status;
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.answer.asked.load(Ordering::SeqCst)
    }
}

async fn certs(State(answer): State<Arc<Answer>>) -> impl IntoResponse {
    answer.asked.fetch_add(1, Ordering::SeqCst);
    // Long enough for whoever else is cold to come and wait.
    tokio::task::yield_now().await;
    let status = answer.ill.lock().unwrap().unwrap_or(StatusCode::OK);
    let body = json!({ "keys": *answer.keys.lock().unwrap() });
    (
        status,
        [("cache-control", "public, max-age=3600, must-revalidate")],
        body.to_string(),
    )
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
