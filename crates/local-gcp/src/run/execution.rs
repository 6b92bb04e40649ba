//! Executions of jobs. No container runs here: an execution is under way as long as its operation is pending, and has then
//! succeeded, unless it was cancelled or a fault let it fail.

use super::{
    methods,
    names::{self, Kind},
    resource::{Resource, any, condition},
    schema,
};
use crate::{
    app::App,
    google::{
        etag, json,
        operations::{self, Operation},
        page::Page,
        schema::Object,
    },
    http::{Answer, ApiError, Call, Code, Reply},
    store::{Record, Tx, View},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) const ANY: &str = "type.googleapis.com/google.cloud.run.v2.Execution";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Running,
    Succeeded,
    Cancelled,
    Failed,
}

/// An execution as it is stored. Its key is its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Execution {
    name: String,
    uid: String,
    /// The job's template with the overrides of this run: task count, parallelism, the tasks' template.
    template: Object,
    launch_stage: Value,
    created: Timestamp,
    ended: Option<Timestamp>,
    state: State,
    creator: String,
}

impl Record for Execution {
    const TABLE: &'static str = "run.executions";
}

impl Execution {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn created(&self) -> Timestamp {
        self.created
    }

    pub(super) fn json(&self) -> Value {
        let mut of = self.template.clone();
        let tasks = of.get("taskCount").cloned().unwrap_or_else(|| 1.into());
        of.remove("delayExecution");
        let mut set = |key: &str, value: Value| drop(of.insert(key.to_owned(), value));
        let created = json::rfc3339(self.created);
        set("name", self.name.as_str().into());
        set("uid", self.uid.as_str().into());
        set("job", names::id(names::owner(&self.name)).into());
        set("generation", "1".into());
        set("observedGeneration", "1".into());
        set("creator", self.creator.as_str().into());
        set("createTime", created.as_str().into());
        set("startTime", created.into());
        let at = self.ended.unwrap_or(self.created);
        set("updateTime", json::rfc3339(at).into());
        if let Some(ended) = self.ended {
            set("completionTime", json::rfc3339(ended).into());
        }
        if self.launch_stage.is_string() {
            set("launchStage", self.launch_stage.clone());
        }
        let (count, state) = match self.state {
            State::Running => ("runningCount", "CONDITION_RECONCILING"),
            State::Succeeded => ("succeededCount", "CONDITION_SUCCEEDED"),
            State::Cancelled => ("cancelledCount", "CONDITION_FAILED"),
            State::Failed => ("failedCount", "CONDITION_FAILED"),
        };
        set(count, tasks);
        if self.state == State::Running {
            set("reconciling", true.into());
        }
        let mut completed = condition("Completed", state, at);
        if self.state == State::Cancelled {
            completed["executionReason"] = "CANCELLED".into();
        }
        let started = condition("Started", "CONDITION_SUCCEEDED", self.created);
        set("conditions", json!([completed, started]));
        set("etag", self.etag().into());
        of.into()
    }

    fn etag(&self) -> String {
        etag::of(&(&self.uid, self.state))
    }

    /// As the job refers to its latest one.
    fn reference(&self) -> Value {
        let status = match self.state {
            State::Running => "EXECUTION_RUNNING",
            State::Succeeded => "EXECUTION_SUCCEEDED",
            State::Cancelled => "EXECUTION_CANCELLED",
            State::Failed => "EXECUTION_FAILED",
        };
        let mut reference = json!({
            "name": names::id(&self.name),
            "createTime": json::rfc3339(self.created),
            "completionStatus": status,
        });
        if let Some(ended) = self.ended {
            reference["completionTime"] = json::rfc3339(ended).into();
        }
        reference
    }
}

/// `jobs.run`.
pub(super) async fn run(call: Call) -> Answer {
    let name = call.param("name")?;
    let request = schema().body("GoogleCloudRunV2RunJobRequest", &call)?;
    let operation = call.write(|tx| {
        let execution = next(&call, tx, name, &request)?;
        if request.get("validateOnly") == Some(&Value::Bool(true)) {
            let body = any(ANY, execution.json());
            return Ok(methods::validated(&call, &execution.name, body));
        }
        begin(&call, tx, execution)
    })?;
    Reply::json(&operation)
}

