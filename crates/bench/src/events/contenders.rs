//! The programs that take events.

use crate::cli::Choices;
use anyhow::{Context as _, ensure};
use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};
use tracing::warn;

/// Who pushes.
pub const CALLER: &str = "push@demo.iam.gserviceaccount.com";
/// What it says it pushes to.
pub const AUDIENCE: &str = "https://budget.example";

/// The function in Python, for `functions-framework`.
const PYTHON: &str = include_str!("main.py");

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    /// `functions-framework`, which runs its function in gunicorn with one worker and four threads a core, as on Google's
    /// own base images. Checks nobody and logs no requests.
    FunctionsFramework,
    /// `budget-receiver`, on the runtime of every function here: tokens checked against keys fetched at the first, each
    /// request told as JSON, metrics.
    Ours,
}

impl Contender {
    /// In turn.
    pub const ALL: [Self; 2] = [Self::FunctionsFramework, Self::Ours];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::FunctionsFramework => "functions-framework, gunicorn",
            Self::Ours => "budget-receiver",
        }
    }
}

/// Where they are.
#[derive(Debug)]
pub struct Programs {
    ours: PathBuf,
    functions_framework: Option<PathBuf>,
    source: PathBuf,
    /// Whose keys ours trusts.
    endpoint: String,
}

impl Programs {
    /// Looks for them, and writes the Python function into `folder`. Only `functions-framework` may be missing.
    pub fn find(folder: &Path, endpoint: &str) -> anyhow::Result<Self> {
        let program = env::current_exe().context("find this program")?;
        let beside = program.parent().context("find this program's folder")?;
        let ours = beside.join("budget-receiver");
        ensure!(
            ours.is_file(),
            "no program {}; build it with `cargo build --release -p nightshift-bench`",
            ours.display()
        );
        let target = beside.parent().unwrap_or(beside);
        let theirs = target.join("functions-framework/bin/functions-framework");
        let functions_framework = theirs.is_file().then_some(theirs);
        if functions_framework.is_none() {
            warn!("no functions-framework: `scripts/setup bench` installs it; it is left out");
        }
        let source = folder.join("main.py");
        fs::write(&source, PYTHON).context("write the Python function")?;
        Ok(Self {
            ours,
            functions_framework,
            source,
            endpoint: endpoint.to_owned(),
        })
    }

    /// The contenders that are there and asked for.
    pub fn contenders(&self, choices: &Choices) -> Vec<Contender> {
        let there = |contender: &Contender| match contender {
            Contender::FunctionsFramework => self.functions_framework.is_some(),
            Contender::Ours => true,
        };
        let asked = |contender: &Contender| choices.runs_contender(contender.name());
        let all = Contender::ALL.into_iter();
        all.filter(|contender| there(contender) && asked(contender))
            .collect()
    }

    /// What starts one of them.
    pub fn command(&self, contender: Contender, address: SocketAddr) -> Command {
        match (contender, &self.functions_framework) {
            (Contender::FunctionsFramework, Some(program)) => {
                let mut command = Command::new(program);
                command
                    .args(["--target=receive", "--host=127.0.0.1"])
                    .arg(format!("--source={}", self.source.display()))
                    .arg(format!("--port={}", address.port()));
                command
            }
            _ => {
                let mut command = Command::new(&self.ours);
                command
                    .args(["--log-format=json", "--auth=verify"])
                    .arg(format!("--listen={address}"))
                    .arg(format!("--audience={AUDIENCE}"))
                    .arg(format!("--caller={CALLER}"))
                    .env("NIGHTSHIFT_GCP_ENDPOINT", &self.endpoint)
                    .env_remove("K_SERVICE");
                command
            }
        }
    }
}
