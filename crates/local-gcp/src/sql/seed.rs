//! The section `sql` of a seed file.

use super::{
    instance::{self, Instance},
    user::{self, Described, User},
};
use crate::{app::App, google::json, http::ApiError, store::Tx};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    #[serde(default)]
    instances: Vec<SeededInstance>,
}

/// An instance in the form of the API, and besides its users and the server behind it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SeededInstance {
    #[serde(default)]
    users: Vec<Value>,
    postgres_url: Option<String>,
    #[serde(flatten)]
    instance: Map<String, Value>,
}

/// Replaces the instances that the seed names, with their users. Nothing is done to servers.
pub(super) fn seed(app: &App, tx: &mut Tx, section: Value) -> Result<(), ApiError> {
    let seed: Seed = json::decode_value(section)?;
    for seeded in seed.instances {
        let value = instance::with_defaults(app, Value::Object(seeded.instance))?;
        let text = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
        let key = instance::key(&text("project"), &text("name"));
        let postgres_url = seeded.postgres_url;
        tx.delete_prefix::<User>(&format!("{key}/"));
        let instance = Instance {
            value,
            postgres_url,
        };
        instance.note_level(tx, app.clock.now());
        tx.put(&key, instance);
        for described in seeded.users {
            let described = Described::read(described)?;
            let name = described.name.as_deref().unwrap_or_default();
            let host = described.host.as_deref().unwrap_or_default();
            let user = described.of(User::new(name, host));
            if user.name.is_empty() || described.password.is_some() {
                return Err(ApiError::invalid(format!(
                    "a user of the instance {key} has no name, or has a password: seeded users have none here"
                )));
            }
            tx.put(&user::key(&key, &user.name, &user.host), user);
        }
    }
    Ok(())
}
