//! The users of a Cloud SQL instance, by its API: for instances that nobody can log in to in order to change a password.
//!
//! The API takes passwords in clear and applies the instance's password policy to them. It works one operation at a time:
//! while one runs, others are refused with `operationInProgress`.

use super::{
    Finding, TargetError,
    google::{Api, CallError},
};
use http::Method;
use nightshift_runtime::gcp::Gcp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long an operation may take within a step of 30 s. Changing a password takes Cloud SQL some seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks at an operation.
const POLL: Duration = Duration::from_millis(500);

pub(super) struct UsersApi {
    api: Api,
    project: String,
    instance: String,
}

#[derive(Serialize)]
struct Password<'a> {
    name: &'a str,
    password: &'a str,
}

impl UsersApi {
    pub(super) fn new(gcp: Gcp, project: &str, instance: &str) -> Result<Self, TargetError> {
        Ok(Self {
            api: Api::new(gcp, "https://sqladmin.googleapis.com")?,
            project: project.to_owned(),
            instance: instance.to_owned(),
        })
    }

    /// Changes the password and nothing else: fields that are not sent stay as they are.
    pub(super) async fn set_password(
        &self,
        user: &str,
        password: &SecretString,
    ) -> Result<(), TargetError> {
        let doing = format!("change the password of {user} on {}", self.instance);
        let path = format!(
            "/v1/projects/{}/instances/{}/users?name={}",
            self.project,
            self.instance,
            utf8_percent_encode(user, NON_ALPHANUMERIC)
        );
        let password = password.expose_secret();
        let body = Password {
            name: user,
            password,
        };
        let sent = self.api.send(Method::PUT, &path, &body).await;
        let operation = sent.map_err(|error| understood(error, password, &doing))?;
        self.wait(&operation, password, &doing).await
    }

    async fn wait(
        &self,
        operation: &Value,
        password: &str,
        doing: &str,
    ) -> Result<(), TargetError> {
        let begun = Instant::now();
        let mut operation = operation.clone();
        while operation["status"] != "DONE" {
            let unknown = |why: &str| TargetError::Unknown(format!("{doing}: {why}"));
            if begun.elapsed() > PATIENCE {
                return Err(unknown("the operation is still running"));
            }
            sleep(POLL).await;
            let name = operation["name"].as_str();
            let name = name.ok_or_else(|| unknown("the operation has no name"))?;
            let path = format!("/v1/projects/{}/operations/{name}", self.project);
            operation = match self.api.get(&path).await {
                Ok(operation) => operation,
                // The operation goes on, whatever became of the question.
                Err(CallError::Refused { message, .. }) => return Err(unknown(&message)),
                Err(CallError::NotSent(why) | CallError::NoAnswer(why)) => {
                    return Err(unknown(&why));
                }
            };
        }
        let Some(error) = operation["error"]["errors"].get(0) else {
            return Ok(());
        };
        let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
        let (reason, message) = (text("code"), text("message"));
        let error = CallError::Refused {
            status: 400,
            reason,
            message,
        };
        Err(understood(error, password, doing))
    }

    /// Whether the users are there.
    pub(super) async fn check(&self, users: &[String]) -> Finding {
        let (project, instance) = (&self.project, &self.instance);
        let path = format!("/v1/projects/{project}/instances/{instance}/users");
        let listed = match self.api.get(&path).await {
            Ok(listed) => listed,
            Err(error) => {
                let why = error.of_question(&format!("list the users of {instance}"));
                return Finding::error("admin", why.to_string());
            }
        };
        let none = Vec::new();
        let items = listed["items"].as_array().unwrap_or(&none);
        let missing = users
            .iter()
            .find(|user| !items.iter().any(|item| item["name"] == user.as_str()));
        match missing {
            Some(user) => Finding::error(
                "admin",
                format!("instance {instance} has no user {user}: gcloud sql users create {user}"),
            ),
            None => Finding::ok("admin", format!("the users of {instance} can be listed")),
        }
    }
}

/// What the instance's password policy objects to, another password may satisfy.
fn understood(error: CallError, password: &str, doing: &str) -> TargetError {
    match error {
        CallError::Refused {
            status,
            reason,
            mut message,
        } => {
            if message.contains(password) {
                "refused, in words that hold the password".clone_into(&mut message);
            }
            let policy = status == 400 && message.to_lowercase().contains("password");
            let error = CallError::Refused {
                status,
                reason,
                message,
            };
            match error.of_change(doing) {
                TargetError::Denied(why) if policy => TargetError::Refused(why),
                other => other,
            }
        }
        other => other.of_change(doing),
    }
}
