//! Google's own tools, where they are installed, see what we have written.

use crate::bed::{Bed, OFFICE, office_service};
use serde_json::Value;
use std::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn gcloud_reads_the_minimum_that_we_wrote_and_we_respect_the_one_it_writes() {
    if Command::new("gcloud").arg("--version").output().is_err() {
        eprintln!("skipped: gcloud is not installed");
        return;
    }
    let text = format!("{OFFICE}{}", office_service("shop"));
    let bed = Bed::start("2026-03-09T09:00:00Z", &text, &[("shop", 1)]).await;
    assert_eq!(bed.run().await.decision("shop"), "written");
    let described = gcloud(&bed, &["describe", "shop"]).await;
    let annotations = &described["metadata"]["annotations"];
    assert_eq!(
        annotations["run.googleapis.com/minScale"], "3",
        "{described}"
    );
    assert_eq!(annotations["nightshift-scaling-original"], "min=1");
    gcloud(&bed, &["update", "shop", "--min=5"]).await;
    assert_eq!(
        bed.run_at("2026-03-09T09:05:00Z").await.decision("shop"),
        "held"
    );
    assert_eq!(bed.min("shop").await, 5);
}

/// `gcloud run services …` against the stand-in, which is its proxy, too: gcloud puts the region in front of the host.
async fn gcloud(bed: &Bed, arguments: &[&str]) -> Value {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("gcloud");
    command
        .args(["run", "services"])
        .args(arguments)
        .args(["--region=europe-west1", "--format=json"])
        .env("CLOUDSDK_CONFIG", home.path())
        .env(
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN",
            format!("{}/", bed.gcp.url()),
        )
        .env("CLOUDSDK_PROXY_TYPE", "http")
        .env("CLOUDSDK_PROXY_ADDRESS", "127.0.0.1")
        .env("CLOUDSDK_PROXY_PORT", bed.gcp.address().port().to_string())
        .env("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true")
        .env("CLOUDSDK_CORE_PROJECT", "demo")
        .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
        .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true")
        .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// Where the clients for Python of local-gcp's own tests are.
const CLIENTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../crates/local-gcp/tests/conformance"
);

const SCRIPT: &str = "
from google.cloud import run_v2
from local import client
shop = client(run_v2.ServicesClient).get_service(name='projects/demo/locations/europe-west1/services/shop')
print(shop.scaling.min_instance_count, shop.annotations['nightshift-scaling-original'])
";

#[tokio::test(flavor = "multi_thread")]
async fn the_client_for_python_reads_the_minimum_that_we_wrote() {
    let test = std::env::current_exe().unwrap();
    let python = test
        .ancestors()
        .map(|folder| folder.join("google-clients/bin/python"));
    let Some(python) = python.into_iter().find(|python| python.is_file()) else {
        eprintln!("skipped: Google's clients for Python are not installed; `make setup` does it");
        return;
    };
    let text = format!("{OFFICE}{}", office_service("shop"));
    let bed = Bed::start("2026-03-09T09:00:00Z", &text, &[("shop", 1)]).await;
    bed.run().await;
    let mut command = Command::new(python);
    command
        .args(["-B", "-c", SCRIPT])
        .current_dir(CLIENTS)
        .env("LOCAL_GCP_URL", bed.gcp.url())
        .env("NO_PROXY", "127.0.0.1");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        said.trim(),
        "3 min=1",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
