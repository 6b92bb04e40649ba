//! The secret and the service as Google's API shows them.

use crate::{
    Error,
    screen::Screen,
    up::{Google, PROJECT, SHOP_PASSWORD, client::Client},
};
use nightshift_runtime::report::{Column, Table, count, duration};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long anything here may take.
pub(super) const DEADLINE: Duration = Duration::from_mins(1);

/// Where the rotator keeps its state.
const STATE: &str = "nightshift-rotation";

/// How often the state is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// The secret at one moment.
#[derive(Debug)]
pub(super) struct Secret {
    pub(super) name: String,
    aliases: Value,
    state: Value,
    /// The newest first.
    versions: Vec<Value>,
}

impl Secret {
    pub(super) async fn read(google: &Google) -> Result<Self, Error> {
        let path = format!("/v1/projects/{PROJECT}/secrets/{SHOP_PASSWORD}");
        let secret = google.look(&path).await?;
        let path = format!("{path}/versions");
        let listed = google.look(&path).await?;
        let state = secret["annotations"][STATE].as_str().unwrap_or("null");
        let state = serde_json::from_str(state).map_err(|source| Error::Unreadable {
            command: format!("the annotation {STATE}"),
            source,
        })?;
        Ok(Self {
            name: secret["name"].as_str().unwrap_or_default().to_owned(),
            aliases: secret["versionAliases"].clone(),
            state,
            versions: listed["versions"].as_array().cloned().unwrap_or_default(),
        })
    }

    /// What the rotator is at.
    pub(super) fn phase(&self) -> &str {
        self.state["phase"].as_str().unwrap_or("unmanaged")
    }

    /// The number of the newest version.
    pub(super) fn newest(&self) -> u64 {
        self.versions.first().map_or(0, number)
    }

    /// Versions, their states and what calls them.
    pub(super) fn table(&self) -> String {
        let mut table = Table::new([
            Column::number("VERSION"),
            Column::text("STATE"),
            Column::text("ALIASES"),
        ]);
        for version in &self.versions {
            let state = version["state"].as_str().unwrap_or_default();
            let called = self.called(number(version)).join(", ");
            table.row([number(version).to_string(), state.to_lowercase(), called]);
        }
        table.to_string()
    }

    fn called(&self, version: u64) -> Vec<&str> {
        let version = version.to_string();
        let aliases = self.aliases.as_object().into_iter().flatten();
        aliases
            .filter(|(_, number)| {
                let text = number.as_str().map(str::to_owned);
                text.unwrap_or_else(|| number.to_string()) == version
            })
            .map(|(alias, _)| alias.as_str())
            .collect()
    }
}

fn number(version: &Value) -> u64 {
    let name = version["name"].as_str().unwrap_or_default();
    let number = name.rsplit('/').next().unwrap_or_default();
    number.parse().unwrap_or_default()
}

/// Shows each phase as it passes, with the client's counter, until readers and services have a version newer than `than`.
pub(super) async fn phases(
    google: &Google,
    screen: Screen,
    client: &Client,
    than: u64,
) -> Result<Secret, Error> {
    let began = Instant::now();
    let mut last = String::new();
    loop {
        let secret = Secret::read(google).await?;
        let phase = secret.phase();
        if phase != last {
            let counts = client.counts();
            screen.block(&format!(
                "{:>8}  {phase:<9} {} logins, {} failed",
                duration(began.elapsed()),
                count(counts.logins()),
                counts.failed
            ))?;
            phase.clone_into(&mut last);
        }
        if phase == "rolled" && secret.newest() > than {
            return Ok(secret);
        }
        if began.elapsed() > DEADLINE {
            let wanted = DEADLINE.as_secs();
            return Err(Error::Unproven(format!(
                "the rotation is {phase} after {wanted} s"
            )));
        }
        sleep(LOOK).await;
    }
}

/// The service's newest revision that is ready.
pub(super) async fn revision(google: &Google) -> Result<String, Error> {
    let path = format!("/v2/projects/{PROJECT}/locations/europe-west1/services/checkout");
    let service = google.look(&path).await?;
    let rolled = &service["template"]["annotations"]["nightshift/secret-versions"];
    let revision = service["latestReadyRevision"].as_str().unwrap_or_default();
    let revision = revision.rsplit('/').next().unwrap_or_default();
    match rolled.as_str() {
        Some(versions) => Ok(format!("{revision} ({versions})")),
        None => Err(Error::Unproven(
            "the service was not rolled for the new password".to_owned(),
        )),
    }
}
