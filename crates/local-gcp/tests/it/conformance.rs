//! Google's own clients for Python judge the program itself: each module of `tests/conformance` against a server of its own.

use crate::{
    program::Program,
    support::{Context as _, Result, ensure},
};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance");

/// The Python that `scripts/setup` gave the clients to.
fn python() -> Result<PathBuf> {
    let test = env::current_exe()?;
    let mut found = test
        .ancestors()
        .map(|target| target.join("google-clients"))
        .filter(|folder| folder.join("requirements.txt").is_file());
    let folder = found.next().context(
        "Google's clients for Python are missing from target/google-clients: run `make setup`, which installs them",
    )?;
    let wanted = std::fs::read(Path::new(SUITE).join("requirements.txt"))?;
    ensure!(
        std::fs::read(folder.join("requirements.txt"))? == wanted,
        "Google's clients in {} are not those of requirements.txt: run `make setup`, which installs them anew",
        folder.display()
    );
    Ok(folder.join("bin/python"))
}

/// Runs a module, and shows what it printed if it fails.
fn judge(module: &str) -> Result<()> {
    let seed = format!("{SUITE}/seed.json");
    let program = Program::start(["--operation-time", "100", "--seed", &seed])?;
    let output = Command::new(python()?)
        // No bytecode beside the sources.
        .args([
            "-B",
            "-W",
            "ignore::ResourceWarning",
            "-m",
            "unittest",
            "--verbose",
            module,
        ])
        .current_dir(SUITE)
        .env("LOCAL_GCP_URL", &program.url)
        .env("NO_PROXY", "127.0.0.1")
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{module}:\n{said}");
    let ran = said.lines().find_map(|line| line.strip_prefix("Ran "));
    ensure!(
        ran.is_some_and(|ran| !ran.starts_with("0 ")),
        "{module} has no tests:\n{said}"
    );
    Ok(())
}

#[test]
fn google_cloud_secret_manager_is_content() -> Result<()> {
    judge("test_secret_manager")
}

#[test]
fn google_cloud_run_is_content() -> Result<()> {
    judge("test_run")
}

#[test]
fn google_cloud_storage_is_content() -> Result<()> {
    judge("test_storage")
}

#[test]
fn google_cloud_billing_is_content() -> Result<()> {
    judge("test_billing")
}

#[test]
fn google_cloud_scheduler_is_content() -> Result<()> {
    judge("test_scheduler")
}

#[test]
fn the_discovery_client_is_content_with_cloud_sql() -> Result<()> {
    judge("test_sql")
}

#[test]
fn the_discovery_client_is_content_with_pubsub() -> Result<()> {
    judge("test_pubsub")
}

#[test]
fn the_discovery_client_is_content_with_service_usage() -> Result<()> {
    judge("test_service_usage")
}

#[test]
fn every_module_of_the_suite_is_run() -> Result<()> {
    let this = include_str!("conformance.rs");
    for file in std::fs::read_dir(SUITE)? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if let Some(module) = name
            .strip_suffix(".py")
            .filter(|name| name.starts_with("test_"))
        {
            ensure!(
                this.contains(&format!("judge(\"{module}\")")),
                "{module} is not run"
            );
        }
    }
    Ok(())
}
