//! Terraform with the stub in place of the provider.

use anyhow::{Context as _, Result, bail, ensure};
use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).unwrap()
}

/// The program of this name on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// Terraform, with a folder for what it keeps between two calls.
pub(crate) struct Terraform {
    folder: TempDir,
}

impl Terraform {
    /// Terraform, or nothing but a line where it is not installed.
    pub(crate) fn find() -> Result<Option<Self>> {
        if on_path("terraform").is_none() {
            eprintln!(
                "skipped: terraform is not installed (https://developer.hashicorp.com/terraform/install)"
            );
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        let provider = folder.path().join("provider");
        fs::create_dir(&provider)?;
        // Terraform looks for a program of this name, and for nothing else, in the folder.
        symlink(
            env!("CARGO_BIN_EXE_stub-provider"),
            provider.join("terraform-provider-google"),
        )?;
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"hashicorp/google\" = {:?}\n  }}\n}}\n",
            provider.display().to_string()
        );
        fs::write(folder.path().join("cli.tfrc"), overrides)?;
        Ok(Some(Self { folder }))
    }

    /// Runs Terraform in a folder of `infra/`, its modules fetched, whatever comes of it.
    pub(crate) fn run(&self, folder: &str, args: &[&str]) -> Result<Output> {
        let get = self.command(folder, &["get"])?;
        ensure!(get.status.success(), "terraform get: {}", said(&get));
        self.command(folder, args)
    }

    /// Runs Terraform, which must succeed.
    pub(crate) fn succeed(&self, folder: &str, args: &[&str]) -> Result<String> {
        let output = self.run(folder, args)?;
        if !output.status.success() {
            bail!("terraform {args:?} in infra/{folder}: {}", said(&output));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    fn command(&self, folder: &str, args: &[&str]) -> Result<Output> {
        let infra = repository().join("infra");
        Command::new("terraform")
            .arg(format!("-chdir={}", infra.join(folder).display()))
            .args(args)
            .env("CHECKPOINT_DISABLE", "1")
            .env(
                "STUB_PROVIDER_SCHEMA",
                infra.join("schema/google-8.7.0.json"),
            )
            .env("TF_CLI_CONFIG_FILE", self.folder.path().join("cli.tfrc"))
            // Beside the sources it would be in the way of whoever works there.
            .env("TF_DATA_DIR", self.folder.path().join("data"))
            .env("TF_DISABLE_PLUGIN_TLS", "1")
            .env("TF_IN_AUTOMATION", "1")
            .output()
            .context("start terraform")
    }
}

/// What a program wrote, for the message of a test that failed.
pub(crate) fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "{}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    )
}
