//! All of it at once, as it is deployed: Secret Manager's schedule publishes, Pub/Sub pushes with a signed token, the program
//! checks it and rotates the password of a real PostgreSQL, Cloud Run rolls the service, Cloud Scheduler's ticks retire the
//! old version; and meanwhile a client logs in fifty times a second with whatever is published.
//!
//! The program has the system's clock. local-gcp starts two hours behind it and is moved up to it, so that a schedule comes
//! due without anybody waiting and both mean the same by now; the grace is short in truth, not in a clock.

use crate::{
    bed::{Google, Program, Serving},
    kinds::bed::{Bed, server},
};
use jiff::{SignedDuration, Timestamp};
use local_gcp::Options;
use rotate_secrets::rotation::{
    State,
    state::{STATE_ANNOTATION, VersionNumber},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tokio::{task::JoinHandle, time::MissedTickBehavior};

const SECRET: &str = "projects/demo/secrets/shop-db";
const SIDE: &str = "projects/demo/secrets/shop-db-next";
const SERVICE: &str = "projects/demo/locations/europe-west1/services/shop";
const TICK: &str = "projects/demo/locations/europe-west1/jobs/rotation-tick";
const AUDIENCE: &str = "https://rotate.example";
const PUSHER: &str = "pusher@demo.iam.gserviceaccount.com";

/// Fifty logins a second.
const PACE: Duration = Duration::from_millis(20);

/// How often the scheduler ticks while something is to be retired.
const TICKS: Duration = Duration::from_secs(2);

/// After this long a test has failed.
const DEADLINE: Duration = Duration::from_mins(3);

/// Everything of one deployment.
struct Deployment {
    postgres: Bed,
    program: Program,
    serving: Serving,
}

impl Deployment {
    /// A deployment with these settings of the target, whose first published value is `first`.
    async fn new(postgres: Bed, target: Value, first: &str) -> Self {
        let google = Google::with(Options {
            now: Some(Timestamp::now() - SignedDuration::from_hours(2)),
            ..Options::default()
        })
        .await;
        google.gcp.seed(project(&google, first)).unwrap();
        let read = google.get(&format!("/v1/{SECRET}")).await.unwrap();
        let numbered = read["name"].as_str().unwrap();
        let number: u64 = numbered.split('/').nth(1).unwrap().parse().unwrap();
        let config = json!({
            "project": "demo",
            "project_number": number,
            "secrets": {"shop-db": {
                "target": {"postgres": target},
                "consumers": [{"name": SERVICE}],
                "grace": "1s",
                "min_gap": "0s",
            }},
        });
        let program = Program::with(google, &config.to_string());
        let serving = ["--auth", "verify", "--audience", AUDIENCE];
        let serving = [&serving[..], &["--caller", PUSHER]].concat();
        let serving = program.serve(&serving).await;
        program.run(&["adopt"]).await.ended(0);
        let deployment = Self {
            postgres,
            program,
            serving,
        };
        deployment.connect();
        deployment
    }

    /// The push subscription and the job that wake the program, each with a token of their own.
    fn connect(&self) {
        let url = self.serving.url.as_str();
        let token = json!({"serviceAccountEmail": PUSHER, "audience": AUDIENCE});
        self.google()
            .gcp
            .seed(json!({
                "pubsub": {"subscriptions": [{
                    "name": "projects/demo/subscriptions/rotations-push",
                    "topic": "projects/demo/topics/rotations",
                    "ackDeadlineSeconds": 600,
                    "pushConfig": {"pushEndpoint": url, "oidcToken": token},
                }]},
                "cloudscheduler": {"jobs": [{
                    "name": TICK, "schedule": "0 0 1 1 *", "timeZone": "UTC",
                    "httpTarget": {"uri": url, "httpMethod": "POST", "oidcToken": token},
                }]},
            }))
            .unwrap();
    }

    fn google(&self) -> &Google {
        &self.program.google
    }

    /// What the console's button `Rotate now` does.
    async fn rotate_now(&self) {
        let secret = self.google().get(&format!("/v1/{SECRET}")).await;
        let secret = secret.unwrap();
        let key = format!("rotate {}", secret["name"].as_str().unwrap());
        let fire = json!({"api": "secretmanager", "key": key});
        self.google().post("/_local/timers:fire", fire).await;
    }

    /// Moves Google's clock past the time of a `versionDestroyTtl`.
    async fn a_day_passes(&self) {
        let a_day = SignedDuration::from_hours(25);
        self.google().gcp.advance(a_day).await.unwrap();
    }

    /// Moves Google's clock up to the system's, past the time at which the schedule is due.
    async fn let_the_schedule_come_due(&self) {
        self.google().gcp.set_time(Timestamp::now()).await.unwrap();
    }

    /// Waits until nothing is under way and the versions are in these states, the oldest first, while the schedule ticks.
    async fn wait_until_at_rest(&self, wanted: &[&str]) {
        let begun = Instant::now();
        let mut ticked = begun;
        while self.google().versions(SECRET).await != wanted
            || self.state().await.operation.is_some()
        {
            self.assert_in_time(begun, wanted).await;
            if ticked.elapsed() > TICKS {
                let path = format!("/v1/{TICK}:run");
                self.google().post(&path, json!({})).await;
                ticked = Instant::now();
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// Waits until the rotation of this version is all but over: readers and consumers have the new value.
    async fn wait_until_rolled(&self, version: VersionNumber) {
        let begun = Instant::now();
        loop {
            let state = self.state().await;
            if state.current == version && state.phase_name() == "rolled" {
                return;
            }
            self.assert_in_time(begun, &["rolled"]).await;
            tokio::time::sleep(PACE).await;
        }
    }

    /// Waits until Google's clock, which stood while it was moved, is past the end of the last rotation: what was due before
    /// that is satisfied.
    async fn wait_for_googles_clock(&self) {
        let done = self.state().await.last_done.unwrap();
        while self.google().gcp.now() <= done {
            tokio::time::sleep(PACE).await;
        }
    }

    async fn assert_in_time(&self, begun: Instant, wanted: &[&str]) {
        assert!(
            begun.elapsed() < DEADLINE,
            "not {wanted:?}: {:?}, {:?}\n{}",
            self.google().versions(SECRET).await,
            self.state().await,
            self.serving.said()
        );
    }

    async fn state(&self) -> State {
        let secret = self.google().get(&format!("/v1/{SECRET}")).await.unwrap();
        let state = secret["annotations"][STATE_ANNOTATION].as_str().unwrap();
        State::from_annotation(state).unwrap()
    }

    /// What the service's newest revision that is ready is called, and which versions it says that it has.
    async fn revision(&self) -> (String, String) {
        let service = self.google().get(&format!("/v2/{SERVICE}")).await.unwrap();
        let revision = service["latestReadyRevision"].as_str().unwrap().to_owned();
        let rolled = &service["template"]["annotations"]["nightshift/secret-versions"];
        (revision, rolled.as_str().unwrap_or_default().to_owned())
    }

    /// The published value, as any reader gets it.
    async fn published(&self) -> String {
        self.google().value(SECRET, "latest").await.unwrap()
    }
}

/// The secret with its schedule and topic, and the service that reads it.
fn project(google: &Google, first: &str) -> Value {
    let due = google.gcp.now() + SignedDuration::from_hours(1);
    let key = json!({"secretKeyRef": {"secret": "shop-db", "version": "latest"}});
    json!({
        "pubsub": {"topics": [{"name": "projects/demo/topics/rotations"}]},
        "secretmanager": {"secrets": [
            {
                "name": SECRET,
                "topics": [{"name": "projects/demo/topics/rotations"}],
                "rotation": {"nextRotationTime": due.to_string(), "rotationPeriod": "2592000s"},
                "versionDestroyTtl": "86400s",
                "versions": [{"text": first}],
            },
            {"name": SIDE, "versions": []},
        ]},
        "run": {"services": [{
            "name": SERVICE,
            "template": {"containers": [{
                "image": "shop", "env": [{"name": "DATABASE", "valueSource": key}],
            }]},
        }]},
    })
}

/// A client that logs in with whatever is published, and what became of it.
struct Client {
    counts: Arc<Counts>,
    running: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    logins: AtomicUsize,
    users: Mutex<BTreeMap<String, usize>>,
    failures: Mutex<Vec<(Instant, String)>>,
    over: AtomicBool,
}

impl Client {
    fn start(url: &str) -> Self {
        let counts = Arc::new(Counts::default());
        let life = live(format!("{url}/v1/{SECRET}"), counts.clone());
        Self {
            counts,
            running: tokio::spawn(life),
        }
    }

    /// Waits until it has logged in with what is published now.
    async fn goes_on(&self) {
        // One login may be under way.
        let enough = self.counts.logins.load(SeqCst) + 2;
        let begun = Instant::now();
        while self.counts.logins.load(SeqCst) < enough {
            let failures = self.counts.failures.lock().unwrap().len();
            assert!(begun.elapsed() < DEADLINE, "{failures} failures");
            tokio::time::sleep(PACE).await;
        }
    }

    async fn stop(self) -> Arc<Counts> {
        self.counts.over.store(true, SeqCst);
        self.running.await.unwrap();
        self.counts
    }
}

impl Counts {
    /// From the first login that failed to the last.
    fn window(&self) -> Duration {
        let failures = self.failures.lock().unwrap();
        let ends = failures.first().zip(failures.last());
        ends.map_or(Duration::ZERO, |(first, last)| last.0 - first.0)
    }
}

async fn live(secret: String, counts: Arc<Counts>) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !counts.over.load(SeqCst) {
        pace.tick().await;
        match log_in(&read(&http, &secret).await).await {
            Ok(user) => {
                counts.logins.fetch_add(1, SeqCst);
                *counts.users.lock().unwrap().entry(user).or_default() += 1;
            }
            Err(error) => {
                let failure = (Instant::now(), format!("{error:?}"));
                counts.failures.lock().unwrap().push(failure);
            }
        }
    }
}

/// The published value, from Google's API.
async fn read(http: &reqwest::Client, secret: &str) -> String {
    use base64::Engine as _;
    let answer = http.get(format!("{secret}/versions/latest:access"));
    let answer: Value = answer.send().await.unwrap().json().await.unwrap();
    let data = answer["payload"]["data"].as_str().unwrap();
    let bytes = base64::prelude::BASE64_STANDARD.decode(data).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Logs in with a published value, does what an application does, and says as whom.
async fn log_in(value: &str) -> Result<String, tokio_postgres::Error> {
    let url = serde_json::from_str::<Value>(value)
        .ok()
        .and_then(|value| Some(value["url"].as_str()?.to_owned()))
        .unwrap_or_else(|| value.to_owned());
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    client.batch_execute("SELECT count(*) FROM orders").await?;
    let user = client.query_one("SELECT session_user::text", &[]).await?;
    drop(client);
    connection.await.ok();
    Ok(user.get(0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_schedule_to_the_destroyed_version_a_client_sees_no_failed_login() {
    let postgres = Bed::new(server(15).unwrap()).unwrap();
    let (target, first) = (postgres.pair(), postgres.first());
    let first = first.expose_text().unwrap().to_owned();
    let deployment = Deployment::new(postgres, target, &first).await;
    let client = Client::start(deployment.google().url());
    client.goes_on().await;
    let before = deployment.revision().await;
    // The schedule comes due on the way.
    deployment.let_the_schedule_come_due().await;
    deployment.wait_until_rolled(VersionNumber(2)).await;
    let second = deployment.published().await;
    assert_eq!(log_in(&second).await.unwrap(), "app_b");
    let after = deployment.revision().await;
    assert_ne!(before.0, after.0);
    assert_eq!(after.1, "shop-db=2");
    client.goes_on().await;
    // With a `versionDestroyTtl`, what is retired is disabled at once and destroyed a day later.
    deployment
        .wait_until_at_rest(&["DISABLED", "ENABLED"])
        .await;
    assert!(log_in(&first).await.is_err());
    client.goes_on().await;
    deployment.wait_for_googles_clock().await;
    deployment.rotate_now().await;
    deployment
        .wait_until_at_rest(&["DISABLED", "DISABLED", "ENABLED"])
        .await;
    assert_eq!(
        log_in(&deployment.published().await).await.unwrap(),
        "app_a"
    );
    deployment.a_day_passes().await;
    deployment
        .wait_until_at_rest(&["DESTROYED", "DESTROYED", "ENABLED"])
        .await;
    client.goes_on().await;
    let counts = client.stop().await;
    let failures = counts.failures.lock().unwrap().clone();
    println!(
        "two rotations: {} logins {:?}, {} failed",
        counts.logins.load(SeqCst),
        counts.users.lock().unwrap(),
        failures.len()
    );
    assert!(failures.is_empty(), "{failures:#?}");
    assert_eq!(counts.users.lock().unwrap().len(), 2);
    assert_eq!(deployment.google().enabled(SIDE).await, 0);
    assert!(deployment.postgres.server.process_id().is_some());
    pushes_were_signed(&deployment).await;
}

/// Each event was pushed and taken, and who has no token is turned away.
async fn pushes_were_signed(deployment: &Deployment) {
    let (status, _) = deployment.serving.post(&json!({"command": "tick"})).await;
    assert_eq!(status, 401);
    deployment.serving.until("rotation.completed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_single_user_logins_fail_for_a_window_that_ends_by_itself() {
    let postgres = Bed::new(server(15).unwrap()).unwrap();
    let mut target = postgres.single();
    target["payload"] = json!("url");
    let port = postgres.server.port();
    let first = format!("postgres://app_a:first@127.0.0.1:{port}/shop?sslmode=disable");
    let deployment = Deployment::new(postgres, target, &first).await;
    let client = Client::start(deployment.google().url());
    client.goes_on().await;
    deployment.let_the_schedule_come_due().await;
    deployment
        .wait_until_at_rest(&["DISABLED", "ENABLED"])
        .await;
    client.goes_on().await;
    let failed = client.counts.failures.lock().unwrap().len();
    // It is over: nothing fails any more.
    client.goes_on().await;
    let counts = client.stop().await;
    println!(
        "one rotation of a single user: {} logins, {failed} failed within {:?}",
        counts.logins.load(SeqCst),
        counts.window()
    );
    assert_eq!(counts.failures.lock().unwrap().len(), failed);
    assert!(counts.window() < Duration::from_secs(30));
    assert!(
        log_in(&first).await.is_err(),
        "the old password still works"
    );
}
