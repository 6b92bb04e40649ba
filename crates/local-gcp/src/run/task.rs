//! Tasks of executions. All that is known of one follows from its execution, so none is stored.

use super::{
    execution::{self, Execution},
    methods, names,
};
use crate::{
    google::{etag, page::Page},
    http::{Answer, Call, Reply},
};
use serde_json::{Value, json};

/// What a task says as its execution does.
const SHARED: [&str; 11] = [
    "job",
    "labels",
    "annotations",
    "generation",
    "observedGeneration",
    "createTime",
    "startTime",
    "updateTime",
    "completionTime",
    "reconciling",
    "conditions",
];

/// The tasks of an execution in the v2 form, by index.
pub(super) fn all(execution: &Execution) -> impl Iterator<Item = Value> + use<> {
    let (name, execution) = (execution.name().to_owned(), execution.json());
    let count = execution["taskCount"].as_i64().unwrap_or(1);
    (0..count).map(move |index| json(&name, &execution, index))
}

fn json(of: &str, execution: &Value, index: i64) -> Value {
    let mut task = execution["template"].clone();
    for field in SHARED {
        if let Some(value) = execution.get(field) {
            task[field] = value.clone();
        }
    }
    let id = names::id(of);
    task["name"] = format!("{of}/tasks/{id}-task{index}").into();
    task["execution"] = id.into();
    task["uid"] = uid(execution["uid"].as_str().unwrap_or_default(), index).into();
    task["index"] = index.into();
    task["scheduledTime"] = execution["createTime"].clone();
    task["etag"] = etag::of(&(&execution["etag"], index)).into();
    if execution.get("succeededCount").is_some() {
        task["lastAttemptResult"] = json!({ "status": {}, "exitCode": 0 });
    } else if execution.get("failedCount").is_some() {
        task["lastAttemptResult"] = json!({ "exitCode": 1 });
    }
    task
}

/// The execution's id with the index in its last digits.
fn uid(of_execution: &str, index: i64) -> String {
    let at = of_execution.len().saturating_sub(6);
    let (head, tail) = of_execution.split_at_checked(at).unwrap_or_default();
    let tail = i64::from_str_radix(tail, 16).unwrap_or_default();
    format!("{head}{:06x}", (tail ^ (index + 1)) & 0xff_ffff)
}

/// Where a task stands in a list.
pub(super) fn key(task: &Value) -> String {
    let execution = task["name"].as_str().unwrap_or_default();
    let (execution, _) = execution.rsplit_once('/').unwrap_or_default();
    format!(
        "{execution} {:06}",
        task["index"].as_i64().unwrap_or_default()
    )
}

pub(super) async fn get(call: Call) -> Answer {
    let name = call.param("name")?;
    let (owner, _) = name.rsplit_once("/tasks/").unwrap_or_default();
    let missing = || names::missing_of("TASK", name);
    let execution = execution::find(&call.view(), owner).map_err(|_| missing())?;
    let found = all(&execution).find(|task| task["name"] == name);
    Reply::json(&found.ok_or_else(missing)?)
}

pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "pageSize", 100, 1000)?;
    let execution = execution::find(&call.view(), call.param("parent")?)?;
    let (tasks, next) = page.cut(all(&execution).map(|task| (key(&task), task)));
    Reply::json(&methods::listed("tasks", tasks, next))
}
