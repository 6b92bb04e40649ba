//! Executions and their tasks in the v1 form, and the run that makes one.

use super::{
    container::refuse,
    form::{self, LOCATION, RUN},
    job, region, schema,
    selector::Selector,
};
use crate::{
    app::App,
    google::{page::Page, schema::Object},
    http::{Answer, ApiError, Call, Code, Reply},
    run::{
        execution::{self, Execution, newest_first},
        names, task,
    },
    store::View,
};
use serde_json::{Value, json};
use std::sync::Arc;

const JOB: &str = "run.googleapis.com/job";
const EXECUTION: &str = "run.googleapis.com/execution";
const RUNNING_STATE: &str = "run.googleapis.com/runningState";

fn to_v1(app: &App, execution: &Execution) -> Value {
    let v2 = execution.json();
    let (project, _) = names::project_and_region(execution.name());
    let (metadata, spec) = job::template_to_v1(&v2, project);
    let fields = [
        "startTime",
        "completionTime",
        "runningCount",
        "succeededCount",
        "failedCount",
        "cancelledCount",
    ];
    json!({
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Execution",
        "metadata": own_metadata(app, execution.name(), &v2, metadata),
        "spec": spec,
        "status": status(&v2, &fields),
    })
}

/// Adds to the metadata that users gave what Cloud Run says of an execution or a task.
fn own_metadata(app: &App, name: &str, v2: &Value, mut metadata: Value) -> Value {
    let (project, region) = names::project_and_region(name);
    metadata["name"] = names::id(name).into();
    metadata["namespace"] = app.identity.project_number(project).to_string().into();
    metadata["uid"] = v2["uid"].clone();
    let etag = v2["etag"].as_str().unwrap_or_default();
    metadata["resourceVersion"] = etag.trim_matches('"').into();
    metadata["generation"] = 1.into();
    metadata["creationTimestamp"] = v2["createTime"].clone();
    metadata["labels"][LOCATION] = region.into();
    metadata["labels"][JOB] = v2["job"].clone();
    if let Some(creator) = v2.get("creator") {
        metadata["annotations"]["run.googleapis.com/creator"] = creator.clone();
    }
    metadata
}

/// The status of an execution or a task, neither of which ever has a second generation.
fn status(v2: &Value, fields: &[&str]) -> Value {
    let mut status = json!({ "observedGeneration": 1, "conditions": form::conditions(v2) });
    for field in fields {
        if let Some(value) = v2.get(field) {
            status[*field] = value.clone();
        }
    }
    status
}

fn task_to_v1(app: &App, v2: &Value) -> Value {
    let name = v2["name"].as_str().unwrap_or_default();
    let (project, _) = names::project_and_region(name);
    let of = v2.as_object().cloned().unwrap_or_default();
    let (metadata, spec) = job::task_to_v1(&of, project);
    let mut metadata = own_metadata(app, name, v2, metadata);
    metadata["labels"][EXECUTION] = v2["execution"].clone();
    metadata["labels"][RUNNING_STATE] = running_state(v2).into();
    let fields = [
        "index",
        "retried",
        "startTime",
        "completionTime",
        "lastAttemptResult",
    ];
    json!({
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Task",
        "metadata": metadata,
        "spec": spec,
        "status": status(v2, &fields),
    })
}

fn running_state(task: &Value) -> &'static str {
    let completed = &task["conditions"][0];
    match completed["state"].as_str() {
        Some("CONDITION_SUCCEEDED") => "Succeeded",
        Some("CONDITION_FAILED") if completed["executionReason"] == "CANCELLED" => "Cancelled",
        Some("CONDITION_FAILED") => "Failed",
        _ => "Running",
    }
}

/// The execution that a path means. Its id says it all: no two jobs of a region have executions of the same id.
fn find(call: &Call, view: &View) -> Result<Arc<Execution>, ApiError> {
    let (location, id) = (region::location(call)?, call.param("id")?);
    let prefix = format!("{location}/jobs/");
    let found = view
        .with_prefix::<Execution>(&prefix)
        .find(|(name, _)| names::id(name) == id);
    found
        .map(|(_, execution)| execution.clone())
        .ok_or_else(|| names::missing_of("EXECUTION", &format!("{location}/executions/{id}")))
}

pub(super) async fn get(call: Call) -> Answer {
    Reply::json(&to_v1(&call.app, &*find(&call, &call.view())?))
}

