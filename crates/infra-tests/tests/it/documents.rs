//! What Terraform tells a function is what the function understands: the very documents go to the programs' own check.

use crate::{
    plan::{ENVIRONMENTS, Plan},
    terraform::{repository, said},
};
use anyhow::{Context as _, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The program of a function, built if it is not there: cargo builds them with all tests of the workspace, but not with the
/// tests of this crate alone. Nothing where the function does not exist yet.
pub(crate) fn program(folder: &str, name: &str) -> Result<Option<PathBuf>> {
    if !repository().join(folder).is_dir() {
        eprintln!("skipped: there is no {folder} yet");
        return Ok(None);
    }
    let program = Path::new(env!("CARGO_BIN_EXE_stub-provider")).with_file_name(name);
    if !program.is_file() {
        let target = program.parent().and_then(Path::parent).context("the target folder")?;
        let built = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--quiet", "--package", name, "--target-dir"])
            .arg(target)
            .current_dir(repository())
            .output()?;
        ensure!(built.status.success(), "cargo build --package {name}: {}", said(&built));
    }
    Ok(Some(program))
}

fn accepts(function: &str, key: &str) -> Result<()> {
    let Some(program) = program(&format!("functions/{function}"), function)? else {
        return Ok(());
    };
    let mut tried = 0;
    for environment in ENVIRONMENTS {
        let Some(plan) = Plan::of(environment)? else {
            return Ok(());
        };
        let Some(document) = plan.output("config")[key].as_str() else {
            continue;
        };
        // The only thing that is different here: where Cloud Run mounts the secrets.
        let secrets = tempfile::tempdir()?;
        for secret in ["database", "scratch"] {
            fs::create_dir(secrets.path().join(secret))?;
            fs::write(secrets.path().join(secret).join("value"), "correct horse")?;
        }
        let here = document.replace("/secrets/", &format!("{}/", secrets.path().display()));
        let output = Command::new(&program)
            .args(["check", "--offline"])
            .env_clear()
            .env("NIGHTSHIFT_CONFIG", &here)
            .output()?;
        ensure!(
            output.status.success(),
            "{function} does not accept what {environment} tells it: {}\n{document}",
            said(&output)
        );
        tried += 1;
    }
    assert!(tried > 0, "no environment switches {function} on");
    Ok(())
}

#[test]
fn backup_understands_what_it_is_told() -> Result<()> {
    accepts("backup", "backup")
}

#[test]
fn scheduled_scaling_understands_what_it_is_told() -> Result<()> {
    accepts("scheduled-scaling", "scaling")
}

#[test]
fn rotate_secrets_understands_what_it_is_told() -> Result<()> {
    accepts("rotate-secrets", "rotation")
}

#[test]
fn budget_guard_understands_what_it_is_told() -> Result<()> {
    accepts("budget-guard", "budget")
}
