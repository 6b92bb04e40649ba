//! Long-running operations, the `google.longrunning.Operation` of the newer APIs.
//!
//! An operation is pending for [`Options::operation_time`](crate::Options::operation_time) of *real* time: it stands for
//! work that Google's machines do, which a stopped clock does not stop. Its API's `on_operation` then applies the effect.

use crate::{
    app::App,
    http::{ApiError, Call},
    store::{Record, Tx},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An operation as it is stored. Its key is its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) name: String,
    /// Whose `on_operation` ends it.
    pub(crate) api: String,
    /// What the API needs to know to end it: which method, of which resource.
    pub(crate) work: Value,
    pub(crate) metadata: Value,
    pub(crate) started: Timestamp,
    /// Absent while it is pending.
    pub(crate) outcome: Option<Outcome>,
    /// The error that a fault wants it to end with.
    pub(crate) fault: Option<Value>,
}

/// How an operation ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Outcome {
    Response(Value),
    /// A `google.rpc.Status`.
    Error(Value),
}

impl Record for Operation {
    const TABLE: &'static str = "operations.operations";
}

impl Operation {
    /// As `google.longrunning.Operation`.
    pub(crate) fn json(&self) -> Value {
        let mut json =
            json!({ "name": self.name, "metadata": self.metadata, "done": self.outcome.is_some() });
        match &self.outcome {
            None => {}
            Some(Outcome::Response(response)) => json["response"] = response.clone(),
            Some(Outcome::Error(status)) => json["error"] = status.clone(),
        }
        json
    }
}

/// A fresh operation id.
pub(crate) fn new_id() -> String {
    let id = rand::random::<u128>();
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        id >> 96,
        id >> 80 & 0xffff,
        id >> 64 & 0xffff,
        id >> 48 & 0xffff,
        id & 0xffff_ffff_ffff
    )
}

/// Starts an operation inside the transaction that accepts its work.
pub(crate) fn begin(
    call: &Call,
    tx: &mut Tx,
    name: String,
    work: Value,
    metadata: Value,
) -> Operation {
    let operation = Operation {
        name: name.clone(),
        api: call.api.to_owned(),
        work,
        metadata,
        started: call.now(),
        outcome: None,
        fault: call
            .effects
            .operation_error
            .as_ref()
            .map(ApiError::rpc_status),
    };
    tx.put(&name, operation.clone());
    let app = call.app.clone();
    tx.afterwards(move || end_later(&app, name));
    operation
}

/// Takes up the operations that a stop interrupted.
pub(crate) fn resume(app: &App) {
    let view = app.store.view();
    for (name, _) in view
        .from::<Operation>("")
        .filter(|(_, operation)| operation.outcome.is_none())
    {
        end_later(app, name.to_owned());
    }
}

fn end_later(app: &App, name: String) {
    let (this, time) = (app.clone(), app.options.operation_time);
    app.spawn(async move {
        tokio::time::sleep(time).await;
        if let Err(error) = end(&this, &name) {
            tracing::error!(name, %error, "an operation could not be ended");
        }
    });
}

fn end(app: &App, name: &str) -> Result<(), ApiError> {
    let refused = app.store.write(|tx| {
        let Some(operation) = tx.get::<Operation>(name).filter(|o| o.outcome.is_none()) else {
            return Ok(());
        };
        let handler = app
            .apis
            .iter()
            .find(|api| api.name == operation.api)
            .and_then(|api| api.on_operation);
        let outcome = match (&operation.fault, handler) {
            (Some(status), _) => Outcome::Error(status.clone()),
            (None, Some(handler)) => Outcome::Response(handler(app, tx, &operation)?),
            (None, None) => Outcome::Response(json!({})),
        };
        tx.put(
            name,
            Operation {
                outcome: Some(outcome),
                ..(*operation).clone()
            },
        );
        Ok::<_, ApiError>(())
    });
    let Err(error) = refused else { return Ok(()) };
    // The effect was refused and is undone; the operation says why.
    app.store.write(|tx| {
        if let Some(operation) = tx.get::<Operation>(name) {
            let outcome = Some(Outcome::Error(error.rpc_status()));
            tx.put(
                name,
                Operation {
                    outcome,
                    ..(*operation).clone()
                },
            );
        }
        Ok(())
    })
}
