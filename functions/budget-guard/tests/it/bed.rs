//! A Google Cloud of the test's own with things to stop in it, receivers for notices, and guards that share a memory.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use budget_guard::{
    channels::Channels,
    commands::Service,
    config::Config,
    google::Google,
    guard::{Guard, Parts, Turn},
    repository::Repository,
    store::Store,
};
use jiff::{SignedDuration, Timestamp};
use local_gcp::{LocalGcp, Options};
use nightshift_runtime::{
    Event, Handler, Outcome, RetryPolicy, Shutdown,
    clock::ManualClock,
    gcp::{Gcp, Options as GcpOptions},
    handler::Context,
    retry::Jitter,
};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

pub(crate) const ACCOUNT: &str = "01D4EE-079462-DFD6EC";
pub(crate) const BUDGET: &str = "de72f49d-779b-4945-a127-4d6ce8def0bb";
pub(crate) const OTHER: &str = "11111111-779b-4945-a127-4d6ce8def0bb";
pub(crate) const START: &str = "2026-10-01T07:00:00Z";
pub(crate) const QUOTA: &str = "quota:web/bigquery.googleapis.com/bigquery.googleapis.com%2Fquota%2Fquery%2Fusage@%2Fd%2Fproject";
/// What no log, notice or error may hold.
pub(crate) const SECRETS: [&str; 4] = [
    "s3cret-slack",
    "s3cret-chat",
    "s3cretroutingkey0123456789abcdef",
    "czNjcmV0LXNpZ25pbmcta2V5LW9mLXRoZS10ZXN0",
];

/// The ladder of the tests, one of everything.
pub(crate) const LADDER: &str = r#"
[[budget.step]]
id = "n50"
class = "notify"
when = { actual = "50%" }
do = ["slack"]

[[budget.step]]
id = "thr"
class = "throttle"
when = { actual = "90%" }
release = "80%"
do = ["slack", "run.max_instances:web/eu/api=1", "run.ingress_internal:web/eu/admin", "quota.limit:QUOTA=100"]

[[budget.step]]
id = "stop"
class = "stop"
when = { actual = "100%" }
release = "95%"
do = ["slack", "pagerduty", "run.disable:web/eu/api", "run.disable:web/eu/pay", "run.close_door:web/eu/admin", "pool.instances:web/eu/worker=0", "scheduler.pause:web/eu/nightly", "sql.stop:web/main", "compute.stop:web/eu-a/box"]

[[budget.step]]
id = "cap"
class = "cap"
when = { actual = "120%" }
confirm = 2
confirm_min = "20m"
do = ["slack", "pagerduty", "billing.unlink:sandbox-7"]
"#;

/// What a receiver got.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Inbox {
    got: Mutex<Vec<Got>>,
    /// How the next requests to a path are answered, in place of 200.
    answers: Mutex<VecDeque<(String, u16)>>,
}