/// The execution that a request asks for.
pub(super) fn next(
    call: &Call,
    tx: &Tx,
    name: &str,
    request: &Object,
) -> Result<Execution, ApiError> {
    let job = tx
        .get::<Resource>(name)
        .filter(|job| job.deleted.is_none())
        .ok_or_else(|| names::missing(Kind::Job, name))?;
    let sent = request.get("etag").and_then(Value::as_str);
    etag::check(sent, &job.etag())?;
    let template = job.spec.get("template").and_then(Value::as_object);
    let mut template = template.cloned().unwrap_or_default();
    if let Some(Value::Object(overrides)) = request.get("overrides") {
        apply(overrides, &mut template)?;
    }
    let tail = format!("{:05x}", rand::random_range(0..0x10_0000));
    Ok(Execution {
        name: format!("{name}/executions/{}-{tail}", names::id(name)),
        uid: operations::new_id(),
        template,
        launch_stage: job.spec.get("launchStage").cloned().unwrap_or_default(),
        created: call.now(),
        ended: None,
        state: State::Running,
        creator: call.app.options.service_account.clone(),
    })
}

/// Changes a job's template for one run.
fn apply(overrides: &Object, template: &mut Object) -> Result<(), ApiError> {
    if let Some(count) = overrides.get("taskCount") {
        if count.as_i64().is_some_and(|count| count < 1) {
            return Err(ApiError::invalid(
                "overrides.task_count: must be at least 1",
            ));
        }
        template.insert("taskCount".to_owned(), count.clone());
    }
    let Some(Value::Object(task)) = template.get_mut("template") else {
        return Ok(());
    };
    if let Some(timeout) = overrides.get("timeout") {
        task.insert("timeout".to_owned(), timeout.clone());
    }
    let list = overrides
        .get("containerOverrides")
        .and_then(Value::as_array);
    for change in list.into_iter().flatten() {
        let containers = task.get_mut("containers").and_then(Value::as_array_mut);
        let wanted = change["name"].as_str().unwrap_or_default();
        let container = containers.into_iter().flatten().find(|container| {
            wanted.is_empty() || container["name"].as_str().unwrap_or_default() == wanted
        });
        let container = container.ok_or_else(|| {
            ApiError::invalid(format!(
                "overrides.container_overrides: the job has no container {wanted:?}"
            ))
        })?;
        override_container(container, change);
    }
    Ok(())
}

fn override_container(container: &mut Value, change: &Value) {
    if change["clearArgs"] == true {
        container["args"] = json!([]);
    } else if let Some(args) = change.get("args") {
        container["args"] = args.clone();
    }
    let Some(new) = change["env"].as_array() else {
        return;
    };
    let mut env = container["env"].as_array().cloned().unwrap_or_default();
    for variable in new {
        env.retain(|old| old["name"] != variable["name"]);
        env.push(variable.clone());
    }
    container["env"] = env.into();
}

/// Starts an execution. One that a fault lets fail has failed at once; its operation says so later.
pub(super) fn begin(call: &Call, tx: &mut Tx, mut execution: Execution) -> Result<Value, ApiError> {
    if call.effects.operation_error.is_some() {
        execution.state = State::Failed;
        execution.ended = Some(call.now());
    }
    let job = names::owner(&execution.name).to_owned();
    if let Some(job) = tx.get::<Resource>(&job) {
        let mut job = (*job).clone();
        job.made += 1;
        job.latest_created.clone_from(&execution.name);
        tx.put(&job.name.clone(), job);
    }
    let name = execution.name.clone();
    let body = any(ANY, execution.json());
    keep(tx, execution);
    methods::operate(
        call,
        tx,
        &name,
        json!({ "do": "execute", "name": name }),
        body,
    )
}

/// Stores an execution, and what its job says of it if it is the latest.
fn keep(tx: &mut Tx, execution: Execution) {
    let job = names::owner(&execution.name);
    if let Some(job) = tx.get::<Resource>(job)
        && job.latest_created == execution.name
    {
        let job = Resource {
            latest_execution: execution.reference(),
            ..(*job).clone()
        };
        tx.put(&job.name.clone(), job);
    }
    tx.put(&execution.name.clone(), execution);
}

