//! Jobs, executions, tasks and worker pools in the v1 form, as gcloud reads them, over the same store as v2.

use crate::{
    run_jobs::create_job,
    run_services::{PARENT, create, done, image},
    support::{Answered, Api, Result, eventually, send, start},
};
use reqwest::Method;
use serde_json::{Value, json};

const V1: &str = "/apis/run.googleapis.com/v1/namespaces/demo";

async fn run(api: &Api, body: Value) -> Result<Value> {
    api.post(&format!("{V1}/jobs/backup:run"), body).await?.ok()
}

/// Waits as gcloud does: for the condition `Completed`, by the number of the project that the execution names.
async fn completed(api: &Api, execution: &Value) -> Result<Value> {
    let text = |field: &str| execution["metadata"][field].as_str().unwrap_or_default();
    let (namespace, name) = (text("namespace"), text("name"));
    let path = format!("/apis/run.googleapis.com/v1/namespaces/{namespace}/executions/{name}");
    eventually("the end of the execution", async || {
        let execution = api.get(&path).await?.ok()?;
        let conditions = execution["status"]["conditions"].as_array();
        let completed = conditions
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == "Completed" && condition["status"] != "Unknown");
        Ok(completed.then_some(execution))
    })
    .await
}

#[tokio::test]
async fn a_job_of_v2_reads_in_v1_as_gcloud_expects_it() -> Result<()> {
    let api = start().await?;
    create_job(&api).await?;
    let job = api.get(&format!("{V1}/jobs/backup")).await?.ok()?;
    assert_eq!(
        (
            &job["apiVersion"],
            &job["kind"],
            &job["metadata"]["generation"]
        ),
        (&json!("run.googleapis.com/v1"), &json!("Job"), &json!(1))
    );
    let spec = &job["spec"]["template"]["spec"];
    assert_eq!(spec["taskCount"], 3);
    let task = &spec["template"]["spec"];
    assert_eq!(
        (&task["timeoutSeconds"], &task["maxRetries"]),
        (&json!("600"), &json!(3))
    );
    assert_eq!(task["containers"][0]["args"], json!(["run"]));
    let status = &job["status"];
    assert_eq!(
        (
            &status["executionCount"],
            &status["conditions"][0]["status"]
        ),
        (&json!(0), &json!("True"))
    );
    let missing = api.get(&format!("{V1}/jobs/none")).await?;
    assert_eq!(missing.refused()?, (404, "NOT_FOUND".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_list_holds_one_region_when_the_host_names_it_and_all_when_it_does_not() -> Result<()> {
    let api = start().await?;
    create_job(&api).await?;
    let other = "/v2/projects/demo/locations/us-east1/jobs?jobId=backup";
    let job = json!({"template": {"template": {"containers": [{"image": "img"}]}}});
    done(&api, api.post(other, job).await?.ok()?).await?;
    let regions = |listed: Answered| {
        let listed = listed.ok()?;
        let items = listed["items"].as_array().cloned().unwrap_or_default();
        let label =
            |item: &Value| item["metadata"]["labels"]["cloud.googleapis.com/location"].clone();
        anyhow::Ok(items.iter().map(label).collect::<Vec<_>>())
    };
    let all = format!("{V1}/jobs");
    assert_eq!(regions(api.get(&all).await?)?, ["europe-west1", "us-east1"]);
    let request = api.request(Method::GET, &all);
    let of_region = request.header("host", "us-east1-run.googleapis.com");
    assert_eq!(regions(send(of_region).await?)?, ["us-east1"]);
    Ok(())
}

#[tokio::test]
async fn a_run_in_v1_answers_with_the_execution_that_v2_shows() -> Result<()> {
    let api = start().await?;
    create_job(&api).await?;
    let begun = run(&api, json!({})).await?;
    let conditions = begun["status"]["conditions"].as_array().cloned();
    let started = |c: &Value| c["type"] == "Started" && c["status"] == "True";
    assert!(conditions.iter().flatten().any(started), "{begun}");
    let ended = completed(&api, &begun).await?;
    assert_eq!(ended["status"]["succeededCount"], 3);
    assert_eq!(
        ended["metadata"]["labels"]["run.googleapis.com/job"],
        "backup"
    );
    let v2 = api
        .get(&format!("{PARENT}/jobs/backup/executions"))
        .await?
        .ok()?;
    assert_eq!(v2["executions"][0]["uid"], ended["metadata"]["uid"]);
    let job = api.get(&format!("{V1}/jobs/backup")).await?.ok()?;
    let latest = &job["status"]["latestCreatedExecution"];
    assert_eq!(
        (&latest["name"], &latest["completionStatus"]),
        (&ended["metadata"]["name"], &json!("EXECUTION_SUCCEEDED"))
    );
    Ok(())
}

#[tokio::test]
async fn overrides_in_v1_change_one_execution() -> Result<()> {
    let api = start().await?;
    create_job(&api).await?;
    let env = json!([{"name": "A", "value": "2"}]);
    let overrides = json!({"overrides": {
        "taskCount": 1, "timeoutSeconds": 30, "containerOverrides": [{"args": ["x"], "env": env}],
    }});
    let spec = &run(&api, overrides).await?["spec"];
    let task = &spec["template"]["spec"];
    assert_eq!(
        (&spec["taskCount"], &task["timeoutSeconds"]),
        (&json!(1), &json!("30"))
    );
    assert_eq!(
        (
            &task["containers"][0]["args"],
            &task["containers"][0]["env"]
        ),
        (&json!(["x"]), &env)
    );
    let path = format!("{V1}/jobs/backup:run");
    for (body, named) in [
        (json!({"overrides": {"tasks": 1}}), "tasks"),
        (json!({"overrides": {"taskCount": 0}}), "task_count"),
        (
            json!({"overrides": {"delayExecution": true}}),
            "delayExecution",
        ),
    ] {
        let refused = api.post(&path, body).await?;
        assert!(
            refused.status.is_client_error() || refused.status == 501,
            "{}",
            refused.text
        );
        assert!(refused.text.contains(named), "{}", refused.text);
    }
    Ok(())
}

#[tokio::test]
async fn executions_and_tasks_are_narrowed_by_labels() -> Result<()> {
    let api = start().await?;
    create_job(&api).await?;
    let first = run(&api, json!({})).await?;
    let second = run(&api, json!({"overrides": {"taskCount": 1}})).await?;
    let (first, second) = (
        completed(&api, &first).await?,
        completed(&api, &second).await?,
    );
    let list = async |what: &str, selector: &str| {
        let request = api.request(Method::GET, &format!("{V1}/{what}"));
        let listed = send(request.query(&[("labelSelector", selector)]))
            .await?
            .ok()?;
        anyhow::Ok(listed["items"].as_array().cloned().unwrap_or_default())
    };
    let of_job = list("executions", "run.googleapis.com/job = backup").await?;
    assert_eq!(of_job, [second.clone(), first.clone()], "newest first");
    assert!(
        list("executions", "run.googleapis.com/job = other")
            .await?
            .is_empty()
    );
    let name = first["metadata"]["name"].as_str().unwrap_or_default();
    let selector = format!(
        "run.googleapis.com/execution = {name},run.googleapis.com/runningState in (Succeeded,Failed)"
    );
    let tasks = list("tasks", &selector).await?;
    let indexes: Vec<_> = tasks.iter().map(|task| &task["status"]["index"]).collect();
    assert_eq!(indexes, [0, 1, 2]);
    let second_of_first = &tasks[1]["metadata"]["name"];
    assert_eq!(*second_of_first, format!("{name}-task1"));
    let one = api.get(&format!("{V1}/tasks/{name}-task1")).await?.ok()?;
    assert_eq!(one, tasks[1]);
    let v2 = format!("{PARENT}/jobs/backup/executions/{name}/tasks");
    let listed = api.get(&format!("{v2}?pageSize=2")).await?.ok()?;
    assert_eq!(listed["tasks"].as_array().map(Vec::len), Some(2));
    let token = listed["nextPageToken"].as_str().unwrap_or_default();
    let rest = api.get(&format!("{v2}?pageToken={token}")).await?.ok()?;
    assert_eq!(rest["tasks"][0]["index"], 2);
    let uid = &tasks[1]["metadata"]["uid"];
    assert_eq!(
        &api.get(&format!("{v2}/{name}-task1")).await?.ok()?["uid"],
        uid
    );
    assert_eq!(api.get(&format!("{v2}/{name}-task3")).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn an_execution_is_cancelled_and_deleted_in_v1() -> Result<()> {
    let api = start().await?;
    create_job(&api).await?;
    let begun = run(&api, json!({})).await?;
    let name = begun["metadata"]["name"].as_str().unwrap_or_default();
    let path = format!("{V1}/executions/{name}");
    let cancelled = api.post(&format!("{path}:cancel"), json!({})).await?.ok()?;
    assert_eq!(cancelled["status"]["cancelledCount"], 3);
    assert_eq!(cancelled["status"]["conditions"][0]["reason"], "Cancelled");
    let again = api.post(&format!("{path}:cancel"), json!({})).await?;
    assert_eq!(again.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    assert_eq!(api.delete(&path).await?.ok()?["status"], "Success");
    eventually("the deletion", async || {
        Ok((api.get(&path).await?.status == 404).then_some(()))
    })
    .await?;
    let job = api.delete(&format!("{V1}/jobs/backup")).await?.ok()?;
    assert_eq!(job["details"]["group"], "run.googleapis.com");
    assert_eq!(api.get(&format!("{V1}/jobs/backup")).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn worker_pools_read_in_v1_and_services_are_not_among_them() -> Result<()> {
    let api = start().await?;
    create(&api, "web", image("img")).await?;
    let path = format!("{PARENT}/workerPools?workerPoolId=queue");
    let mut body = image("img");
    body["scaling"] = json!({"manualInstanceCount": 2});
    done(&api, api.post(&path, body).await?.ok()?).await?;
    let listed = api.get(&format!("{V1}/workerpools")).await?.ok()?;
    assert_eq!(listed["kind"], "WorkerPoolList");
    let [pool] = &listed["items"].as_array().cloned().unwrap_or_default()[..] else {
        anyhow::bail!("{listed}");
    };
    let metadata = &pool["metadata"];
    assert_eq!(
        (
            &metadata["name"],
            &metadata["annotations"]["run.googleapis.com/manualInstanceCount"]
        ),
        (&json!("queue"), &json!("2"))
    );
    assert_eq!(
        pool["spec"]["instanceSplits"],
        json!([{"latestRevision": true, "percent": 100}])
    );
    assert_eq!(pool["status"]["conditions"][0]["status"], "True");
    let one = api.get(&format!("{V1}/workerpools/queue")).await?.ok()?;
    assert_eq!(one, *pool);
    Ok(())
}
