//! Cloud Scheduler over REST: jobs that fire by the clock, and what becomes of failures.

use crate::{
    receiver::{Received, Receiver},
    support::{Api, Result, ensure, eventually, start_stopped},
};
use jiff::SignedDuration;
use local_gcp::Options;
use reqwest::Method;
use serde_json::{Value, json};

const JOBS: &str = "/v1/projects/demo/locations/europe-west1/jobs";

fn name(id: &str) -> String {
    format!("{}/{id}", &JOBS[4..])
}

/// A job that calls `uri` on a schedule, with more fields.
fn http_job(id: &str, schedule: &str, uri: &str, more: Value) -> Value {
    let mut job = json!({"name": name(id), "schedule": schedule, "httpTarget": {"uri": uri}});
    if let (Some(job), Value::Object(more)) = (job.as_object_mut(), more) {
        job.extend(more);
    }
    job
}

async fn create(api: &Api, job: Value) -> Result<Value> {
    api.post(JOBS, job).await?.ok()
}

async fn job(api: &Api, id: &str) -> Result<Value> {
    api.get(&format!("{JOBS}/{id}")).await?.ok()
}

fn schedule_times(received: &[Received]) -> Vec<&str> {
    let times = received
        .iter()
        .map(|r| r.header("x-cloudscheduler-scheduletime"));
    times.collect()
}

#[tokio::test]
async fn a_job_fires_by_the_clock_with_the_schedulers_headers_and_a_token() -> Result<()> {
    let (api, function) = (start_stopped().await?, Receiver::start().await?);
    let uri = function.url("/tick?n=1");
    let mut body = http_job("tick", "*/5 * * * *", &uri, json!({}));
    body["httpTarget"]["body"] = "aGVsbG8=".into();
    body["httpTarget"]["headers"] =
        json!({"X-Mine": "yes", "User-Agent": "mine", "X-CloudScheduler": "forged"});
    body["httpTarget"]["oidcToken"] =
        json!({"serviceAccountEmail": "tick@demo.iam.gserviceaccount.com"});
    let made = create(&api, body).await?;
    assert_eq!(
        (&made["state"], &made["timeZone"], &made["scheduleTime"]),
        (
            &json!("ENABLED"),
            &json!("Etc/UTC"),
            &json!("2026-11-01T12:05:00Z")
        )
    );
    assert_eq!(made["attemptDeadline"], "180s");
    assert_eq!(made["httpTarget"]["httpMethod"], "POST");
    api.gcp.advance(SignedDuration::from_mins(12)).await?;
    let received = function.received();
    assert_eq!(
        schedule_times(&received),
        ["2026-11-01T12:05:00Z", "2026-11-01T12:10:00Z"]
    );
    let first = &received[0];
    assert_eq!(&first.body[..], b"hello");
    for (header, value) in [
        ("user-agent", "Google-Cloud-Scheduler"),
        ("x-cloudscheduler", "true"),
        ("x-cloudscheduler-jobname", "tick"),
        ("content-type", "application/octet-stream"),
        ("x-mine", "yes"),
    ] {
        assert_eq!(first.header(header), value, "{header}");
    }
    let token = first.header("authorization").trim_start_matches("Bearer ");
    let claims = crate::identity::verify(&api, token, &uri).await?;
    assert_eq!(claims["email"], "tick@demo.iam.gserviceaccount.com");
    Ok(())
}

