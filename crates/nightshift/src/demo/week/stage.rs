//! Google, the scaler that it wakes, and what a person does with both.

use super::levels::Levels;
use crate::{
    Error,
    screen::Screen,
    up::{Crew, Google, PROJECT, SCALING_TICK, open_for_scaling, scaling::CONFIG},
};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;

const NAME: &str = "scheduled-scaling";
const REGION: &str = "europe-west1";

/// How far the clock is moved at a time.
const STEP: SignedDuration = SignedDuration::from_mins(30);

/// Everything that the acts use.
pub(super) struct Stage<'a> {
    pub(super) screen: Screen,
    pub(super) google: Google,
    programs: Option<&'a Path>,
    scaler: String,
}

/// What `plan` says.
#[derive(Debug, Deserialize)]
pub(super) struct Plan {
    pub(super) targets: Vec<Planned>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Planned {
    pub(super) target: String,
    pub(super) segments: Vec<Segment>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Segment {
    pub(super) from: Timestamp,
    pub(super) level: String,
}

/// What the scaler counted.
pub(super) struct Figures {
    pub(super) runs: u64,
    pub(super) writes: u64,
}

impl<'a> Stage<'a> {
    pub(super) async fn open(
        crew: &mut Crew,
        programs: Option<&'a Path>,
        screen: Screen,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let (google, scaler) = open_for_scaling(crew, programs, now).await?;
        Ok(Self {
            screen,
            google,
            programs,
            scaler,
        })
    }

    /// Moves the clock to `to`, and tells what changes on the way.
    pub(super) async fn until(&self, to: Timestamp, levels: &mut Levels) -> Result<(), Error> {
        let read = self.google.look("/_local/clock").await?;
        let now = read["now"].as_str().and_then(|now| now.parse().ok());
        let mut now: Timestamp = now.ok_or_else(|| Error::Unproven(format!("no time: {read}")))?;
        while now < to {
            now = (now + STEP).min(to);
            let set = json!({ "set": now });
            self.google
                .ask(Method::POST, "/_local/clock", Some(&set))
                .await?;
            levels.tell(&self.google, self.screen).await?;
        }
        Ok(())
    }

    /// Pauses the job that wakes the scaler, or lets it go on.
    pub(super) async fn trigger(&self, verb: &str) -> Result<(), Error> {
        let path = format!("/v1/projects/{PROJECT}/locations/{REGION}/jobs/{SCALING_TICK}:{verb}");
        let nothing = json!({});
        let asked = self.google.ask(Method::POST, &path, Some(&nothing));
        asked.await.map(drop)
    }

    /// What somebody does in the Google Cloud console while things burn.
    pub(super) async fn raise(&self, id: &str, min: u64) -> Result<(), Error> {
        let mask = "updateMask=scaling.minInstanceCount";
        let path = format!("/v2/projects/{PROJECT}/locations/{REGION}/services/{id}?{mask}");
        let body = json!({ "scaling": { "minInstanceCount": min } });
        let asked = self.google.ask(Method::PATCH, &path, Some(&body));
        asked.await.map(drop)
    }

    /// Shows a command as a person would type it, and what it printed.
    pub(super) async fn show(&self, crew: &Crew, arguments: &[&str]) -> Result<(), Error> {
        self.screen.command(&typed(arguments))?;
        let said = self.run(crew, arguments).await?;
        self.screen.block(said.trim_end())
    }

    /// Shows the picture of the plan and the money; the list of changes will be seen as they come.
    pub(super) async fn show_plan(&self, crew: &Crew, from: &str) -> Result<(), Error> {
        let arguments = ["plan", "--offline", "--from", from];
        self.screen.command(&typed(&arguments))?;
        let said = self.run(crew, &arguments).await?;
        let picture = said.split("\nchanges (").next().unwrap_or_default();
        self.screen.block(picture.trim_end())
    }

    pub(super) async fn plan(&self, crew: &Crew, from: &str) -> Result<Plan, Error> {
        let arguments = ["plan", "--offline", "--from", from, "--output", "json"];
        let said = self.run(crew, &arguments).await?;
        serde_json::from_str(&said).map_err(|source| Error::Unreadable {
            command: typed(&arguments),
            source,
        })
    }

    async fn run(&self, crew: &Crew, arguments: &[&str]) -> Result<String, Error> {
        let arguments = [arguments, &["--config", CONFIG]].concat();
        crew.run(NAME, self.programs, &arguments, &self.google)
            .await
    }

    /// The newest revision of each service.
    pub(super) async fn revisions(&self) -> Result<Vec<Value>, Error> {
        let path = format!("/v2/projects/{PROJECT}/locations/{REGION}/services");
        let listed = self.google.look(&path).await?;
        let services = listed["services"].as_array().into_iter().flatten();
        let revision = |service: &Value| service["latestCreatedRevision"].clone();
        Ok(services.map(revision).collect())
    }

    /// What its `/metrics` say.
    pub(super) async fn figures(&self) -> Result<Figures, Error> {
        let url = format!("{}/metrics", self.scaler);
        let failed = |source| Error::Asking {
            doing: format!("read {url}"),
            source,
        };
        let answer = self.google.http.get(&url).send().await.map_err(failed)?;
        let text = answer.text().await.map_err(failed)?;
        let figure = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name));
            let value = value.and_then(|value| value.trim().parse().ok());
            value.ok_or_else(|| Error::Unproven(format!("{url} has no figure {name}")))
        };
        Ok(Figures {
            runs: figure("scheduled_scaling_runs_total ")?,
            writes: figure("scheduled_scaling_writes_total ")?,
        })
    }
}

fn typed(arguments: &[&str]) -> String {
    let words = arguments.iter().map(|word| {
        if word.contains(' ') {
            format!("'{word}'")
        } else {
            (*word).to_owned()
        }
    });
    let words = words.collect::<Vec<_>>().join(" ");
    format!("{NAME} {words} --config {CONFIG}")
}
