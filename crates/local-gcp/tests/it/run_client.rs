//! The official Rust clients of Cloud Run and Cloud Scheduler.

use crate::{
    receiver::Receiver,
    run_jobs,
    support::{Api, Result, ensure, start},
};
use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::paginator::ItemPaginator as _;
use google_cloud_lro::Poller as _;
use google_cloud_run_v2::{
    client::{Jobs, Services, WorkerPools},
    model::{
        Container, RevisionTemplate, Service, ServiceScaling, WorkerPool, WorkerPoolScaling,
        service_scaling::ScalingMode,
    },
};
use google_cloud_scheduler_v1::{
    client::CloudScheduler,
    model::{HttpTarget, Job, job::State},
};
use google_cloud_wkt::FieldMask;

const PARENT: &str = "projects/demo/locations/europe-west1";
const WEB: &str = "projects/demo/locations/europe-west1/services/web";

async fn services(api: &Api) -> Result<Services> {
    Ok(Services::builder()
        .with_endpoint(api.gcp.url())
        .with_credentials(anonymous::Builder::new().build())
        .build()
        .await?)
}

async fn created(client: &Services) -> Result<Service> {
    let template = RevisionTemplate::new().set_containers([Container::new().set_image("img")]);
    let service = Service::new().set_template(template);
    Ok(client
        .create_service()
        .set_parent(PARENT)
        .set_service_id("web")
        .set_service(service)
        .poller()
        .until_done()
        .await?)
}

/// Changes the scaling of `web` where `paths` say so.
async fn scale(
    client: &Services,
    etag: &str,
    scaling: ServiceScaling,
    paths: &[&str],
) -> google_cloud_run_v2::Result<Service> {
    let service = Service::new()
        .set_name(WEB)
        .set_etag(etag)
        .set_scaling(scaling);
    client
        .update_service()
        .set_service(service)
        .set_update_mask(FieldMask::default().set_paths(paths.iter().copied()))
        .poller()
        .until_done()
        .await
}

#[tokio::test]
async fn a_service_is_made_scaled_and_set_back_by_its_mask() -> Result<()> {
    let api = start().await?;
    let client = services(&api).await?;
    let made = created(&client).await?;
    let scaling = ServiceScaling::new().set_min_instance_count(3);
    let minimum = ["scaling.min_instance_count"];
    let scaled = scale(&client, &made.etag, scaling, &minimum).await?;
    let count = |service: &Service| service.scaling.as_ref().map(|s| s.min_instance_count);
    assert_eq!((count(&scaled), scaled.generation), (Some(3), 2));
    assert_eq!(scaled.latest_ready_revision, made.latest_ready_revision);
    // The client leaves a zero out of the body.
    let zero = ServiceScaling::new().set_min_instance_count(0);
    let scaled = scale(&client, &scaled.etag, zero, &minimum).await?;
    assert_eq!(count(&scaled), Some(0));
    let off = ServiceScaling::new()
        .set_scaling_mode(ScalingMode::Manual)
        .set_manual_instance_count(0);
    let paths = ["scaling.scaling_mode", "scaling.manual_instance_count"];
    let scaled = scale(&client, &scaled.etag, off, &paths).await?;
    let scaling = scaled.scaling.unwrap_or_default();
    assert_eq!(
        (scaling.scaling_mode, scaling.manual_instance_count),
        (ScalingMode::Manual, Some(0))
    );
    Ok(())
}

#[tokio::test]
async fn a_change_on_an_old_etag_is_refused_as_aborted() -> Result<()> {
    let api = start().await?;
    let client = services(&api).await?;
    let made = created(&client).await?;
    let minimum = ["scaling.min_instance_count"];
    let to = |count| ServiceScaling::new().set_min_instance_count(count);
    scale(&client, &made.etag, to(1), &minimum).await?;
    let refused = scale(&client, &made.etag, to(2), &minimum).await;
    let error = refused.err().and_then(|error| {
        let status = error.status()?.code.name().to_owned();
        Some((error.http_status_code()?, status))
    });
    assert_eq!(error, Some((409, "ABORTED".to_owned())));
    let now = client.get_service().set_name(WEB).send().await?;
    assert_eq!(now.scaling.map(|s| s.min_instance_count), Some(1));
    Ok(())
}

