//! `nightshift up`: Google Cloud on this machine with a small project in it, and a page to watch and to disturb it.

mod budget;
pub(crate) mod client;
mod crew;
mod database;
mod google;
mod program;
mod project;
pub(crate) mod rotation;
mod watchdog;

use crate::{Error, screen::Screen};
use client::Client;
pub(crate) use crew::Crew;
use futures::future::try_join_all;
pub(crate) use google::Google;
use jiff::Timestamp;
use nightshift_runtime::Shutdown;
use program::{PROGRAMS, Program};
use project::Wiring;
pub(crate) use project::{PROJECT, SHOP_PASSWORD};
use reqwest::Method;
use std::{fs, path::PathBuf, time::Duration};

/// Options of `up`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Port of the console and of all APIs; 0 lets the system choose
    #[arg(long, env = "LOCAL_GCP_PORT", default_value_t = 9099)]
    pub port: u16,
    /// Folder of the programs that are started [default: the one of this program]
    #[arg(long, value_name = "FOLDER")]
    pub programs: Option<PathBuf>,
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

/// How long an old password stays good: long enough to be looked at, short enough to be waited for.
const GRACE: &str = "5s";

/// Where everything is that was started.
#[derive(Debug)]
pub(crate) struct Open {
    /// All APIs of Google.
    pub(crate) google: Google,
    backup: String,
    rotator: String,
    guard: String,
}

/// Starts everything, with this grace for old passwords, and returns when all of it answers.
pub(crate) async fn open(options: &Options, crew: &mut Crew, grace: &str) -> Result<Open, Error> {
    let ports = program::choose_ports(options.port)?;
    let [google, backup, rotator, guard] = ports.map(Program::url);
    let google = Google::new(google)?;
    let seed = crew.folder().join("seed.json");
    let database = crew.open_database().await?;
    let (url, target) = (database.url.clone(), database.accounts.target());
    let wiring = Wiring {
        backup: &backup,
        rotator: &rotator,
        guard: &guard,
        password: &database.first,
    };
    let project = project::seed(Timestamp::now(), &wiring);
    fs::write(&seed, project.to_string())
        .map_err(|source| Error::io(format!("write {}", seed.display()), source))?;
    budget::prepare(crew)?;
    let folder = options.programs.as_deref();
    for (at, (program, port)) in PROGRAMS.iter().zip(ports).enumerate() {
        let arguments = program.arguments(port, &seed.to_string_lossy(), &url);
        crew.start(program, folder, &arguments, &google.url)?;
        let ready = format!("{}{}", Program::url(port), program.ready);
        crew.wait_for(&google.http, program.name, &ready).await?;
        if at == 0 {
            rotation::prepare(crew, folder, &google, rotation::config(&target, grace)).await?;
        }
    }
    let resources = project::cloud_run();
    let creations = resources
        .iter()
        .map(|(path, body)| google.create(path, body));
    try_join_all(creations).await?;
    // It begins with what the user does.
    google.ask(Method::DELETE, "/_local/journal", None).await?;
    Ok(Open {
        google,
        backup,
        rotator,
        guard,
    })
}

/// Where everything is, and what to try.
fn greeting(open: &Open) -> String {
    let Open {
        google: Google { url, .. },
        backup,
        rotator,
        guard,
    } = open;
    let port = url.rsplit(':').next().unwrap_or_default();
    format!(
        "\
Nightshift is up: the project `{PROJECT}`, a web shop in two regions, with no account and in memory.

  Console    {url}/
  All APIs   {url}      (functions: NIGHTSHIFT_GCP_ENDPOINT={url})
  backup     {backup}      (a real one, of a real PostgreSQL; Pub/Sub wakes it with a signed token)
  rotator    {rotator}      (rotate-secrets, which changes the passwords of that PostgreSQL)
  guard      {guard}      (budget-guard, which throttles and stops what costs too much)

Try, in another terminal, and watch the console:

  # What the schedule does at night: `{{\"command\":\"run\"}}`. The backup appears in the bucket demo-shop-backups.
  curl -d '{{\"messages\":[{{\"data\":\"eyJjb21tYW5kIjoicnVuIn0=\"}}]}}' {url}/v1/projects/{PROJECT}/topics/backup-runs:publish

  # A new password for the shop's database, as by the console's button `Rotate now`: `{{\"command\":\"rotate\",…}}`. The other of
  # its two users gets it, and the service `checkout` a new revision; the tick of the next hour retires the old one.
  curl -d '{{\"messages\":[{{\"data\":\"eyJjb21tYW5kIjoicm90YXRlIiwic2VjcmV0Ijoic2hvcC1kYi1wYXNzd29yZCJ9\"}}]}}' {url}/v1/projects/{PROJECT}/topics/secret-rotations:publish

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
