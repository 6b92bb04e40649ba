//! Cloud Run jobs, worker pools and the quota of writes over REST.

use crate::{
    run_services::{PARENT, create, done, ended, image},
    support::{Api, Result, ensure, start},
};
use local_gcp::{Code, Fault, Options};
use serde_json::{Value, json};

const JOB: &str = "/v2/projects/demo/locations/europe-west1/jobs/backup";

fn job() -> Value {
    json!({"template": {"taskCount": 3, "template": {"containers": [
        {"image": "img", "args": ["run"], "env": [{"name": "A", "value": "1"}]}
    ]}}})
}

pub(crate) async fn create_job(api: &Api) -> Result<Value> {
    let path = format!("{PARENT}/jobs?jobId=backup");
    done(api, api.post(&path, job()).await?.ok()?).await
}

#[tokio::test]
async fn a_job_is_made_with_googles_defaults_and_replaced_whole() -> Result<()> {
    let api = start().await?;
    let made = create_job(&api).await?;
    let task = &made["template"]["template"];
    assert_eq!(
        (&task["timeout"], &task["maxRetries"]),
        (&json!("600s"), &json!(3))
    );
    assert_eq!(made["terminalCondition"]["state"], "CONDITION_SUCCEEDED");
    assert!(made.get("latestReadyRevision").is_none());
    let mut body = job();
    body["template"]["taskCount"] = 1.into();
    let patched = done(&api, api.patch(JOB, body.clone()).await?.ok()?).await?;
    assert_eq!(
        (&patched["template"]["taskCount"], &patched["generation"]),
        (&json!(1), &json!("2"))
    );
    body["template"]["taskCount"] = 0.into();
    let refused = api.patch(JOB, body).await?;
    assert_eq!(refused.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
    assert!(refused.text.contains("taskCount"), "{}", refused.text);
    Ok(())
}

#[tokio::test]
async fn running_a_job_makes_an_execution_that_ends_with_its_operation() -> Result<()> {
    let api = start().await?;
    create_job(&api).await?;
    let operation = api.post(&format!("{JOB}:run"), json!({})).await?.ok()?;
    let name = operation["metadata"]["name"].as_str().unwrap_or_default();
    let path = format!("/v2/{name}");
    let running = api.get(&path).await?.ok()?;
    assert_eq!(
        (&running["runningCount"], &running["reconciling"]),
        (&json!(3), &json!(true))
    );
    let ended = done(&api, operation.clone()).await?;
    assert_eq!(
        ended["@type"],
        "type.googleapis.com/google.cloud.run.v2.Execution"
    );
    assert_eq!(
        (&ended["succeededCount"], &ended["job"]),
        (&json!(3), &json!("backup"))
    );
    assert_eq!(ended["conditions"][0]["state"], "CONDITION_SUCCEEDED");
    let job = api.get(JOB).await?.ok()?;
    assert_eq!(job["executionCount"], 1);
    assert_eq!(
        job["latestCreatedExecution"]["completionStatus"],
        "EXECUTION_SUCCEEDED"
    );
    assert_eq!(job["generation"], "1");
    let listed = api.get(&format!("{JOB}/executions")).await?.ok()?;
    assert_eq!(listed["executions"][0]["name"], name);
    let everywhere = api
        .get(&format!("{PARENT}/jobs/-/executions"))
        .await?
        .ok()?;
    assert_eq!(everywhere, listed);
    done(&api, api.delete(&path).await?.ok()?).await?;
    assert_eq!(api.get(&path).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn overrides_change_one_execution_and_not_the_job() -> Result<()> {
    let api = start().await?;
    create_job(&api).await?;
    let before = api.get(JOB).await?.ok()?;
    let overrides = json!({"overrides": {"taskCount": 1, "timeout": "60s", "containerOverrides": [
        {"args": ["verify"], "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}]}
    ]}});
    let operation = api.post(&format!("{JOB}:run"), overrides).await?.ok()?;
    let execution = done(&api, operation).await?;
    let container = &execution["template"]["containers"][0];
    assert_eq!(container["args"], json!(["verify"]));
    assert_eq!(
        container["env"],
        json!([{"name": "A", "value": "2"}, {"name": "B", "value": "3"}])
    );
    assert_eq!(
        (&execution["template"]["timeout"], &execution["taskCount"]),
        (&json!("60s"), &json!(1))
    );
    assert_eq!(api.get(JOB).await?.ok()?["template"], before["template"]);
    let unknown = json!({"overrides": {"containerOverrides": [{"name": "sidecar"}]}});
    let refused = api.post(&format!("{JOB}:run"), unknown).await?;
    assert_eq!(refused.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
    Ok(())
}

#[tokio::test]
async fn an_execution_that_is_cancelled_or_is_to_fail_says_so() -> Result<()> {
    let api = Api::start(Options {
        operation_time: std::time::Duration::from_secs(2),
        ..Options::default()
    })
    .await?;
    create_job(&api).await?;
    let run = format!("{JOB}:run");
    let operation = api.post(&run, json!({})).await?.ok()?;
    let name = operation["metadata"]["name"].as_str().unwrap_or_default();
    let cancel = api.post(&format!("/v2/{name}:cancel"), json!({})).await?;
    assert_eq!(cancel.ok()?["metadata"]["cancelledCount"], 3);
    let again = api.post(&format!("/v2/{name}:cancel"), json!({})).await?;
    assert_eq!(again.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    let cancelled = ended(&api, operation).await?;
    assert_eq!(cancelled["error"]["code"], 1, "{cancelled}");
    api.gcp.faults().add(Fault {
        fail_operation: Some(Code::Internal),
        ..Fault::on("run.projects.locations.jobs.run")
    });
    let failed = ended(&api, api.post(&run, json!({})).await?.ok()?).await?;
    assert_eq!(failed["error"]["code"], 13);
    let job = api.get(JOB).await?.ok()?;
    assert_eq!(
        job["latestCreatedExecution"]["completionStatus"],
        "EXECUTION_FAILED"
    );
    Ok(())
}

#[tokio::test]
async fn a_worker_pool_scales_by_its_manual_count_without_a_revision() -> Result<()> {
    let api = start().await?;
    let mut body = image("img");
    body["scaling"] = json!({"manualInstanceCount": 2});
    let path = format!("{PARENT}/workerPools?workerPoolId=pool");
    let made = done(&api, api.post(&path, body).await?.ok()?).await?;
    assert_eq!(made["instanceSplitStatuses"][0]["percent"], 100);
    let pool = format!("{PARENT}/workerPools/pool");
    let scaled = api
        .patch(
            &format!("{pool}?updateMask=scaling.manual_instance_count"),
            json!({"scaling": {"manualInstanceCount": 0}}),
        )
        .await?
        .ok()?;
    let scaled = done(&api, scaled).await?;
    assert_eq!(scaled["scaling"], json!({"manualInstanceCount": 0}));
    assert_eq!(scaled["latestReadyRevision"], made["latestReadyRevision"]);
    let refused = api
        .patch(
            &format!("{pool}?updateMask=scaling"),
            json!({"scaling": {"minInstanceCount": 1}}),
        )
        .await?;
    assert_eq!(refused.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
    let revisions = api.get(&format!("{pool}/revisions")).await?.ok()?;
    assert_eq!(revisions["revisions"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn writes_beyond_the_quota_of_a_region_wait_for_the_next_minute() -> Result<()> {
    let api = Api::start(Options {
        run_writes_per_minute: Some(2),
        ..Options::stopped_at("2026-11-01T12:00:30Z".parse()?)
    })
    .await?;
    create(&api, "a", image("img")).await?;
    create(&api, "b", image("img")).await?;
    let path = format!("{PARENT}/services/a?updateMask=scaling.minInstanceCount");
    let body = json!({"scaling": {"minInstanceCount": 1}});
    let refused = api.patch(&path, body.clone()).await?;
    assert_eq!(refused.refused()?, (429, "RESOURCE_EXHAUSTED".to_owned()));
    assert!(refused.text.contains("WritePerMinutePerProjectRegion"));
    // Reads, dry runs and other regions have their own.
    api.get(&format!("{PARENT}/services/a")).await?.ok()?;
    api.patch(&format!("{path}&validateOnly=true"), body.clone())
        .await?
        .ok()?;
    let elsewhere = PARENT.replace("europe-west1", "us-central1");
    api.post(&format!("{elsewhere}/services?serviceId=a"), image("img"))
        .await?
        .ok()?;
    api.gcp.advance(jiff::SignedDuration::from_secs(30)).await?;
    let patched = done(&api, api.patch(&path, body).await?.ok()?).await?;
    ensure!(patched["scaling"]["minInstanceCount"] == 1, "{patched}");
    Ok(())
}
