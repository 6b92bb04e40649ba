//! What Terraform tells a function is what the function understands: the very documents go to the programs' own check.

use crate::{
    plan::Plan,
    terraform::{repository, said},
};
use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
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

/// A notification of Cloud Billing far below every threshold, for `budget-guard evaluate`: its `check` asks Google.
const NOTIFICATION: &str = r#"{
    "budgetDisplayName": "acme", "costAmount": 1.0, "costIntervalStart": "2026-11-01T07:00:00Z",
    "budgetAmount": 500.0, "budgetAmountType": "SPECIFIED_AMOUNT", "currencyCode": "USD"
}"#;

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
        let output = check(function, &program, document)?;
        if !output.status.success() {
            complaints.push(format!(
                "{environment}: {function}: {}\n{document}",
                said(&output)
            ));
        }
    }
    Ok((complaints, asked))
}

fn check(function: &str, program: &Path, document: &str) -> Result<Output> {
    // The only thing that is different here: where Cloud Run mounts the secrets.
    let secrets = tempfile::tempdir()?;
    let mounted = document.split("/secrets/").skip(1);
    for name in mounted.filter_map(|rest| rest.split_once("/value").map(|(name, _)| name)) {
        let folder = secrets.path().join(name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("value"), "https://hooks.example.com/a-secret")?;
    }
    let here = document.replace("/secrets/", &format!("{}/", secrets.path().display()));
    let mut command = Command::new(program);
    if function == "budget-guard" {
        let message = secrets.path().join("message.json");
        fs::write(&message, push(NOTIFICATION).to_string())?;
        command.arg("evaluate").arg(message);
    } else {
        command.args(["check", "--offline"]);
    }
    Ok(command
        .env_clear()
        .env("NIGHTSHIFT_CONFIG", here)
        .output()?)
}

/// The body of a Pub/Sub push.
fn push(data: &str) -> Value {
    json!({
        "message": {
            "attributes": {
                "billingAccountId": "01D4EE-079462-DFD6EC",
                "budgetId": "de72f49d-779b-4945-a127-4d6ce8def0bb",
                "schemaVersion": "1.0",
            },
            "data": BASE64_STANDARD.encode(data),
            "messageId": "1",
            "publishTime": "2026-11-10T08:00:00Z",
        },
        "subscription": "projects/acme/subscriptions/budget-events-push",
    })
}