#[tokio::test]
async fn services_are_listed_over_pages() -> Result<()> {
    let api = start().await?;
    let client = services(&api).await?;
    created(&client).await?;
    for id in ["a", "b"] {
        let path = format!("/v2/{PARENT}/services?serviceId={id}");
        api.post(&path, crate::run_services::image("img"))
            .await?
            .ok()?;
    }
    let mut listed = client
        .list_services()
        .set_parent(PARENT)
        .set_page_size(1)
        .by_item();
    let mut names = vec![];
    while let Some(service) = listed.next().await.transpose()? {
        names.push(service.name);
    }
    assert_eq!(
        names,
        ["b", "a", "web"].map(|id| format!("{PARENT}/services/{id}"))
    );
    Ok(())
}

#[tokio::test]
async fn a_worker_pool_is_scaled_and_a_job_is_run() -> Result<()> {
    let api = start().await?;
    let mut body = crate::run_services::image("img");
    body["scaling"] = serde_json::json!({"manualInstanceCount": 2});
    let path = format!("/v2/{PARENT}/workerPools?workerPoolId=pool");
    api.post(&path, body).await?.ok()?;
    let pools = WorkerPools::builder()
        .with_endpoint(api.gcp.url())
        .with_credentials(anonymous::Builder::new().build())
        .build()
        .await?;
    let pool = WorkerPool::new()
        .set_name(format!("{PARENT}/workerPools/pool"))
        .set_scaling(WorkerPoolScaling::new().set_manual_instance_count(0));
    let scaled = pools
        .update_worker_pool()
        .set_worker_pool(pool)
        .set_update_mask(FieldMask::default().set_paths(["scaling.manual_instance_count"]))
        .poller()
        .until_done()
        .await?;
    let count = scaled.scaling.and_then(|s| s.manual_instance_count);
    assert_eq!(count, Some(0));
    run_jobs::create_job(&api).await?;
    let jobs = Jobs::builder()
        .with_endpoint(api.gcp.url())
        .with_credentials(anonymous::Builder::new().build())
        .build()
        .await?;
    let name = format!("{PARENT}/jobs/backup");
    let execution = jobs.run_job().set_name(&name).poller().until_done().await?;
    assert_eq!((execution.succeeded_count, execution.task_count), (3, 3));
    Ok(())
}

#[tokio::test]
async fn a_scheduled_job_is_made_run_and_paused() -> Result<()> {
    let (api, function) = (start().await?, Receiver::start().await?);
    let client = CloudScheduler::builder()
        .with_endpoint(api.gcp.url())
        .with_credentials(anonymous::Builder::new().build())
        .build()
        .await?;
    let name = format!("{PARENT}/jobs/tick");
    let job = Job::new()
        .set_name(&name)
        .set_schedule("0 3 * * *")
        .set_time_zone("Europe/Prague")
        .set_http_target(HttpTarget::new().set_uri(function.url("/")));
    let made = client
        .create_job()
        .set_parent(PARENT)
        .set_job(job)
        .send()
        .await?;
    assert_eq!(made.state, State::Enabled);
    ensure!(made.schedule_time.is_some(), "{made:?}");
    client.run_job().set_name(&name).send().await?;
    function.wait_for(1).await?;
    let paused = client.pause_job().set_name(&name).send().await?;
    assert_eq!(paused.state, State::Paused);
    let mut listed = client.list_jobs().set_parent(PARENT).by_item();
    let first = listed.next().await.transpose()?;
    assert_eq!(first.map(|job| job.name), Some(name));
    Ok(())
}
