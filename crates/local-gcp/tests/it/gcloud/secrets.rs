//! `gcloud secrets`.

use super::gcloud;
use crate::support::{Result, start};
use jiff::SignedDuration;
use serde_json::json;

#[tokio::test]
async fn gcloud_keeps_secrets() -> Result<()> {
    let api = start().await?;
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let run = async |arguments: &[&str]| gcloud.run(&[&["secrets"], arguments].concat()).await;
    let made = run(&["create", "db", "--replication-policy=automatic"]).await?;
    assert_eq!(made["replication"], json!({"automatic": {}}));
    let add = ["secrets", "versions", "add", "db", "--data-file=-"];
    gcloud.piped(&add, b"hunter2").await?;
    let create = ["secrets", "create", "db2", "--data-file=-"];
    gcloud.piped(&create, b"\x00\xff\n").await?;
    for (secret, version, data) in [
        ("--secret=db", "latest", &b"hunter2"[..]),
        ("--secret=db2", "1", b"\x00\xff\n"),
    ] {
        // It checks the checksum itself.
        let access = [
            "secrets",
            "versions",
            "access",
            version,
            secret,
            "--out-file=out",
        ];
        gcloud.piped(&access, b"").await?;
        assert_eq!(std::fs::read(gcloud.folder().join("out"))?, data);
    }
    assert_eq!(run(&["list"]).await?.as_array().map(Vec::len), Some(2));
    let state = async |change: &str| run(&["versions", change, "1", "--secret=db"]).await;
    assert_eq!(state("disable").await?["state"], "DISABLED");
    let refused = gcloud
        .fail(&["secrets", "versions", "access", "1", "--secret=db"])
        .await?;
    assert!(refused.contains("FAILED_PRECONDITION"), "{refused}");
    assert_eq!(state("enable").await?["state"], "ENABLED");
    assert_eq!(state("destroy").await?["state"], "DESTROYED");
    assert_eq!(
        run(&["versions", "list", "db"]).await?[0]["state"],
        "DESTROYED"
    );
    Ok(())
}

#[tokio::test]
async fn gcloud_changes_secrets_by_masks_in_snake_case() -> Result<()> {
    let api = start().await?;
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let topic = "projects/demo/topics/rotations";
    api.put(&format!("/v1/{topic}"), json!({})).await?.ok()?;
    let run = async |arguments: &[&str]| gcloud.run(&[&["secrets"], arguments].concat()).await;
    run(&["create", "db", "--replication-policy=automatic"]).await?;
    let add = ["secrets", "versions", "add", "db", "--data-file=-"];
    gcloud.piped(&add, b"x").await?;
    run(&[
        "update",
        "db",
        "--update-annotations=a=b",
        "--update-version-aliases=current=1",
    ])
    .await?;
    let topics = format!("--add-topics={topic}");
    let next = (api.gcp.now() + SignedDuration::from_hours(24)).to_string();
    let next = format!("--next-rotation-time={next}");
    run(&["update", "db", &topics, &next, "--rotation-period=3600s"]).await?;
    let described = run(&["describe", "db"]).await?;
    assert_eq!(
        (
            &described["annotations"],
            &described["versionAliases"],
            &described["rotation"]["rotationPeriod"],
            &described["topics"][0]["name"],
        ),
        (
            &json!({"a": "b"}),
            &json!({"current": "1"}),
            &json!("3600s"),
            &json!(topic),
        )
    );
    run(&["delete", "db"]).await?;
    let missing = gcloud.fail(&["secrets", "describe", "db"]).await?;
    assert!(missing.contains("NOT_FOUND"), "{missing}");
    Ok(())
}
