//! A user of an instance.

use super::enums;
use crate::{google::json, http::ApiError, store::Record};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A user, without the password. The key is `PROJECT/INSTANCE/NAME@HOST`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(super) name: String,
    /// Of `MySQL` only.
    pub(super) host: String,
    /// What else was said of the user, in the form of the API.
    more: serde_json::Map<String, Value>,
}

impl Record for User {
    const TABLE: &'static str = "sql.users";
}

/// A user as callers describe one; without `Debug` because of the password.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct Described {
    pub(super) name: Option<String>,
    pub(super) host: Option<String>,
    pub(super) password: Option<String>,
    #[serde(rename = "type")]
    kind_of_user: Option<Value>,
    database_roles: Option<Value>,
    server_roles: Option<Value>,
    dual_password_type: Option<Value>,
    password_policy: Option<Value>,
    sqlserver_user_details: Option<Value>,
    iam_email: Option<Value>,
    iam_status: Option<Value>,
    #[serde(rename = "kind")]
    _kind: Option<String>,
    #[serde(rename = "etag")]
    _etag: Option<String>,
    #[serde(rename = "instance")]
    _instance: Option<String>,
    #[serde(rename = "project")]
    _project: Option<String>,
}

impl Described {
    pub(super) fn read(mut value: Value) -> Result<Self, ApiError> {
        enums::name_user(&mut value)?;
        json::decode_value(value)
    }

    /// The user after this was said of it.
    pub(super) fn of(&self, mut user: User) -> User {
        let said = [
            ("type", &self.kind_of_user),
            ("databaseRoles", &self.database_roles),
            ("serverRoles", &self.server_roles),
            ("dualPasswordType", &self.dual_password_type),
            ("passwordPolicy", &self.password_policy),
            ("sqlserverUserDetails", &self.sqlserver_user_details),
            ("iamEmail", &self.iam_email),
            ("iamStatus", &self.iam_status),
        ];
        for (field, value) in said {
            if let Some(value) = value {
                user.more.insert(field.to_owned(), value.clone());
            }
        }
        user
    }
}

pub(super) fn key(instance: &str, name: &str, host: &str) -> String {
    format!("{instance}/{name}@{host}")
}

impl User {
    pub(super) fn new(name: &str, host: &str) -> Self {
        Self {
            name: name.to_owned(),
            host: host.to_owned(),
            more: serde_json::Map::new(),
        }
    }

    /// As the API shows it.
    pub(super) fn json(&self, project: &str, instance: &str) -> Value {
        let mut user = json!({
            "kind": "sql#user",
            "name": self.name,
            "host": self.host,
            "project": project,
            "instance": instance,
        });
        if let Value::Object(fields) = &mut user {
            fields.extend(self.more.clone());
        }
        user
    }
}
