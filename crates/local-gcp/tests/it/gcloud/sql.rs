//! `gcloud sql`.

use super::gcloud;
use crate::support::{Result, start};
use serde_json::json;

#[tokio::test]
async fn gcloud_stops_and_starts_an_instance() -> Result<()> {
    let api = start().await?;
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let labels = json!({"userLabels": {"team": "a"}});
    let instances = json!([{"name": "pg", "settings": labels, "users": [{"name": "app"}]}]);
    api.gcp.seed(json!({"sql": {"instances": instances}}))?;
    let run = async |arguments: &[&str]| gcloud.run(&[&["sql"], arguments].concat()).await;
    assert_eq!(run(&["instances", "list"]).await?[0]["name"], "pg");
    for policy in ["NEVER", "ALWAYS"] {
        let flag = format!("--activation-policy={policy}");
        run(&["instances", "patch", "pg", &flag]).await?;
        let settings = &run(&["instances", "describe", "pg"]).await?["settings"];
        assert_eq!(
            (&settings["activationPolicy"], &settings["userLabels"]),
            (&json!(policy), &labels["userLabels"])
        );
    }
    let operations = run(&["operations", "list", "--instance=pg"]).await?;
    assert_eq!(operations[0]["status"], "DONE");
    let of = "--instance=pg";
    run(&["users", "create", "made", of, "--password=first"]).await?;
    run(&["users", "set-password", "made", of, "--password=second"]).await?;
    let names = async || {
        let listed = run(&["users", "list", of]).await?;
        let users = listed.as_array().into_iter().flatten();
        let mut names: Vec<_> = users.map(|user| user["name"].to_string()).collect();
        names.sort();
        anyhow::Ok(names.join(" "))
    };
    assert_eq!(names().await?, r#""app" "made""#);
    run(&["users", "delete", "made", of]).await?;
    assert_eq!(names().await?, r#""app""#);
    // Not served, and said so: an export that only claims to have happened would be worse.
    let refused = gcloud
        .fail(&["sql", "export", "sql", "pg", "gs://vault/x.sql"])
        .await?;
    assert!(refused.contains("local-gcp serves no method"), "{refused}");
    Ok(())
}