/// An HTTP server that stands for chats, a pager and a webhook; it stops with its test.
pub(crate) struct Receiver {
    inbox: Arc<Inbox>,
    pub(crate) url: String,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(
    State(inbox): State<Arc<Inbox>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let path = uri.path().split('/').nth(1).unwrap().to_owned();
    let body = serde_json::from_slice(&body).unwrap();
    inbox.got.lock().unwrap().push(Got {
        path: path.clone(),
        headers,
        body,
    });
    let mut answers = inbox.answers.lock().unwrap();
    let planned = answers.iter().position(|(to, _)| *to == path);
    match planned.and_then(|index| answers.remove(index)) {
        Some((_, status)) => (StatusCode::from_u16(status).unwrap(), "no_service"),
        None => (StatusCode::OK, "ok"),
    }
}

impl Receiver {
    async fn start() -> Self {
        let inbox = Arc::new(Inbox::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/{*path}", post(take))
            .with_state(inbox.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { inbox, url, server }
    }

    /// Answers the next request to a channel with this status.
    pub(crate) fn answer(&self, channel: &str, status: u16) {
        self.inbox
            .answers
            .lock()
            .unwrap()
            .push_back((channel.to_owned(), status));
    }

    pub(crate) fn got(&self, channel: &str) -> Vec<Got> {
        let got = self.inbox.got.lock().unwrap();
        got.iter()
            .filter(|one| one.path == channel)
            .cloned()
            .collect()
    }

    /// The headlines that Slack was shown.
    pub(crate) fn headlines(&self) -> Vec<String> {
        let header = |got: &Got| {
            got.body["blocks"][0]["text"]["text"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        self.got("slack").iter().map(header).collect()
    }

    /// Everything that Slack was told.
    pub(crate) fn text(&self) -> String {
        let text = |got: &Got| {
            got.body["blocks"][2]["text"]["text"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        self.got("slack")
            .iter()
            .map(text)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// Everything a test needs; all of it ends with the test.
pub(crate) struct Bed {
    pub(crate) gcp: LocalGcp,
    pub(crate) clock: ManualClock,
    pub(crate) receiver: Receiver,
    pub(crate) folder: TempDir,
    pub(crate) config: String,
    http: reqwest::Client,
}

fn seed() -> Value {
    let service = |name: &str, more: Value| {
        let mut service = json!({
            "name": format!("projects/web/locations/eu/services/{name}"),
            "template": {"containers": [{"image": "gcr.io/web/app"}]},
        });
        service
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        service
    };
    json!({
        "run": {
            "services": [
                service("api", json!({"scaling": {"minInstanceCount": 1, "maxInstanceCount": 20}, "ingress": "INGRESS_TRAFFIC_ALL"})),
                service("pay", json!({"labels": {"budget-guard": "protect"}})),
                service("admin", json!({"ingress": "INGRESS_TRAFFIC_ALL", "invokerIamDisabled": true})),
            ],
            "workerPools": [{
                "name": "projects/web/locations/eu/workerPools/worker",
                "template": {"containers": [{"image": "gcr.io/web/worker"}]},
                "scaling": {"manualInstanceCount": 3},
            }],
        },
        "sql": {"instances": [{"project": "web", "name": "main", "databaseVersion": "POSTGRES_18", "settings": {"tier": "db-f1-micro", "activationPolicy": "ALWAYS"}}]},
        "compute": {"instances": [{"project": "web", "zone": "eu-a", "name": "box", "status": "RUNNING"}]},
        "serviceusage": {"limits": [{
            "project": "web", "service": "bigquery.googleapis.com", "metric": "bigquery.googleapis.com/quota/query/usage",
            "unit": "1/d/{project}", "displayName": "Query usage per day", "defaultLimit": 209_715_200, "usage": 5000,
        }]},
        "cloudbilling": {
            "billingAccounts": [{"name": format!("billingAccounts/{ACCOUNT}"), "open": true, "displayName": "ours"}],
            "projects": [{"projectId": "sandbox-7", "billingAccountName": format!("billingAccounts/{ACCOUNT}")}],
        },
        "cloudresourcemanager": {"projects": {"sandbox-7": {"labels": {"budget-guard-cap": "armed"}}}},
    })
}

impl Bed {
    pub(crate) async fn new() -> Self {
        Self::with(LADDER).await
    }

    /// With this ladder for the one budget.
    pub(crate) async fn with(ladder: &str) -> Self {
        let gcp = LocalGcp::start(Options {
            operation_time: Duration::from_millis(1),
            run_writes_per_minute: None,
            ..Options::stopped_at("2026-10-01T07:00:00Z".parse().unwrap())
        });
        let gcp = gcp.await.unwrap();
        gcp.seed(seed()).unwrap();
        let receiver = Receiver::start().await;
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &receiver.url, ladder);
        let bed = Self {
            clock: ManualClock::at("2026-10-05T10:00:00Z".parse().unwrap()),
            gcp,
            receiver,
            folder,
            config,
            http: reqwest::Client::new(),
        };
        bed.furnish().await;
        bed
    }

    /// What no seed can say.
    async fn furnish(&self) {
        let bucket =
            json!({"name": "memory", "softDeletePolicy": {"retentionDurationSeconds": "0"}});
        self.ask("POST", "/storage/v1/b?project=finops-admin", bucket)
            .await;
        let job = json!({"name": "projects/web/locations/eu/jobs/nightly", "schedule": "0 3 * * *", "httpTarget": {"uri": "http://127.0.0.1:9/"}});
        self.ask("POST", "/v1/projects/web/locations/eu/jobs", job)
            .await;
        let policy = json!({"policy": {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers", "user:a@example.com"]}]}});
        self.ask(
            "POST",
            "/v2/projects/web/locations/eu/services/admin:setIamPolicy",
            policy,
        )
        .await;
        for topic in ["budgets", "notices"] {
            self.ask(
                "PUT",
                &format!("/v1/projects/finops-admin/topics/{topic}"),
                json!({}),
            )
            .await;
        }
        let subscription =
            json!({"topic": "projects/finops-admin/topics/notices", "enableMessageOrdering": true});
        self.ask(
            "PUT",
            "/v1/projects/finops-admin/subscriptions/notices",
            subscription,
        )
        .await;
    }

    /// Another instance: it shares nothing but the memory.
    pub(crate) fn guard(&self) -> Arc<Guard> {
        self.guard_of(&self.config)
    }

    pub(crate) fn guard_of(&self, config: &str) -> Arc<Guard> {
        let path = self.folder.path().join("guard.toml");
        std::fs::write(&path, config).unwrap();
        let config: Config = nightshift_runtime::config::load(Some(&path)).unwrap();
        config.check_for_work().unwrap();
        let options = GcpOptions {
            endpoint: Some(self.gcp.url().to_owned()),
        };
        let swift = RetryPolicy {
            max_attempts: 3,
            initial_delay: Duration::from_millis(1),
            max_delay: Duration::from_millis(5),
            jitter: Jitter::None,
            ..RetryPolicy::default()
        };
        let gcp = Gcp::from_options(&options).unwrap().with_retry(swift);
        let google = Google::new(gcp.clone()).unwrap().with_patience(
            swift,
            Duration::from_secs(5),
            Duration::from_millis(2),
        );
        let place = config.state.clone().unwrap().0;
        let guard = Guard::new(Parts {
            policies: config.policies().unwrap(),
            repository: Repository::new(Store::open(place, &gcp).unwrap()),
            channels: Channels::new(config.channels.clone(), google.clone())
                .unwrap()
                .with_retry(swift),
            google,
            clock: Arc::new(self.clock.clone()),
        });
        Arc::new(guard.with_rounds(swift))
    }

    /// Asks what must succeed, as a person does with another tool.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.gcp.url());
        let request = self.http.request(method.parse().unwrap(), url);
        let request = if method == "GET" {
            request
        } else {
            request.json(&body)
        };
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, Value::Null).await
    }

    /// Everything that a ladder touches, each field that is not a counter of changes.
    pub(crate) async fn world(&self) -> Value {
        let mut world = json!({});
        for name in [
            "services/api",
            "services/pay",
            "services/admin",
            "workerPools/worker",
        ] {
            let mut found = self
                .get(&format!("/v2/projects/web/locations/eu/{name}"))
                .await;
            forget(
                &mut found,
                &[
                    "etag",
                    "generation",
                    "observedGeneration",
                    "updateTime",
                    "lastModifier",
                    "terminalCondition",
                    "conditions",
                    "reconciling",
                ],
            );
            world[name] = found;
        }
        let mut policy = self
            .get("/v2/projects/web/locations/eu/services/admin:getIamPolicy")
            .await;
        forget(&mut policy, &["etag"]);
        world["admin policy"] = policy;
        let job = self.get("/v1/projects/web/locations/eu/jobs/nightly").await;
        world["job"] = job["state"].clone();
        world["sql"] =
            self.get("/v1/projects/web/instances/main").await["settings"]["activationPolicy"]
                .clone();
        world["box"] = self
            .get("/compute/v1/projects/web/zones/eu-a/instances/box")
            .await;
        world["billing"] = self.get("/v1/projects/sandbox-7/billingInfo").await;
        let quota = QUOTA.replacen("quota:web/bigquery.googleapis.com/", "", 1);
        let (metric, limit) = quota.split_once('@').unwrap();
        let path = format!(
            "/v1beta1/projects/web/services/bigquery.googleapis.com/consumerQuotaMetrics/{metric}/limits/{limit}"
        );
        world["quota"] = self.get(&path).await["quotaBuckets"].clone();
        world
    }

    /// The body of a push.
    pub(crate) fn message(id: u64, at: &str, cost: &str, amount: &str, start: &str) -> Event {
        Self::message_of(BUDGET, id, at, cost, amount, start)
    }

    pub(crate) fn message_of(
        budget: &str,
        id: u64,
        at: &str,
        cost: &str,
        amount: &str,
        start: &str,
    ) -> Event {
        let data = format!(
            r#"{{"budgetDisplayName":"prod-web monthly","costAmount":{cost},"costIntervalStart":"{start}","budgetAmount":{amount},"budgetAmountType":"SPECIFIED_AMOUNT","currencyCode":"USD"}}"#
        );
        let attributes =
            json!({"billingAccountId": ACCOUNT, "budgetId": budget, "schemaVersion": "1.0"});
        push(id, at, &data, &attributes)
    }

    /// Sets the clock to a message's time and hands it to a guard.
    pub(crate) async fn deliver(&self, guard: &Arc<Guard>, event: Event) -> Outcome {
        let at = event.time.unwrap();
        if at > guard.now() {
            self.clock.set(at);
        }
        handle(guard, event).await
    }

    /// One message at a time of October.
    pub(crate) async fn spend(&self, guard: &Arc<Guard>, id: u64, at: &str, cost: &str) -> Outcome {
        self.deliver(guard, Self::message(id, at, cost, "1000", START))
            .await
    }

    pub(crate) async fn tick(&self, guard: &Arc<Guard>) -> Vec<Turn> {
        let cause = budget_guard::guard::Cause {
            id: "tick".to_owned(),
            ..Default::default()
        };
        guard
            .receive(&budget_guard::input::Input::Tick, &cause)
            .await
            .unwrap()
    }

    pub(crate) async fn command(&self, guard: &Arc<Guard>, command: Value) -> Outcome {
        let event = Event {
            source: nightshift_runtime::event::Source::Command,
            ..push(0, START, &command.to_string(), &json!({}))
        };
        handle(guard, event).await
    }

    pub(crate) fn later(&self, by: SignedDuration) {
        let now = nightshift_runtime::Clock::now(&self.clock);
        self.clock.set(now.checked_add(by).unwrap());
    }

    pub(crate) async fn document(
        &self,
        guard: &Arc<Guard>,
    ) -> budget_guard::state::document::Document {
        guard.remembered(&guard.policies()[0]).await.unwrap()
    }
}

pub(crate) async fn handle(guard: &Arc<Guard>, event: Event) -> Outcome {
    let context = Context {
        deadline: tokio::time::Instant::now() + Duration::from_mins(1),
        shutdown: Shutdown::new(),
        caller: Some("anna@example.com".into()),
    };
    Service::new(guard.clone()).handle(event, context).await
}

pub(crate) fn push(id: u64, at: &str, data: &str, attributes: &Value) -> Event {
    let body = json!({"subscription": "projects/finops-admin/subscriptions/guard", "message": {
        "messageId": format!("m{id}"), "publishTime": at, "attributes": attributes, "data": STANDARD.encode(data),
    }});
    let mut event = Event::parse(&HeaderMap::new(), body.to_string().into()).unwrap();
    let _: Timestamp = event.time.unwrap();
    event.data = data.to_owned().into();
    event
}

fn forget(value: &mut Value, keys: &[&str]) {
    let object = value.as_object_mut().unwrap();
    object.retain(|key, _| !keys.contains(&key.as_str()));
}

const HEAD: &str = r#"
mode = "enforce"
guard_project = "finops-admin"
state = "gs://memory/guard"

[feed]
topic = "projects/finops-admin/topics/budgets"

[cap_billing]
enabled = true
projects = ["sandbox-7"]
i_know = "resources may be irretrievably deleted"
"#;

fn config(folder: &std::path::Path, receiver: &str, ladder: &str) -> String {
    let secret = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        format!("{{ file = \"{}\" }}", path.display())
    };
    let [slack, chat, routing, signing] = SECRETS;
    let slack = secret("slack", &format!("{receiver}/slack/{slack}"));
    let chat = secret("chat", &format!("{receiver}/chat/{chat}?key=k&token=t"));
    let hook = secret("hook", &format!("{receiver}/hook"));
    let routing = secret("routing", routing);
    let signing = secret("signing", &format!("whsec_{signing}"));
    let channels = format!(
        r#"
[channel.slack]
kind = "slack"
url = {slack}
allow_private = true

[channel.chat]
kind = "google_chat"
url = {chat}
allow_private = true

[channel.pagerduty]
kind = "pagerduty"
routing_key = {routing}
url = "{receiver}/pagerduty"
allow_private = true

[channel.hook]
kind = "webhook"
url = {hook}
secret = {signing}
allow_private = true

[channel.bus]
kind = "pubsub"
topic = "projects/finops-admin/topics/notices"
"#
    );
    let quota = QUOTA.replacen("quota:", "quota.limit:", 1);
    let ladder = ladder.replace("quota.limit:QUOTA", &quota);
    format!(
        r#"{HEAD}{channels}
[[budget]]
account = "{ACCOUNT}"
id = "{BUDGET}"
currency = "USD"
amount = {{ min = "100", max = "5000" }}
tell = ["slack"]
{ladder}
"#
    )
}
