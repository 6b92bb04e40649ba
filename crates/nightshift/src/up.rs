//! `nightshift up`: Google Cloud on this machine with a small project in it, and a page to watch and to disturb it.

mod crew;
mod google;
mod program;
mod project;
mod watchdog;

use crate::{Error, screen::Screen};
use crew::Crew;
use futures::future::try_join_all;
use google::Google;
use jiff::Timestamp;
use nightshift_runtime::Shutdown;
use program::{PORT, PROGRAMS, Program, SEED};
use project::PROJECT;
use reqwest::Method;
use std::{fs, path::PathBuf};

/// Options of `up`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Port of the console and of all APIs; 0 lets the system choose
    #[arg(long, env = "LOCAL_GCP_PORT", default_value_t = 9099)]
    pub port: u16,
    /// The program `local-gcp` [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub local_gcp_program: Option<PathBuf>,
}

/// Runs until somebody asks for the end, which is how it ends well. Whatever becomes of it, nothing is left running.
pub async fn run(options: &Options, shutdown: &Shutdown) -> Result<(), Error> {
    let screen = Screen::new(false);
    let mut crew = Crew::new()?;
    let ended = tokio::select! {
        () = shutdown.wait() => Ok(()),
        ended = stay_up(options, &mut crew, screen) => ended,
    };
    match (ended, crew.stop().await) {
        (Ok(()), Ok(())) => screen.tell("\nAll of it is stopped, and nothing is kept."),
        (Ok(()), Err(error)) | (Err(error), Ok(())) => Err(error),
        (Err(first), Err(then)) => Err(Error::and_then(first, then)),
    }
}

/// Starts everything, and returns only with what went wrong.
async fn stay_up(options: &Options, crew: &mut Crew, screen: Screen) -> Result<(), Error> {
    let ports = program::choose_ports(options.port)?;
    let [port, ..] = ports[..] else {
        return Ok(());
    };
    let google = Google::new(format!("http://127.0.0.1:{port}"))?;
    let seed = crew.folder().join("seed.json");
    fs::write(&seed, project::seed(Timestamp::now()).to_string())
        .map_err(|source| Error::io(format!("write {}", seed.display()), source))?;
    for (program, port) in PROGRAMS.iter().zip(ports) {
        let arguments = arguments(program, port, &seed.to_string_lossy());
        let environment = [
            ("PORT", port.to_string()),
            ("NIGHTSHIFT_GCP_ENDPOINT", google.url.clone()),
        ];
        let named = options.local_gcp_program.as_deref();
        crew.start(program, named, &arguments, &environment)?;
        let ready = format!("http://127.0.0.1:{port}{}", program.ready);
        crew.wait_for(&google.http, program.name, &ready).await?;
    }
    let resources = project::cloud_run();
    let creations = resources
        .iter()
        .map(|(path, body)| google.create(path, body));
    try_join_all(creations).await?;
    // It begins with what the user does.
    google.ask(Method::DELETE, "/_local/journal", None).await?;
    screen.tell(&greeting(&google.url))?;
    Err(crew.any_ended().await)
}

fn arguments(program: &Program, port: u16, seed: &str) -> Vec<String> {
    let filled = |argument: &&str| match *argument {
        PORT => port.to_string(),
        SEED => seed.to_owned(),
        argument => argument.to_owned(),
    };
    program.arguments.iter().map(filled).collect()
}

/// Where everything is, and three things to try.
fn greeting(url: &str) -> String {
    let port = url.rsplit(':').next().unwrap_or_default();
    format!(
        "\
Nightshift is up: the project `{PROJECT}`, a web shop in two regions, with no account and in memory.

  Console    {url}/
  All APIs   {url}      (functions: NIGHTSHIFT_GCP_ENDPOINT={url})

Try, in another terminal, and watch the console:

  # Live through eleven days: schedules tick, a secret asks to be rotated.
  curl -d '{{\"advance\":\"11d\"}}' {url}/_local/clock

  # What the topic of the rotations was told.
  curl -d '{{\"maxMessages\":5}}' {url}/v1/projects/{PROJECT}/subscriptions/secret-rotations-pull:pull

  # The real gcloud, if you have it.
  CLOUDSDK_CONFIG=$(mktemp -d) CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN={url}/ \\
    CLOUDSDK_PROXY_TYPE=http CLOUDSDK_PROXY_ADDRESS=127.0.0.1 CLOUDSDK_PROXY_PORT={port} \\
    gcloud run services update checkout --min=3 --region=europe-west1 --project={PROJECT}

Ctrl-C stops all of it."
    )
}
