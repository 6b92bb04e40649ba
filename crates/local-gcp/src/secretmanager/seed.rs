//! The section `secretmanager` of a seed file.

use super::{
    limits, names, schedule,
    secret::{Kept, Secret},
    version::{self, Payload},
};
use crate::{app::App, google::json, http::ApiError, store::Tx};
use jiff::Unit;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    #[serde(default)]
    secrets: Vec<SeededSecret>,
}

/// A secret in the form of the API, and its versions from the oldest on.
#[derive(Deserialize)]
struct SeededSecret {
    #[serde(default)]
    versions: Vec<SeededVersion>,
    #[serde(flatten)]
    secret: Map<String, Value>,
}

/// `{"text": "hunter2"}` or `{"data": "aHVudGVyMg=="}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeededVersion {
    text: Option<String>,
    data: Option<String>,
}

impl SeededVersion {
    fn payload(self) -> Result<Payload, ApiError> {
        match (self.text, self.data) {
            (Some(text), None) => Ok(Payload::of_text(&text)),
            (None, Some(data)) => Ok(Payload {
                data,
                data_crc32c: None,
            }),
            _ => Err(ApiError::invalid(
                "a seeded version has either text or data (base64)",
            )),
        }
    }
}

/// Replaces the secrets that the seed names. Topics are not told.
pub(super) fn seed(app: &App, tx: &mut Tx, section: Value) -> Result<(), ApiError> {
    let seed: Seed = json::decode_value(section)?;
    for seeded in seed.secrets {
        let mut secret: Secret = json::decode_value(Value::Object(seeded.secret))?;
        plant(app, tx, &mut secret, seeded.versions).map_err(|e| ApiError {
            message: format!("{}: {}", secret.name, e.message),
            ..e
        })?;
    }
    Ok(())
}

fn plant(
    app: &App,
    tx: &mut Tx,
    secret: &mut Secret,
    versions: Vec<SeededVersion>,
) -> Result<(), ApiError> {
    names::check(&secret.name)?;
    let now = app.clock.now();
    let now = now.round(Unit::Microsecond).unwrap_or(now);
    secret.name = names::numbered(app, &secret.name);
    secret.create_time.get_or_insert(now);
    if secret.replication.is_none() && !names::is_regional(&secret.name) {
        secret.replication = Some(super::secret::Replication {
            automatic: Some(super::secret::Automatic::default()),
            user_managed: None,
        });
    }
    if secret.etag.is_empty() {
        secret.etag = names::new_etag();
    }
    secret.settle_expiry(now)?;
    // A schedule may be seeded with any time, also one that was due long ago.
    limits::check(secret, Some(&secret.clone()), now)?;
    schedule::forget(tx, &secret.name);
    let mut kept = Kept {
        secret: secret.clone(),
        last_version: 0,
    };
    tx.put(&secret.name, kept.clone());
    for version in versions {
        version::add(tx, &kept, version.payload()?, now)?;
        kept.last_version += 1;
    }
    version::check_aliases(tx, secret)?;
    schedule::set_timers(tx, secret);
    Ok(())
}
