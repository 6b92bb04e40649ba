//! Operations: `PENDING`, then `RUNNING`, then `DONE` with an effect or an error. One at a time on each instance.
//!
//! They take [`Options::operation_time`](crate::Options::operation_time) of *real* time, half of it in each state: they
//! stand for work that machines do, which a stopped clock does not stop. One that a crash interrupted starts over; what it
//! does to a real server may be done twice.

use super::{API, instance, instance::Instance, postgres, user, user::User};
use crate::{
    app::App,
    google::{json, operations::new_id},
    http::{ApiError, Call},
    store::{Record, Tx},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An operation. Its key is its name.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(super) name: String,
    pub(super) project: String,
    pub(super) instance: String,
    work: Work,
    pub(super) inserted: Timestamp,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    failure: Option<Failure>,
    /// The error that a fault wants it to end with.
    fault: Option<Failure>,
}

/// What is to be done.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Work {
    /// The instance is this from now on.
    Instance(Value),
    /// The user is this from now on.
    PutUser {
        user: User,
        /// The password in the form in which Postgres keeps it. Nothing here keeps the password itself.
        verifier: Option<String>,
        new: bool,
    },
    /// There is no such user any more.
    DeleteUser(User),
}

/// Why an operation failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failure {
    code: String,
    message: String,
}

impl Record for Operation {
    const TABLE: &'static str = "sql.operations";
}

impl Failure {
    /// The database refused.
    pub(super) fn database(message: impl Into<String>) -> Self {
        Self {
            code: "ERROR_RDBMS".to_owned(),
            message: message.into(),
        }
    }

    fn fault(error: &ApiError) -> Self {
        let code = json!(error.code).as_str().unwrap_or_default().to_owned();
        let message = error.message.clone();
        Self { code, message }
    }
}

impl Work {
    fn kind(&self) -> &'static str {
        match self {
            Self::Instance(_) => "UPDATE",
            Self::PutUser { new: true, .. } => "CREATE_USER",
            Self::PutUser { new: false, .. } => "UPDATE_USER",
            Self::DeleteUser(_) => "DELETE_USER",
        }
    }
}

impl Operation {
    fn is_done(&self) -> bool {
        self.ended.is_some()
    }

    /// As the API shows it.
    pub(super) fn json(&self, app: &App) -> Value {
        let link = |what: &str| format!("{}/v1/projects/{}/{what}", app.url, self.project);
        let status = match (self.started, self.ended) {
            (_, Some(_)) => "DONE",
            (Some(_), None) => "RUNNING",
            (None, None) => "PENDING",
        };
        let mut operation = json!({
            "kind": "sql#operation",
            "name": self.name,
            "status": status,
            "operationType": self.work.kind(),
            "user": app.options.service_account,
            "insertTime": json::rfc3339(self.inserted),
            "targetId": self.instance,
            "targetProject": self.project,
            "targetLink": link(&format!("instances/{}", self.instance)),
            "selfLink": link(&format!("operations/{}", self.name)),
        });
        for (field, at) in [("startTime", self.started), ("endTime", self.ended)] {
            if let Some(at) = at {
                operation[field] = json::rfc3339(at).into();
            }
        }
        if let Some(Failure { code, message }) = &self.failure {
            let error = json!({ "kind": "sql#operationError", "code": code, "message": message });
            operation["error"] = json!({ "kind": "sql#operationErrors", "errors": [error] });
        }
        operation
    }
}

/// Starts an operation inside the transaction that accepts its work.
pub(super) fn begin(
    call: &Call,
    tx: &mut Tx,
    project: &str,
    instance: &str,
    work: Work,
) -> Result<Operation, ApiError> {
    let busy = tx
        .from::<Operation>("")
        .any(|(_, o)| o.project == project && o.instance == instance && !o.is_done());
    if busy {
        return Err(ApiError::status(
            409,
            "Operation failed because another operation was already in progress. Try your request after the current \
             operation is complete.",
        )
        .with_reason("operationInProgress"));
    }
    let operation = Operation {
        name: new_id(),
        project: project.to_owned(),
        instance: instance.to_owned(),
        work,
        inserted: call.now(),
        started: None,
        ended: None,
        failure: None,
        fault: call.effects.operation_error.as_ref().map(Failure::fault),
    };
    tx.put(&operation.name, operation.clone());
    let (app, name) = (call.app.clone(), operation.name.clone());
    tx.afterwards(move || carry_out_later(&app, name));
    Ok(operation)
}

/// Takes up the operations that a stop interrupted.
pub(super) fn resume(app: &App) {
    let view = app.store.view();
    for (name, _) in view.from::<Operation>("").filter(|(_, o)| !o.is_done()) {
        carry_out_later(app, name.to_owned());
    }
}

fn carry_out_later(app: &App, name: String) {
    let this = app.clone();
    app.spawn(async move {
        if let Err(error) = carry_out(&this, &name).await {
            tracing::error!(api = API, name, %error, "an operation could not be carried out");
        }
    });
}

async fn carry_out(app: &App, name: &str) -> Result<(), ApiError> {
    let half = app.options.operation_time / 2;
    tokio::time::sleep(half).await;
    let begun = app.store.write(|tx| {
        let Some(operation) = tx.get::<Operation>(name) else {
            return Ok(None);
        };
        let operation = Operation {
            started: Some(app.clock.now()),
            ..(*operation).clone()
        };
        tx.put(name, operation.clone());
        Ok::<_, ApiError>(Some(operation))
    })?;
    // Nothing to do when everything was reset meanwhile.
    let Some(operation) = begun else {
        return Ok(());
    };
    let outcome = match operation.fault.clone() {
        Some(fault) => Err(fault),
        None => on_the_server(app, &operation).await,
    };
    tokio::time::sleep(half).await;
    app.store.write(|tx| {
        if tx.get::<Operation>(name).is_none() {
            return Ok(());
        }
        if outcome.is_ok() {
            apply(tx, &operation, app.clock.now());
        }
        let ended = Operation {
            ended: Some(app.clock.now()),
            failure: outcome.err(),
            ..operation
        };
        tx.put(name, ended);
        Ok(())
    })
}

/// Does to a real server what the operation does to its description.
async fn on_the_server(app: &App, operation: &Operation) -> Result<(), Failure> {
    let view = app.store.view();
    let instance = view.get::<Instance>(&instance::key(&operation.project, &operation.instance));
    let Some(url) = instance.and_then(|instance| instance.postgres_url.clone()) else {
        return Ok(());
    };
    let change = match &operation.work {
        Work::Instance(_) => return Ok(()),
        Work::PutUser {
            user,
            verifier,
            new,
        } => postgres::Change::put(&user.name, verifier.as_deref(), *new),
        Work::DeleteUser(user) => postgres::Change::drop(&user.name),
    };
    postgres::apply(&url, change).await
}

fn apply(tx: &mut Tx, operation: &Operation, now: Timestamp) {
    let key = instance::key(&operation.project, &operation.instance);
    match &operation.work {
        Work::Instance(value) => {
            if let Some(old) = tx.get::<Instance>(&key) {
                let new = Instance {
                    value: value.clone(),
                    ..(*old).clone()
                };
                new.note_level(tx, now);
                tx.put(&key, new);
            }
        }
        Work::PutUser { user, .. } => {
            tx.put(&user::key(&key, &user.name, &user.host), user.clone());
        }
        Work::DeleteUser(user) => drop(tx.delete::<User>(&user::key(&key, &user.name, &user.host))),
    }
}
