//! What Terraform tells a function is what the function understands: the very documents go to the programs' own check.

use crate::{
    plan::Plan,
    terraform::{repository, said},
};
use anyhow::{Context as _, Result, ensure};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The program of a package, built if it is not there: cargo builds them with all tests of the workspace, but not with the
/// tests of this crate alone.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
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
    Ok(program)
}

/// The functions, and the key of each one's document in the output `config`.
const FUNCTIONS: [(&str, &str); 4] = [
    ("backup", "backup"),
    ("budget-guard", "budget"),
    ("rotate-secrets", "rotation"),
    ("scheduled-scaling", "scaling"),
];

/// The complaints of the programs about what they are told, and which were asked.
pub(crate) fn refused(plan: &Plan) -> Result<(Vec<String>, Vec<&'static str>)> {
    let (mut complaints, mut asked) = (Vec::new(), Vec::new());
    for (function, key) in FUNCTIONS {
        let Some(document) = plan.output("config")[key].as_str() else {
            continue;
        };
        asked.push(function);
        let output = check(&program(function)?, document)?;
        if !output.status.success() {
            complaints.push(format!("{function}: {}\n{document}", said(&output)));
        }
    }
    Ok((complaints, asked))
}

fn check(program: &Path, document: &str) -> Result<Output> {
    // The only thing that is different here: where the secrets are.
    let folder = tempfile::tempdir()?;
    let mut here = document.to_owned();
    let is_mounted =
        |text: &&str| text.starts_with("/secrets/") || text.starts_with("/run/secrets/");
    for path in document.split('"').filter(is_mounted) {
        let file = folder.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(file.parent().context("its folder")?)?;
        fs::write(&file, "https://hooks.example.com/a-secret")?;
        here = here.replace(
            &format!("{path:?}"),
            &format!("{:?}", file.display().to_string()),
        );
    }
    Ok(Command::new(program)
        .args(["check", "--offline"])
        .env_clear()
        .env("NIGHTSHIFT_CONFIG", here)
        .output()?)
}

/// What `compose.yaml` tells a function: the text below its `NIGHTSHIFT_CONFIG`, which is indented by eight.
fn composed(function: &str) -> Result<Option<String>> {
    let compose = fs::read_to_string(repository().join("compose.yaml"))?;
    let service = compose.split(&format!("\n  {function}:\n")).nth(1);
    let text = service.and_then(|service| service.split("NIGHTSHIFT_CONFIG: |\n").nth(1));
    let lines = text.into_iter().flat_map(str::lines);
    let lines: Vec<&str> = lines
        .map_while(|line| line.strip_prefix("        "))
        .collect();
    Ok((!lines.is_empty()).then(|| lines.join("\n")))
}

#[test]
fn the_programs_understand_what_compose_tells_them() -> Result<()> {
    for (function, _) in FUNCTIONS {
        let document =
            composed(function)?.with_context(|| format!("{function} is not composed"))?;
        let output = check(&program(function)?, &document)?;
        ensure!(output.status.success(), "{function}: {}", said(&output));
    }
    Ok(())
}

/// Beside what the environments say: every kind of secret, of action and of target, in the tests of `infra/live`.
#[test]
fn live_does_what_its_tests_say_and_the_programs_understand_every_kind_of_it() -> Result<()> {
    let Some(plans) = Plan::of_tests("live")? else {
        return Ok(());
    };
    assert!(plans.len() > 8, "only {} runs have a plan", plans.len());
    let mut heard = BTreeSet::new();
    for (run, plan) in &plans {
        let (complaints, asked) = refused(plan)?;
        assert!(complaints.is_empty(), "{run}: {}", complaints.join("\n"));
        heard.extend(asked);
    }
    let all = FUNCTIONS.iter().map(|(function, _)| *function).collect();
    assert_eq!(heard, all, "no test of infra/live tells these anything");
    Ok(())
}
