//! `nightshift up`: Google Cloud on this machine with a small project in it, and a page to watch and to disturb it.

pub(crate) mod budget;
pub(crate) mod client;
mod crew;
mod database;
mod google;
mod program;
mod project;
pub(crate) mod rotation;
pub(crate) mod scaling;
mod watchdog;

use crate::{Error, screen::Screen};
use client::Client;
pub(crate) use crew::Crew;
use futures::future::try_join_all;
pub(crate) use google::Google;
use jiff::Timestamp;
use nightshift_runtime::Shutdown;
use program::{BUDGET_GUARD, LOCAL_GCP, PROGRAMS, Program, SCHEDULED_SCALING};
use project::Wiring;
pub(crate) use project::{PROJECT, SCALING_TICK, SHOP_PASSWORD};
use reqwest::Method;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Options of `up`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Port of the console and of all APIs; 0 lets the system choose
    #[arg(long, env = "LOCAL_GCP_PORT", default_value_t = 9099)]
    pub port: u16,
    /// Folder of the programs that are started [default: the one of this program]
    #[arg(long, value_name = "FOLDER")]
    pub programs: Option<PathBuf>,
    /// Let the project's clock stand still until somebody moves it: nothing happens by itself
    #[arg(long)]
    pub stopped: bool,
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
    let open = open(options, crew, GRACE).await?;
    let _client = Client::start(&open.google, PACE)?;
    screen.tell(&greeting(&open))?;
    Err(crew.any_ended().await)
}

/// How often the shop's client logs in: often enough to notice a gap, seldom enough to leave the machine alone.
const PACE: Duration = Duration::from_millis(250);

/// How long Google's operations take, in milliseconds: long enough to be seen.
const PENDING: &str = "800";

/// What keeps the clock of Google from going on by itself.
const STOPPED: &str = "--stopped";

/// How long an old password stays good: long enough to be looked at, short enough to be waited for.
const GRACE: &str = "5s";

/// Where everything is that was started.
#[derive(Debug)]
pub(crate) struct Open {
    /// All APIs of Google.
    pub(crate) google: Google,
    backup: String,
    rotator: String,
    scaler: String,
    guard: String,
}

/// Starts everything, with this grace for old passwords, and returns when all of it answers.
pub(crate) async fn open(options: &Options, crew: &mut Crew, grace: &str) -> Result<Open, Error> {
    let ports = program::choose_ports(options.port)?;
    let [port, backup, rotator, scaler, guard] = ports.numbers;
    let google = Google::new(Program::url(port))?;
    let [backup, rotator, scaler, guard] = [backup, rotator, scaler, guard].map(Program::url);
    let place = crew.folder().to_path_buf();
    let database = crew.open_database().await?;
    let (url, target) = (database.url.clone(), database.accounts.target());
    let wiring = Wiring {
        backup: &backup,
        rotator: &rotator,
        scaler: &scaler,
        guard: &guard,
        password: &database.first,
    };
    let seed = write_seed(&place, &project::seed(Timestamp::now(), &wiring))?;
    scaling::prepare(crew)?;
    budget::prepare(crew)?;
    let folder = options.programs.as_deref();
    for (at, (program, port)) in PROGRAMS.iter().zip(ports.numbers).enumerate() {
        let chosen = [
            ("{seed}", &*seed),
            ("{database}", &url),
            ("{pending}", PENDING),
        ];
        let mut arguments = program.arguments(port, &chosen);
        if at == 0 && options.stopped {
            arguments.push(STOPPED.to_owned());
        }
        start(crew, program, folder, (port, &arguments), &google).await?;
        if at == 0 {
            rotation::prepare(crew, folder, &google, rotation::config(&target, grace)).await?;
        }
    }
    make_services(&google).await?;
    // It begins with what the user does.
    google.ask(Method::DELETE, "/_local/journal", None).await?;
    Ok(Open {
        google,
        backup,
        rotator,
        scaler,
        guard,
    })
}

/// Starts Google, its clock stopped at `now`, and the scaler alone. Returns Google, and where the scaler is.
pub(crate) async fn open_for_scaling(
    crew: &mut Crew,
    folder: Option<&Path>,
    now: Timestamp,
) -> Result<(Google, String), Error> {
    scaling::prepare(crew)?;
    let seed = project::seed_for_scaling;
    open_alone(crew, folder, now, (&SCHEDULED_SCALING, &seed)).await
}

/// Starts Google, its clock stopped at `now`, and the guard of the budget alone. Returns Google, and where the guard is.
pub(crate) async fn open_for_budget(
    crew: &mut Crew,
    folder: Option<&Path>,
    now: Timestamp,
) -> Result<(Google, String), Error> {
    budget::prepare(crew)?;
    let seed = |guard: &str| {
        let mut seed = Value::Null;
        seed["pubsub"]["topics"] = vec![project::topic(budget::ALERTS)].into();
        budget::add_to(&mut seed, guard);
        seed
    };
    open_alone(crew, folder, now, (&BUDGET_GUARD, &seed)).await
}