/// Newest first; of one job when the label selector says so.
pub(super) async fn list(call: Call) -> Answer {
    let selector = Selector::of(&call)?;
    let page = Page::named(&call.query, "limit", "continue", 1000, 1000)?;
    let prefix = region::prefix_of_list(&call)?;
    let view = call.view();
    let rows = view
        .with_prefix::<Execution>(&prefix)
        .map(|(name, execution)| (execution.created(), name, to_v1(&call.app, execution)))
        .filter(|(_, _, item)| selector.takes(item));
    let (items, next) = page.cut(newest_first(rows));
    Reply::json(&form::listed(RUN, "ExecutionsList", items, next))
}

pub(super) async fn delete(call: Call) -> Answer {
    let execution = find(&call, &call.view())?;
    let v2 = execution.json();
    call.write(|tx| execution::begin_deletion(&call, tx, &execution))?;
    let uid = v2["uid"].as_str().unwrap_or_default();
    Reply::json(&form::deleted(RUN, "executions", execution.name(), uid))
}

pub(super) async fn cancel(call: Call) -> Answer {
    let cancelled = call.write(|tx| {
        let name = find(&call, tx)?.name().to_owned();
        execution::begin_cancellation(&call, tx, &name, &Object::new())?;
        let execution = tx.get::<Execution>(&name);
        execution.ok_or_else(|| names::missing_of("EXECUTION", &name))
    })?;
    Reply::json(&to_v1(&call.app, &cancelled))
}

/// `namespaces.jobs.run`, which answers with the execution and not with an operation.
pub(super) async fn run(call: Call) -> Answer {
    let name = format!("{}/jobs/{}", region::location(&call)?, call.param("id")?);
    let request = to_v2(&schema().body("RunJobRequest", &call)?)?;
    let execution = call.write(|tx| {
        let execution = execution::next(&call, tx, &name, &request)?;
        let name = execution.name().to_owned();
        execution::begin(&call, tx, execution)?;
        let execution = tx.get::<Execution>(&name);
        execution.ok_or_else(|| names::missing_of("EXECUTION", &name))
    })?;
    Reply::json(&to_v1(&call.app, &execution))
}

/// The request of a run in the v2 form.
fn to_v2(sent: &Object) -> Result<Object, ApiError> {
    let Some(Value::Object(overrides)) = sent.get("overrides") else {
        return Ok(Object::new());
    };
    refuse(overrides, "overrides", &["delayExecution"])?;
    let mut overrides = overrides.clone();
    let containers = overrides
        .get("containerOverrides")
        .and_then(Value::as_array);
    let variables = containers
        .into_iter()
        .flatten()
        .filter_map(|container| container["env"].as_array())
        .flatten();
    for variable in variables {
        if variable.get("valueFrom").is_some() {
            return Err(ApiError::new(
                Code::Unimplemented,
                "overrides.containerOverrides.env.valueFrom is not served by local-gcp in the v1 form",
            ));
        }
    }
    if let Some(seconds) = overrides.remove("timeoutSeconds") {
        overrides.insert("timeout".to_owned(), format!("{seconds}s").into());
    }
    Ok(Object::from_iter([(
        "overrides".to_owned(),
        overrides.into(),
    )]))
}

/// `namespaces.tasks.get`.
pub(super) async fn get_task(call: Call) -> Answer {
    let (location, id) = (region::location(&call)?, call.param("id")?);
    let (prefix, view) = (format!("{location}/jobs/"), call.view());
    let mut tasks = view
        .with_prefix::<Execution>(&prefix)
        .filter(|(name, _)| id.starts_with(names::id(name)))
        .flat_map(|(_, execution)| task::all(execution));
    let found = tasks.find(|task| {
        task["name"]
            .as_str()
            .is_some_and(|name| names::id(name) == id)
    });
    let found =
        found.ok_or_else(|| names::missing_of("TASK", &format!("{location}/tasks/{id}")))?;
    Reply::json(&task_to_v1(&call.app, &found))
}

/// `namespaces.tasks.list`: of one execution when the label selector says so.
pub(super) async fn list_tasks(call: Call) -> Answer {
    let selector = Selector::of(&call)?;
    let page = Page::named(&call.query, "limit", "continue", 1000, 1000)?;
    let (prefix, view) = (region::prefix_of_list(&call)?, call.view());
    let rows = view
        .with_prefix::<Execution>(&prefix)
        .flat_map(|(_, execution)| task::all(execution))
        .map(|task| (task::key(&task), task_to_v1(&call.app, &task)))
        .filter(|(_, item)| selector.takes(item));
    let (items, next) = page.cut(rows);
    Reply::json(&form::listed(RUN, "TasksList", items, next))
}