/// The end of the operation that [`begin`] began.
pub(super) fn finish(app: &App, tx: &mut Tx, name: &str) -> Result<Value, ApiError> {
    let execution = find(tx, name)?;
    if execution.state == State::Cancelled {
        return Err(ApiError::new(
            Code::Cancelled,
            format!("Execution {} was cancelled", names::id(name)),
        ));
    }
    let execution = Execution {
        state: State::Succeeded,
        ended: Some(app.clock.now()),
        ..execution
    };
    let body = any(ANY, execution.json());
    keep(tx, execution);
    Ok(body)
}

pub(super) fn find(view: &View, name: &str) -> Result<Execution, ApiError> {
    let found = view.get::<Execution>(name);
    found
        .map(|execution| (*execution).clone())
        .ok_or_else(|| names::missing_of("EXECUTION", name))
}

pub(super) async fn get(call: Call) -> Answer {
    Reply::json(&find(&call.view(), call.param("name")?)?.json())
}

/// The executions of one job, newest first, or (`-`) of all of them.
pub(super) async fn list(call: Call) -> Answer {
    let parent = call.param("parent")?;
    names::check_location(parent)?;
    let view = call.view();
    let prefix = match parent.strip_suffix("/-") {
        Some(all) => format!("{all}/"),
        None => {
            view.get::<Resource>(parent)
                .ok_or_else(|| names::missing(Kind::Job, parent))?;
            format!("{parent}/executions/")
        }
    };
    let page = Page::of(&call.query, "pageSize", 100, 1000)?;
    let rows = view.with_prefix::<Execution>(&prefix);
    let rows = rows.map(|(_, e)| (e.created, e.name.as_str(), e.json()));
    let (executions, next) = page.cut(newest_first(rows));
    Reply::json(&methods::listed("executions", executions, next))
}

/// Rows in the order of lists that begin with the newest, under keys that pages go by.
pub(super) fn newest_first<'a>(
    rows: impl Iterator<Item = (Timestamp, &'a str, Value)>,
) -> impl Iterator<Item = (String, Value)> {
    let mut all: Vec<_> = rows.collect();
    all.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)));
    all.into_iter().map(|(at, name, json)| {
        let age = i64::MAX - at.as_microsecond();
        (format!("{age:020} {name}"), json)
    })
}

/// Ends an execution that is under way.
pub(super) async fn cancel(call: Call) -> Answer {
    let name = call.param("name")?.to_owned();
    let request = schema().body("GoogleCloudRunV2CancelExecutionRequest", &call)?;
    let operation = call.write(|tx| begin_cancellation(&call, tx, &name, &request))?;
    Reply::json(&operation)
}

/// Cancels an execution that has not ended. Returns the operation.
pub(super) fn begin_cancellation(
    call: &Call,
    tx: &mut Tx,
    name: &str,
    request: &Object,
) -> Result<Value, ApiError> {
    let execution = find(tx, name)?;
    let sent = request.get("etag").and_then(Value::as_str);
    etag::check(sent, &execution.etag())?;
    if execution.state != State::Running {
        return Err(ApiError::precondition(format!(
            "Execution {} has ended already",
            names::id(name)
        )));
    }
    let execution = Execution {
        state: State::Cancelled,
        ended: Some(call.now()),
        ..execution
    };
    let body = any(ANY, execution.json());
    if request.get("validateOnly") == Some(&Value::Bool(true)) {
        return Ok(methods::validated(call, name, body));
    }
    keep(tx, execution);
    methods::operate(call, tx, name, json!({ "do": "nothing" }), body)
}

pub(super) async fn delete(call: Call) -> Answer {
    let name = call.param("name")?.to_owned();
    let operation = call.write(|tx| {
        let execution = find(tx, &name)?;
        etag::check(call.query.get("etag"), &execution.etag())?;
        if call.query.flag("validateOnly") {
            let body = any(ANY, execution.json());
            return Ok(methods::validated(&call, &name, body));
        }
        begin_deletion(&call, tx, &execution)
    })?;
    Reply::json(&operation)
}

/// Begins the operation that removes an execution. Returns the operation.
pub(super) fn begin_deletion(
    call: &Call,
    tx: &mut Tx,
    execution: &Execution,
) -> Result<Value, ApiError> {
    let work = json!({ "do": "deleteExecution", "name": execution.name });
    methods::operate(call, tx, &execution.name, work, any(ANY, execution.json()))
}

/// The end of a deletion.
pub(super) fn remove(tx: &mut Tx, operation: &Operation, name: &str) -> Value {
    tx.delete::<Execution>(name);
    operation.metadata.clone()
}
