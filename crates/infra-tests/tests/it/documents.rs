//! What Terraform tells a function is what the function understands: the very documents go to the programs' own check.

use crate::{
    plan::Plan,
    terraform::{repository, said},
};
use anyhow::{Context as _, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
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
        let target = program
            .parent()
            .and_then(Path::parent)
            .context("the target folder")?;
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--locked",
                "--quiet",
                "--package",
                name,
                "--target-dir",
            ])
            .arg(target)
            .current_dir(repository())
            .output()?;
        ensure!(
            built.status.success(),
            "cargo build --package {name}: {}",
            said(&built)
        );
    }
    Ok(Some(program))
}

/// The functions, and the key of each one's document in the output `config`.
const FUNCTIONS: [(&str, &str); 4] = [
    ("backup", "backup"),
    ("budget-guard", "budget"),
    ("rotate-secrets", "rotation"),
    ("scheduled-scaling", "scaling"),
];

/// The complaints of the programs about what they are told, and how many were asked.
pub(crate) fn refused(environment: &str, plan: &Plan) -> Result<(Vec<String>, usize)> {
    let (mut complaints, mut asked) = (Vec::new(), 0);
    for (function, key) in FUNCTIONS {
        let Some(document) = plan.output("config")[key].as_str() else {
            continue;
        };
        let Some(program) = program(&format!("functions/{function}"), function)? else {
            continue;
        };
        asked += 1;
        let output = check(&program, document)?;
        if !output.status.success() {
            complaints.push(format!(
                "{environment}: {function}: {}\n{document}",
                said(&output)
            ));
        }
    }
    Ok((complaints, asked))
}

fn check(program: &Path, document: &str) -> Result<Output> {
    // The only thing that is different here: where Cloud Run mounts the secrets.
    let secrets = tempfile::tempdir()?;
    for secret in ["database", "scratch"] {
        fs::create_dir(secrets.path().join(secret))?;
        fs::write(secrets.path().join(secret).join("value"), "correct horse")?;
    }
    let here = document.replace("/secrets/", &format!("{}/", secrets.path().display()));
    Ok(Command::new(program)
        .args(["check", "--offline"])
        .env_clear()
        .env("NIGHTSHIFT_CONFIG", here)
        .output()?)
}