#[tokio::test]
async fn a_job_publishes_its_message_to_a_topic() -> Result<()> {
    let api = start_stopped().await?;
    api.put("/v1/projects/demo/topics/ticks", json!({}))
        .await?
        .ok()?;
    let subscription = "/v1/projects/demo/subscriptions/ticks";
    let body = json!({"topic": "projects/demo/topics/ticks"});
    api.put(subscription, body).await?.ok()?;
    let target = json!({"topicName": "projects/demo/topics/ticks", "data": "dXA=", "attributes": {"dir": "up"}});
    create(&api, json!({"name": name("up"), "schedule": "0 8 * * *", "timeZone": "Asia/Kolkata", "pubsubTarget": target})).await?;
    api.gcp.advance(SignedDuration::from_hours(24)).await?;
    let pull = format!("{subscription}:pull");
    let pulled = api.post(&pull, json!({"maxMessages": 10})).await?.ok()?;
    let messages = pulled["receivedMessages"].as_array().map_or(0, Vec::len);
    assert_eq!(messages, 1, "{pulled}");
    let message = &pulled["receivedMessages"][0]["message"];
    assert_eq!(
        (
            &message["data"],
            &message["attributes"],
            &message["publishTime"]
        ),
        (
            &json!("dXA="),
            &json!({"dir": "up"}),
            &json!("2026-11-02T02:30:00Z")
        )
    );
    api.delete("/v1/projects/demo/topics/ticks").await?.ok()?;
    api.gcp.advance(SignedDuration::from_hours(24)).await?;
    assert_eq!(job(&api, "up").await?["status"]["code"], 5);
    Ok(())
}

#[tokio::test]
async fn a_failed_run_is_tried_again_with_growing_pauses_and_the_same_schedule_time() -> Result<()>
{
    let (api, function) = (start_stopped().await?, Receiver::start().await?);
    let retry =
        json!({"retryConfig": {"retryCount": 3, "minBackoffDuration": "10s", "maxDoublings": 1}});
    create(
        &api,
        http_job("tick", "0 * * * *", &function.url("/"), retry),
    )
    .await?;
    function.answer(&[503, 404, 302]);
    api.gcp.advance(SignedDuration::from_mins(60)).await?;
    assert_eq!(function.received().len(), 1);
    let failed = job(&api, "tick").await?;
    assert_eq!(
        (&failed["status"]["code"], &failed["scheduleTime"]),
        (&json!(14), &json!("2026-11-01T13:00:10Z"))
    );
    for (seconds, count) in [(9, 1), (1, 2), (19, 2), (1, 3), (39, 3), (1, 4)] {
        api.gcp.advance(SignedDuration::from_secs(seconds)).await?;
        assert_eq!(function.received().len(), count);
    }
    assert_eq!(
        schedule_times(&function.received()),
        ["2026-11-01T13:00:00Z"; 4]
    );
    let done = job(&api, "tick").await?;
    assert_eq!(
        (&done["status"], &done["scheduleTime"]),
        (&json!({}), &json!("2026-11-01T14:00:00Z"))
    );
    Ok(())
}

#[tokio::test]
async fn a_job_without_retries_waits_for_its_next_time() -> Result<()> {
    let (api, function) = (start_stopped().await?, Receiver::start().await?);
    create(
        &api,
        http_job("tick", "*/10 * * * *", &function.url("/"), json!({})),
    )
    .await?;
    function.answer(&[500, 204]);
    api.gcp.advance(SignedDuration::from_mins(20)).await?;
    let times = function.received();
    assert_eq!(
        schedule_times(&times),
        ["2026-11-01T12:10:00Z", "2026-11-01T12:20:00Z"]
    );
    Ok(())
}

#[tokio::test]
async fn a_run_that_is_due_waits_for_the_one_before() -> Result<()> {
    let (api, function) = (start_stopped().await?, Receiver::start().await?);
    let slow = json!({"attemptDeadline": "1800s"});
    create(
        &api,
        http_job("slow", "*/5 * * * *", &function.url("/hang"), slow),
    )
    .await?;
    let clock = json!({"advance": "16m", "settle": "100ms"});
    api.post("/_local/clock", clock).await?.ok()?;
    function.wait_for(1).await?;
    assert_eq!(function.received().len(), 1);
    function.release();
    let both = function.wait_for(2).await?;
    // Of the runs that were due meanwhile, the first is made up for.
    assert_eq!(
        schedule_times(&both),
        ["2026-11-01T12:05:00Z", "2026-11-01T12:10:00Z"]
    );
    function.release();
    Ok(())
}

