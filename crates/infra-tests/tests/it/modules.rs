//! Each module and root passes its own tests, which begin with what `terraform validate` says of it.

use crate::terraform::{Terraform, repository};
use anyhow::Result;
use std::{collections::BTreeSet, fs};

fn check(folder: &str) -> Result<()> {
    let Some(terraform) = Terraform::find()? else {
        return Ok(());
    };
    let said = terraform.succeed(folder, &["test", "-no-color"])?;
    // A folder without tests succeeds, too.
    assert!(
        said.contains("Success!") && !said.contains("Success! 0 passed"),
        "{said}"
    );
    Ok(())
}

macro_rules! folders {
    ($($name:ident: $folder:literal,)*) => {
        $(
            #[test]
            fn $name() -> Result<()> {
                check($folder)
            }
        )*

        const FOLDERS: &[&str] = &[$($folder),*];
    };
}

folders! {
    backup_bucket_does_what_its_tests_say: "modules/backup-bucket",
    bootstrap_does_what_its_tests_say: "bootstrap",
    budget_does_what_its_tests_say: "modules/budget",
    cache_does_what_its_tests_say: "modules/cache",
    database_does_what_its_tests_say: "modules/database",
    edge_does_what_its_tests_say: "modules/edge",
    event_route_does_what_its_tests_say: "modules/event-route",
    function_job_does_what_its_tests_say: "modules/function-job",
    function_service_does_what_its_tests_say: "modules/function-service",
    github_deployer_does_what_its_tests_say: "modules/github-deployer",
    monitoring_does_what_its_tests_say: "modules/monitoring",
    network_does_what_its_tests_say: "modules/network",
    registry_does_what_its_tests_say: "modules/registry",
    rotating_secret_does_what_its_tests_say: "modules/rotating-secret",
    service_does_what_its_tests_say: "modules/service",
}

#[test]
fn no_module_is_forgotten() -> Result<()> {
    // The tests of `live` are those of `documents`, which also look at what comes of them.
    let mut found = BTreeSet::from(["bootstrap".to_owned()]);
    for entry in fs::read_dir(repository().join("infra/modules"))? {
        found.insert(format!("modules/{}", entry?.file_name().display()));
    }
    let tried: BTreeSet<String> = FOLDERS.iter().map(ToString::to_string).collect();
    assert_eq!(found, tried);
    Ok(())
}

#[test]
fn an_argument_that_the_provider_does_not_know_is_found() -> Result<()> {
    let Some(terraform) = Terraform::find()? else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    fs::write(
        folder.path().join("main.tf"),
        r#"
            resource "google_pubsub_topic" "wrong" {
              name            = "t"
              retention_weeks = 2
            }
        "#,
    )?;
    let versions = repository().join("infra/modules/budget/versions.tf");
    fs::copy(versions, folder.path().join("versions.tf"))?;
    let path = folder.path().display().to_string();
    let output = terraform.run(&path, &["validate", "-no-color"])?;
    let said = String::from_utf8(output.stderr)?;
    assert!(!output.status.success());
    assert!(
        said.contains(r#"An argument named "retention_weeks" is not expected"#),
        "{said}"
    );
    Ok(())
}
