//! Long-running operations of Cloud Run: how they end, and the methods that show them.

use super::{
    execution, methods, names,
    names::Kind,
    resource::{Resource, any},
    revision::{self, Revision},
};
use crate::{
    app::App,
    google::{json, operations::Operation, page::Page},
    http::{Answer, ApiError, Call, Reply},
    store::{Tx, View},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Lets come true what an operation was begun for.
pub(super) fn finish(app: &App, tx: &mut Tx, operation: &Operation) -> Result<Value, ApiError> {
    let name = operation.work["name"].as_str().unwrap_or_default();
    match operation.work["do"].as_str() {
        Some("reconcile") => {
            let kind = Kind::of(name)?;
            let Some(resource) = tx.get::<Resource>(name) else {
                return Err(ApiError::aborted(format!("{name} was deleted meanwhile")));
            };
            let mut resource = (*resource).clone();
            // A later change that is under way ends with its own operation.
            if operation.work["generation"] == resource.generation {
                resource.observed = resource.generation;
                resource.latest_ready.clone_from(&resource.latest_created);
                resource.settled = app.clock.now();
                tx.put(name, resource.clone());
            }
            Ok(any(kind.any(), resource.json(app, kind)))
        }
        Some("delete") => {
            methods::remove(tx, name);
            Ok(operation.metadata.clone())
        }
        Some("deleteRevision") => {
            tx.delete::<Revision>(name);
            Ok(any(revision::ANY, operation.metadata.clone()))
        }
        Some("execute") => execution::finish(app, tx, name),
        Some("deleteExecution") => Ok(execution::remove(tx, operation, name)),
        Some("nothing") => Ok(operation.metadata.clone()),
        other => Err(ApiError::internal(format!("an operation for {other:?}"))),
    }
}

fn find(view: &View, name: &str) -> Result<Operation, ApiError> {
    let found = view.get::<Operation>(name);
    found
        .map(|operation| (*operation).clone())
        .ok_or_else(|| names::missing_of("OPERATION", name))
}

pub(super) async fn get(call: Call) -> Answer {
    Reply::json(&find(&call.view(), call.param("name")?)?.json())
}

pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "pageSize", 100, 1000)?;
    let prefix = format!("{}/operations/", call.param("name")?);
    let view = call.view();
    let rows = view
        .with_prefix::<Operation>(&prefix)
        .filter(|(_, operation)| operation.api == call.api)
        .map(|(name, operation)| (name.to_owned(), operation.json()));
    let (operations, next) = page.cut(rows);
    Reply::json(&methods::listed("operations", operations, next))
}

pub(super) async fn delete(call: Call) -> Answer {
    let name = find(&call.view(), call.param("name")?)?.name;
    call.write(|tx| {
        tx.delete::<Operation>(&name);
        Ok(())
    })?;
    Reply::json(&json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wait {
    #[serde(default, with = "json::option_duration")]
    timeout: Option<jiff::SignedDuration>,
}

/// How long a call waits that does not say how long.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);

/// Answers when the operation has ended, or with the pending operation when the time is up.
pub(super) async fn wait(call: Call) -> Answer {
    let wait: Wait = call.json()?;
    let timeout = wait
        .timeout
        .map_or(DEFAULT_WAIT, jiff::SignedDuration::unsigned_abs);
    let (app, name) = (call.app.clone(), call.param("name")?.to_owned());
    let mut commits = app.store.commits();
    let ended = async {
        loop {
            let operation = find(&app.store.view(), &name)?;
            if operation.outcome.is_some() || commits.changed().await.is_err() {
                return Ok::<_, ApiError>(operation);
            }
        }
    };
    match tokio::time::timeout(timeout, ended).await {
        Ok(operation) => Reply::json(&operation?.json()),
        Err(_) => Reply::json(&find(&app.store.view(), &name)?.json()),
    }
}
