//! `gcloud run`.

use super::gcloud;
use crate::{
    run_jobs::create_job,
    run_services::{PARENT, WEB, create, done, image},
    support::{Result, start},
};
use serde_json::{Value, json};

const REGION: &str = "--region=europe-west1";

#[tokio::test]
async fn gcloud_describes_lists_and_scales_services() -> Result<()> {
    let api = start().await?;
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let before = create(&api, "web", image("img")).await?;
    let services = ["run", "services"];
    let run = async |arguments: &[&str]| gcloud.run(&[&services, arguments].concat()).await;
    let described = run(&["describe", "web", REGION]).await?;
    assert_eq!(described["metadata"]["name"], "web");
    for arguments in [&["list", REGION][..], &["list"]] {
        let listed = run(arguments).await?;
        assert_eq!(listed[0]["metadata"]["name"], "web", "{arguments:?}");
    }
    for (flag, scaling) in [
        ("--min=2", json!({"minInstanceCount": 2})),
        ("--min=default", json!({})),
    ] {
        run(&["update", "web", REGION, flag]).await?;
        let after = api.get(WEB).await?.ok()?;
        assert_eq!(after["scaling"], scaling, "{flag}");
        assert_eq!(after["template"], before["template"], "{flag}");
    }
    run(&["update", "web", REGION, "--min-instances=1"]).await?;
    let after = api.get(WEB).await?.ok()?;
    assert_eq!(after["template"]["scaling"]["minInstanceCount"], 1);
    assert_ne!(after["latestReadyRevision"], before["latestReadyRevision"]);
    run(&["delete", "web", REGION]).await?;
    assert_eq!(run(&["list", REGION]).await?, json!([]));
    Ok(())
}

#[tokio::test]
async fn gcloud_scales_services_by_hand_and_lists_their_revisions() -> Result<()> {
    let api = start().await?;
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let before = create(&api, "web", image("img")).await?;
    let update = ["beta", "run", "services", "update", "web", REGION];
    for (flag, field, value) in [
        ("--max=5", "maxInstanceCount", json!(5)),
        ("--scaling=3", "manualInstanceCount", json!(3)),
        ("--scaling=auto", "manualInstanceCount", Value::Null),
    ] {
        gcloud.run(&[&update[..], &[flag]].concat()).await?;
        let after = api.get(WEB).await?.ok()?;
        assert_eq!(after["scaling"][field], value, "{flag}");
        assert_eq!(after["template"], before["template"], "{flag}");
    }
    let list = ["run", "revisions", "list", REGION];
    let listed = gcloud
        .run(&[&list[..], &["--service=web"]].concat())
        .await?;
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let revision = before["latestReadyRevision"].as_str().unwrap_or_default();
    let name = listed[0]["metadata"]["name"].as_str().unwrap_or("unnamed");
    assert!(revision.ends_with(name), "{revision} {name}");
    let listed = gcloud
        .run(&[&list[..], &["--service=other"]].concat())
        .await?;
    assert_eq!(listed, json!([]));
    Ok(())
}

#[tokio::test]
async fn gcloud_lists_describes_and_deletes_jobs() -> Result<()> {
    let api = start().await?;
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    create_job(&api).await?;
    let run = async |arguments: &[&str]| gcloud.run(&[&["run", "jobs"], arguments].concat()).await;
    for arguments in [&["list"][..], &["list", REGION]] {
        let listed = run(arguments).await?;
        assert_eq!(listed[0]["metadata"]["name"], "backup", "{arguments:?}");
    }
    let described = run(&["describe", "backup", REGION]).await?;
    assert_eq!(described["spec"]["template"]["spec"]["taskCount"], 3);
    run(&["delete", "backup", REGION]).await?;
    assert_eq!(run(&["list", REGION]).await?, json!([]));
    let execute = ["run", "jobs", "execute", "backup", REGION];
    let missing = gcloud.fail(&execute).await?;
    assert!(missing.contains("does not exist"), "{missing}");
    Ok(())
}

#[tokio::test]
async fn gcloud_executes_jobs_and_shows_what_came_of_it() -> Result<()> {
    let api = start().await?;
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    create_job(&api).await?;
    let run = async |arguments: &[&str]| gcloud.run(&[&["run", "jobs"], arguments].concat()).await;
    let begun = run(&["execute", "backup", REGION, "--async"]).await?;
    assert_eq!(begun["kind"], "Execution");
    let execute = ["execute", "backup", REGION, "--wait"];
    let changes = ["--tasks=2", "--args=once", "--update-env-vars=B=2"];
    let ended = run(&[&execute[..], &changes].concat()).await?;
    assert_eq!(ended["status"]["succeededCount"], 2);
    let task = &ended["spec"]["template"]["spec"];
    assert_eq!(task["containers"][0]["args"], json!(["once"]));
    let name = ended["metadata"]["name"].as_str().unwrap_or_default();
    let listed = run(&["executions", "list", REGION, "--job=backup"]).await?;
    let mut names: Vec<_> = [&listed[0], &listed[1]]
        .map(|execution| &execution["metadata"]["name"])
        .to_vec();
    names.sort_by_key(|listed| *listed != name);
    assert_eq!(names, [&json!(name), &begun["metadata"]["name"]]);
    let described = run(&["executions", "describe", name, REGION]).await?;
    assert_eq!(described["metadata"]["uid"], ended["metadata"]["uid"]);
    let execution = format!("--execution={name}");
    let tasks = run(&["executions", "tasks", "list", REGION, &execution]).await?;
    assert_eq!(tasks.as_array().map(Vec::len), Some(2));
    Ok(())
}

#[tokio::test]
async fn gcloud_lists_worker_pools() -> Result<()> {
    let api = start().await?;
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let list = ["beta", "run", "worker-pools", "list"];
    assert_eq!(gcloud.run(&list).await?, json!([]));
    let path = format!("{PARENT}/workerPools?workerPoolId=queue");
    done(&api, api.post(&path, image("img")).await?.ok()?).await?;
    for arguments in [&list[..], &[&list[..], &[REGION]].concat()] {
        let listed = gcloud.run(arguments).await?;
        assert_eq!(listed[0]["metadata"]["name"], "queue", "{arguments:?}");
    }
    let describe = ["beta", "run", "worker-pools", "describe", "queue", REGION];
    let described = gcloud.run(&describe).await?;
    assert_eq!(described["status"]["conditions"][0]["status"], "True");
    Ok(())
}