/// Starts Google, its clock stopped at `now`, with a seed for where the one other program is, which is started then.
async fn open_alone(
    crew: &mut Crew,
    folder: Option<&Path>,
    now: Timestamp,
    (one, seed): (&Program, &dyn Fn(&str) -> Value),
) -> Result<(Google, String), Error> {
    let ports = program::choose_ports(0)?;
    let [port, its_port] = ports.numbers;
    let google = Google::new(Program::url(port))?;
    let url = Program::url(its_port);
    let seed = write_seed(crew.folder(), &seed(&url))?;
    for (program, port, more) in [
        (
            &LOCAL_GCP,
            port,
            vec![STOPPED.to_owned(), format!("--now={now}")],
        ),
        (one, its_port, vec![]),
    ] {
        let mut arguments = program.arguments(port, &[("{seed}", &seed), ("{pending}", "20")]);
        arguments.extend(more);
        start(crew, program, folder, (port, &arguments), &google).await?;
    }
    make_services(&google).await?;
    Ok((google, url))
}

/// Starts a program, and returns when it answers.
async fn start(
    crew: &mut Crew,
    program: &Program,
    folder: Option<&Path>,
    (port, arguments): (u16, &[String]),
    google: &Google,
) -> Result<(), Error> {
    crew.start(program, folder, arguments, &google.url)?;
    let ready = format!("{}{}", Program::url(port), program.ready);
    crew.wait_for(&google.http, program.name, &ready).await
}

/// Writes what Google begins with, and returns the file.
fn write_seed(folder: &Path, project: &Value) -> Result<String, Error> {
    let seed = folder.join("seed.json");
    fs::write(&seed, project.to_string())
        .map_err(|source| Error::io(format!("write {}", seed.display()), source))?;
    Ok(seed.to_string_lossy().into_owned())
}

/// Deploys the shop.
async fn make_services(google: &Google) -> Result<(), Error> {
    let resources = project::cloud_run();
    let creations = resources
        .iter()
        .map(|(path, body)| google.create(path, body));
    try_join_all(creations).await.map(drop)
}

/// Where everything is, and what to try.
fn greeting(open: &Open) -> String {
    let Open {
        google,
        backup,
        rotator,
        scaler,
        guard,
    } = open;
    let url = &google.url;
    let port = url.rsplit(':').next().unwrap_or_default();
    let spent = budget::message(Timestamp::now(), 101_000, budget::AMOUNT);
    format!(
        "\
Nightshift is up: the project `{PROJECT}`, a web shop in two regions, with no account and in memory.

  Console    {url}/
  All APIs   {url}      (functions: NIGHTSHIFT_GCP_ENDPOINT={url})
  backup     {backup}      (a real one, of a real PostgreSQL; Pub/Sub wakes it with a signed token)
  rotator    {rotator}      (rotate-secrets, which changes the passwords of that PostgreSQL)
  scaler     {scaler}      (scheduled-scaling, which goes by the clock of the console)
  guard      {guard}      (budget-guard, which throttles and stops what costs too much)

Try, in another terminal, and watch the console:

  # What the schedule does at night: `{{\"command\":\"run\"}}`. The backup appears in the bucket demo-shop-backups.
  curl -d '{{\"messages\":[{{\"data\":\"eyJjb21tYW5kIjoicnVuIn0=\"}}]}}' {url}/v1/projects/{PROJECT}/topics/backup-runs:publish

  # A new password for the shop's database, as by the console's button `Rotate now`: `{{\"command\":\"rotate\",…}}`. The other of
  # its two users gets it, and the service `checkout` a new revision; the tick of the next hour retires the old one.
  curl -d '{{\"messages\":[{{\"data\":\"eyJjb21tYW5kIjoicm90YXRlIiwic2VjcmV0Ijoic2hvcC1kYi1wYXNzd29yZCJ9\"}}]}}' {url}/v1/projects/{PROJECT}/topics/secret-rotations:publish

  # Live through a day, and see in the console what was scaled when; at night a backup is made and a secret is rotated.
  curl -d '{{\"advance\":\"1d\"}}' {url}/_local/clock

  # The budget is spent, as by the console's dial: what does not sell in Europe is stopped, until next month or a higher budget.
  curl -d '{spent}' {url}/v1/projects/{PROJECT}/topics/budget-alerts:publish

  # What the topic of the rotations was told.
  curl -d '{{\"maxMessages\":5}}' {url}/v1/projects/{PROJECT}/subscriptions/secret-rotations-pull:pull

  # The real gcloud, if you have it.
  CLOUDSDK_CONFIG=$(mktemp -d) CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN={url}/ \\
    CLOUDSDK_PROXY_TYPE=http CLOUDSDK_PROXY_ADDRESS=127.0.0.1 CLOUDSDK_PROXY_PORT={port} \\
    gcloud run services update checkout --min=3 --region=europe-west1 --project={PROJECT}

Ctrl-C stops all of it."
    )
}
