//! Google's discovery documents judge a tour of every method.

mod billing;
mod compute;
mod iam;
mod messaging;
mod planted;
mod projects;
mod quotas;
mod run;
mod run_v1;
mod scheduler;
mod secrets;
mod sql;
mod storage;
mod tokens;

use crate::support::{Api, Result, ensure, start};
use local_gcp::{Entry, judge, unvisited};
use serde_json::json;
use std::collections::BTreeSet;

/// Where the toured resources of the regional APIs are.
const REGION: &str = "projects/demo/locations/europe-west1";

async fn tour() -> Result<Api> {
    let api = start().await?;
    billing::tour(&api).await?;
    compute::tour(&api).await?;
    iam::tour(&api).await?;
    messaging::tour(&api).await?;
    projects::tour(&api).await?;
    quotas::tour(&api).await?;
    run::tour(&api).await?;
    run_v1::tour(&api).await?;
    scheduler::tour(&api).await?;
    secrets::tour(&api, "projects/demo").await?;
    secrets::tour(&api, REGION).await?;
    sql::tour(&api, "/v1").await?;
    sql::tour(&api, "/sql/v1beta4").await?;
    storage::tour(&api).await?;
    tokens::tour(&api).await?;
    Ok(api)
}

#[tokio::test]
async fn a_tour_of_every_method_keeps_to_googles_discovery_documents() -> Result<()> {
    let api = tour().await?;
    let journal = api.gcp.journal().entries();
    let (routes, left) = unvisited(&journal);
    ensure!(
        left.is_empty(),
        "the tour left out {} of {routes} routes:\n{}",
        left.len(),
        left.join("\n")
    );
    let judgement = judge(&journal);
    ensure!(
        judgement.violations.is_empty() && judgement.warnings.is_empty(),
        "{judgement}"
    );
    let refused: BTreeSet<_> = journal
        .iter()
        .filter(|entry| entry.status >= 400)
        .filter_map(|entry| entry.api.split('.').next())
        .collect();
    for api in [
        "cloudbilling",
        "cloudresourcemanager",
        "cloudscheduler",
        "compute",
        "iam",
        "pubsub",
        "run",
        "secretmanager",
        "serviceusage",
        "sql",
        "storage",
    ] {
        ensure!(refused.contains(api), "the tour met no refusal of {api}");
    }
    println!("{routes} routes; {judgement}");
    Ok(())
}

#[test]
fn a_method_that_nobody_called_is_named() {
    let (routes, left) = unvisited::<Entry>(&[]);
    assert_eq!(routes, left.len());
    let one = "GET /v1/{name=projects/*/secrets/*} (secretmanager.projects.secrets.get)";
    assert!(left.iter().any(|route| route == one), "{left:?}");
}

#[tokio::test]
async fn the_bench_tells_what_breaks_the_contract() -> Result<()> {
    let api = start().await?;
    let secrets = "/v1/projects/demo/secrets";
    api.get(secrets).await?.ok()?;
    api.get(&format!("{secrets}?filds=x")).await?.ok()?;
    api.get("/oauth2/v3/certs").await?.ok()?;
    let told = api.get("/_local/contract").await?.ok()?;
    let finding = json!({
        "seq": 2, "exchange": format!("GET {secrets}"), "method": "secretmanager.projects.secrets.list",
        "part": "query", "problem": "there is no parameter filds",
    });
    assert_eq!(
        (&told["judged"], &told["violations"]),
        (&json!(2), &json!([finding]))
    );
    let later = api.get("/_local/contract?after=2").await?.ok()?;
    assert_eq!(later["violations"], json!([]));
    Ok(())
}
