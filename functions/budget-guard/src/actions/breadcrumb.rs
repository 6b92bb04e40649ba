//! A note on a Cloud Run service that the guard holds it down, and by which decision, so that a lost memory can be told by
//! looking at the service.
//!
//! It is for people: nothing is decided by it, and what cannot leave it has done its work all the same.

use super::{Seen, run};
use crate::{
    action::{Family, Resource},
    google::{CallError, Google},
};
use serde_json::{Value, json};

/// The annotation, whose value is the firing key.
pub const ENFORCED: &str = "budget-guard/enforced";

/// Makes the note say `key`, or takes it away.
pub async fn leave(
    google: &Google,
    resource: &Resource,
    key: Option<&str>,
) -> Result<(), CallError> {
    if resource.family != Family::Run {
        return Ok(());
    }
    let Seen { value, etag } = run::field(google, resource, "annotations", json!({})).await?;
    let mut annotations = value;
    if annotations[ENFORCED].as_str() == key {
        return Ok(());
    }
    match key {
        Some(key) => annotations[ENFORCED] = key.into(),
        None => {
            if let Some(all) = annotations.as_object_mut() {
                all.remove(ENFORCED);
                // Where there was none, there is none again.
                if all.is_empty() {
                    annotations = Value::Null;
                }
            }
        }
    }
    let change: (&str, &Value) = ("annotations", &annotations);
    match run::patch(google, resource, change, &etag).await? {
        Some(pending) => google.wait(&pending).await,
        None => Ok(()),
    }
}