#[tokio::test]
async fn an_attempt_without_an_answer_ends_at_its_deadline() -> Result<()> {
    let (api, function) = (start_stopped().await?, Receiver::start().await?);
    let short = json!({"attemptDeadline": "15s"});
    create(
        &api,
        http_job("slow", "*/5 * * * *", &function.url("/hang"), short),
    )
    .await?;
    api.post("/_local/clock", json!({"advance": "5m", "settle": "50ms"}))
        .await?
        .ok()?;
    function.wait_for(1).await?;
    api.post("/_local/clock", json!({"advance": "15s", "settle": "50ms"}))
        .await?
        .ok()?;
    eventually("the end of the attempt", async || {
        let code = job(&api, "slow").await?["status"]["code"].clone();
        Ok(Some(()).filter(|()| code == 4))
    })
    .await
}

#[tokio::test]
async fn a_paused_job_does_not_fire_until_it_is_resumed() -> Result<()> {
    let (api, function) = (start_stopped().await?, Receiver::start().await?);
    create(
        &api,
        http_job("tick", "*/5 * * * *", &function.url("/"), json!({})),
    )
    .await?;
    let paused = api
        .post(&format!("{JOBS}/tick:pause"), json!({}))
        .await?
        .ok()?;
    assert_eq!(paused["state"], "PAUSED");
    assert!(paused["scheduleTime"].is_null(), "{paused}");
    let again = api.post(&format!("{JOBS}/tick:pause"), json!({})).await?;
    assert_eq!(again.refused()?, (400, "FAILED_PRECONDITION".to_owned()));
    api.gcp.advance(SignedDuration::from_mins(7)).await?;
    assert!(function.received().is_empty());
    // An empty body, as gcloud sends it.
    let resumed = crate::support::send(api.request(Method::POST, &format!("{JOBS}/tick:resume")));
    assert_eq!(resumed.await?.ok()?["scheduleTime"], "2026-11-01T12:10:00Z");
    api.gcp.advance(SignedDuration::from_mins(3)).await?;
    assert_eq!(function.received().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_job_can_be_run_at_once_even_when_it_is_paused() -> Result<()> {
    let (api, function) = (start_stopped().await?, Receiver::start().await?);
    create(
        &api,
        http_job("tick", "0 0 1 1 *", &function.url("/"), json!({})),
    )
    .await?;
    api.post(&format!("{JOBS}/tick:pause"), json!({}))
        .await?
        .ok()?;
    api.post(&format!("{JOBS}/tick:run"), json!({}))
        .await?
        .ok()?;
    let received = function.wait_for(1).await?;
    assert_eq!(schedule_times(&received), ["2026-11-01T12:00:00Z"]);
    assert_eq!(
        job(&api, "tick").await?["lastAttemptTime"],
        "2026-11-01T12:00:00Z"
    );
    Ok(())
}

#[tokio::test]
async fn a_patch_changes_what_its_mask_names_and_nothing_else() -> Result<()> {
    let (api, function) = (start_stopped().await?, Receiver::start().await?);
    let more = json!({"timeZone": "Europe/Berlin", "retryConfig": {"retryCount": 3}, "description": "kept"});
    let before = create(
        &api,
        http_job("tick", "0 3 * * *", &function.url("/"), more),
    )
    .await?;
    // gcloud sends its defaults for all other fields along.
    let body = json!({"schedule": "0 4 * * *", "timeZone": "Etc/UTC", "httpTarget": {}, "retryConfig": {"retryCount": 0}});
    let path = format!("{JOBS}/tick?updateMask=schedule");
    let after = api.patch(&path, body).await?.ok()?;
    assert_eq!(
        (&after["schedule"], &after["scheduleTime"]),
        (&json!("0 4 * * *"), &json!("2026-11-02T03:00:00Z"))
    );
    for field in ["timeZone", "httpTarget", "retryConfig", "description"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    let path = format!("{JOBS}/tick?updateMask=retry_config.retry_count,time_zone");
    let body = json!({"retryConfig": {"retryCount": 1}, "timeZone": "UTC"});
    let after = api.patch(&path, body).await?.ok()?;
    assert_eq!(
        (&after["retryConfig"]["retryCount"], &after["scheduleTime"]),
        (&json!(1), &json!("2026-11-02T04:00:00Z"))
    );
    let unknown = api
        .patch(&format!("{JOBS}/tick?updateMask=nope"), json!({}))
        .await?;
    assert_eq!(unknown.refused()?, (400, "INVALID_ARGUMENT".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_job_that_cannot_be_is_refused_with_the_field_named() -> Result<()> {
    let api = start_stopped().await?;
    let good = http_job("tick", "* * * * *", "http://127.0.0.1:1/", json!({}));
    // What is wrong with it, and what the refusal says.
    let wrongs = json!([
        ["/schedule", "every 5 minutes", "schedule"],
        ["/schedule", "", "schedule"],
        ["/timeZone", "Mars/Olympus", "time_zone"],
        ["/httpTarget/uri", "127.0.0.1/x", "http_target.uri"],
        ["/httpTarget/httpMethod", "FETCH", "httpTarget.httpMethod"],
        ["/httpTarget/body", "%%", "httpTarget.body"],
        ["/httpTarget/oauthToken", {"serviceAccountEmail": "a@b"}, "oauth_token"],
        ["/httpTarget/oidcToken", {}, "service_account_email"],
        ["/attemptDeadline", "5s", "attempt_deadline"],
        ["/retryConfig", {"retryCount": 6}, "retry_count"],
        ["/retryConfig", {"minBackoffDuration": "7200s"}, "min_backoff_duration"],
        ["/pubsubTarget", {"topicName": "projects/demo/topics/t"}, "one target"],
        ["/name", "projects/other/locations/x/jobs/y", "job.name"],
        ["/shedule", "* * * * *", "shedule"],
    ]);
    for wrong in wrongs.as_array().into_iter().flatten() {
        let mut body = good.clone();
        let pointer = wrong[0].as_str().unwrap_or_default();
        let (parent, key) = pointer.rsplit_once('/').unwrap_or_default();
        if let Some(parent) = body.pointer_mut(parent) {
            parent[key] = wrong[1].clone();
        }
        let refused = api.post(JOBS, body).await?;
        assert_eq!(
            refused.refused()?,
            (400, "INVALID_ARGUMENT".to_owned()),
            "{wrong}"
        );
        let wanted = wrong[2].as_str().unwrap_or_default();
        assert!(refused.text.contains(wanted), "{wrong}: {}", refused.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_job_shows_its_last_attempt_and_its_next_time() -> Result<()> {
    let (api, function) = (start_stopped().await?, Receiver::start().await?);
    let good = http_job("tick", "*/5 * * * *", &function.url("/"), json!({}));
    create(&api, good.clone()).await?;
    api.gcp.advance(SignedDuration::from_mins(12)).await?;
    let after = job(&api, "tick").await?;
    assert_eq!(
        (
            &after["lastAttemptTime"],
            &after["status"],
            &after["scheduleTime"]
        ),
        (
            &json!("2026-11-01T12:10:00Z"),
            &json!({}),
            &json!("2026-11-01T12:15:00Z")
        )
    );
    let taken = api.post(JOBS, good).await?;
    assert_eq!(taken.refused()?, (409, "ALREADY_EXISTS".to_owned()));
    let missing = api.get(&format!("{JOBS}/nope")).await?;
    assert_eq!(missing.refused()?, (404, "NOT_FOUND".to_owned()));
    Ok(())
}

#[tokio::test]
async fn jobs_are_listed_in_pages_and_a_deleted_one_is_silent() -> Result<()> {
    let (api, function) = (start_stopped().await?, Receiver::start().await?);
    for id in ["a", "b", "c"] {
        create(
            &api,
            http_job(id, "*/5 * * * *", &function.url("/"), json!({})),
        )
        .await?;
    }
    let first = api.get(&format!("{JOBS}?pageSize=2")).await?.ok()?;
    assert_eq!(first["jobs"].as_array().map(Vec::len), Some(2));
    let token = first["nextPageToken"].as_str().unwrap_or_default();
    let rest = api
        .get(&format!("{JOBS}?pageSize=2&pageToken={token}"))
        .await?
        .ok()?;
    assert_eq!(rest["jobs"][0]["name"], name("c"));
    for id in ["a", "b"] {
        api.delete(&format!("{JOBS}/{id}")).await?.ok()?;
    }
    api.gcp.advance(SignedDuration::from_mins(5)).await?;
    assert_eq!(function.received().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_job_can_call_a_google_api_which_is_this_one() -> Result<()> {
    let api = start_stopped().await?;
    let path = "/v2/projects/demo/locations/europe-west1/services/web";
    let create_path = path.replace("/web", "?serviceId=web");
    let service = json!({"template": {"containers": [{"image": "img"}]}});
    api.post(&create_path, service).await?.ok()?;
    let mut body = http_job(
        "up",
        "0 13 * * *",
        &format!("https://run.googleapis.com{path}?updateMask=scaling.minInstanceCount"),
        json!({}),
    );
    body["httpTarget"]["httpMethod"] = "PATCH".into();
    body["httpTarget"]["body"] = "eyJzY2FsaW5nIjp7Im1pbkluc3RhbmNlQ291bnQiOjN9fQ==".into();
    body["httpTarget"]["oauthToken"] =
        json!({"serviceAccountEmail": "up@demo.iam.gserviceaccount.com"});
    create(&api, body).await?;
    api.gcp.advance(SignedDuration::from_hours(2)).await?;
    let service = api.get(path).await?.ok()?;
    ensure!(service["scaling"]["minInstanceCount"] == 3, "{service}");
    assert_eq!(job(&api, "up").await?["status"], json!({}));
    Ok(())
}

#[tokio::test]
async fn a_restart_keeps_the_schedule_and_repeats_an_interrupted_attempt() -> Result<()> {
    let (folder, function) = (tempfile::tempdir()?, Receiver::start().await?);
    let options = || -> Result<Options> {
        Ok(Options {
            state: Some(folder.path().to_owned()),
            ..Options::stopped_at("2026-11-01T12:04:00Z".parse()?)
        })
    };
    let api = Api::start(options()?).await?;
    create(
        &api,
        http_job("tick", "*/5 * * * *", &function.url("/hang"), json!({})),
    )
    .await?;
    api.post("/_local/clock", json!({"advance": "1m", "settle": "50ms"}))
        .await?
        .ok()?;
    function.wait_for(1).await?;
    api.gcp.stop().await;
    let api = Api::start(options()?).await?;
    let again = function.wait_for(2).await?;
    assert_eq!(schedule_times(&again), ["2026-11-01T12:05:00Z"; 2]);
    function.release();
    eventually("the outcome", async || {
        let ended = job(&api, "tick").await?["status"] == json!({});
        Ok(Some(()).filter(|()| ended))
    })
    .await
}

#[tokio::test]
async fn jobs_are_seeded() -> Result<()> {
    let (api, function) = (start_stopped().await?, Receiver::start().await?);
    let job = http_job("tick", "*/5 * * * *", &function.url("/"), json!({}));
    api.gcp.seed(json!({"cloudscheduler": {"jobs": [job]}}))?;
    api.gcp.advance(SignedDuration::from_mins(5)).await?;
    assert_eq!(function.received().len(), 1);
    let bad = json!({"cloudscheduler": {"jobs": [{"name": "x"}]}});
    assert!(api.gcp.seed(bad).is_err());
    Ok(())
}
