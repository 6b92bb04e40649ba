//! Google Cloud on this machine with some services in it, and what scales them; both go by one clock, which a test moves.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use local_gcp::{Entry, LocalGcp, Options};
use nightshift_runtime::{Clock, RetryPolicy, gcp};
use scheduled_scaling::{
    apply::{Patience, Scaler},
    config::Config,
    google::Google,
    report::run::{RunReport, TargetReport},
};
use serde_json::{Value, json};
use std::{ops::Deref, sync::Arc, time::Duration};

pub(crate) const PROJECT: &str = "projects/demo";
pub(crate) const REGION: &str = "projects/demo/locations/europe-west1";

/// Monday to Friday, 08:00 to 18:00 in UTC.
pub(crate) const OFFICE: &str = r#"
    version = 1
    [schedules.office]
    time_zone = "UTC"
    default = { min = 0 }
    [[schedules.office.windows]]
    name = "core"
    days = "mon-fri"
    from = "08:00"
    to = "18:00"
    min = 3
"#;

pub(crate) struct Bed {
    pub(crate) gcp: Arc<LocalGcp>,
    pub(crate) scaler: Scaler,
    http: reqwest::Client,
}

/// The clock of the stand-in.
struct CloudClock(Arc<LocalGcp>);

impl Clock for CloudClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// The full name of a service.
pub(crate) fn service(name: &str) -> String {
    format!("{REGION}/services/{name}")
}

/// A target of the configuration, with more keys after it.
pub(crate) fn target(kind: &str, name: &str, schedule: &str, more: &str) -> String {
    format!(
        "[[targets]]\nkind = \"{kind}\"\nname = \"{name}\"\nschedule = \"{schedule}\"\n{more}\n"
    )
}

/// A service of the configuration that goes by the office.
pub(crate) fn office_service(name: &str) -> String {
    target("service", &service(name), "office", "")
}

pub(crate) fn config(text: &str) -> Config {
    toml::from_str(text).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

/// What a service is in a seed.
pub(crate) fn seeded(name: &str, scaling: Value) -> Value {
    let mut seeded = json!({
        "name": name,
        "template": { "containers": [{ "image": "europe-docker.pkg.dev/demo/shop/web:1" }] },
    });
    seeded["scaling"] = scaling;
    seeded
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn options(at: &str) -> Options {
    Options {
        operation_time: Duration::from_millis(1),
        ..Options::stopped_at(instant(at))
    }
}

impl Bed {
    /// With these services, set to these minimums.
    pub(crate) async fn start(at: &str, text: &str, services: &[(&str, u32)]) -> Self {
        let services: Vec<Value> = services
            .iter()
            .map(|(name, min)| seeded(&service(name), json!({ "minInstanceCount": min })))
            .collect();
        Self::seeded(
            options(at),
            text,
            json!({ "run": { "services": services } }),
        )
        .await
    }

    pub(crate) async fn seeded(options: Options, text: &str, seed: Value) -> Self {
        let gcp = Arc::new(LocalGcp::start(options).await.unwrap());
        gcp.seed(seed).unwrap();
        let clock = Arc::new(CloudClock(gcp.clone()));
        let scaler = Scaler {
            patience: Patience {
                budget: Duration::ZERO,
                first_look: Duration::from_millis(2),
                operations: Duration::from_secs(10),
            },
            ..Scaler::new(google(gcp.url()).await, Arc::new(config(text)), clock)
        };
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { gcp, scaler, http }
    }

    /// The same cloud, with another configuration.
    pub(crate) fn reconfigure(&mut self, text: &str) {
        self.scaler.config = Arc::new(config(text));
    }

    pub(crate) async fn run(&self) -> Told {
        Told(RunReport::new(&self.scaler.run().await))
    }

    /// Moves the clock, and runs.
    pub(crate) async fn run_at(&self, at: &str) -> Told {
        self.gcp.set_time(instant(at)).await.unwrap();
        self.run().await
    }

    pub(crate) async fn advance(&self, minutes: i64) {
        self.gcp
            .advance(SignedDuration::from_mins(minutes))
            .await
            .unwrap();
    }

    /// A resource as it is. Neither the journal nor faults know of it.
    pub(crate) async fn get(&self, name: &str) -> Value {
        let request = self
            .http
            .get(self.url(name))
            .header("x-local-console", "read");
        request.send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn scaling(&self, name: &str) -> Value {
        self.get(name).await["scaling"].clone()
    }

    /// The minimum of a service.
    pub(crate) async fn min(&self, name: &str) -> u64 {
        let scaling = self.scaling(&service(name)).await;
        scaling["minInstanceCount"].as_u64().unwrap_or(0)
    }

    /// The activation policy of a database.
    pub(crate) async fn policy(&self, name: &str) -> String {
        let instance = self.get(&format!("{PROJECT}/instances/{name}")).await;
        instance["settings"]["activationPolicy"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Somebody else begins to change what `mask` says.
    pub(crate) async fn begin(&self, name: &str, mask: &str, body: Value) -> Value {
        let url = format!("{}?updateMask={mask}", self.url(name));
        self.send(self.http.patch(url).json(&body)).await
    }

    /// Somebody else changes what `mask` says, and that has come true.
    pub(crate) async fn patch(&self, name: &str, mask: &str, body: Value) -> Value {
        let operation = self.begin(name, mask, body).await;
        let operation = operation["name"]
            .as_str()
            .unwrap_or_else(|| panic!("{operation}"))
            .to_owned();
        let wait = format!("{}:wait", self.url(&operation));
        self.send(self.http.post(wait).json(&json!({}))).await
    }

    /// Somebody else sets the minimum of a service.
    pub(crate) async fn set_min(&self, name: &str, min: u32) {
        let body = json!({ "scaling": { "minInstanceCount": min } });
        self.patch(&service(name), "scaling.minInstanceCount", body)
            .await;
    }

    /// Moves the clock without waiting for operations that go on.
    pub(crate) async fn set_time_at_once(&self, at: &str) {
        let clock = format!("{}/_local/clock", self.gcp.url());
        let body = json!({ "set": at, "settle": "0s" });
        let answer = self.http.post(clock).json(&body).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    /// Makes a topic or a subscription.
    pub(crate) async fn make(&self, name: &str, what: Value) {
        let url = self.url(&format!("{PROJECT}/{name}"));
        self.send(self.http.put(url).json(&what)).await;
    }

    /// Calls a method of a topic or a subscription.
    pub(crate) async fn post(&self, name: &str, body: Value) {
        let url = self.url(&format!("{PROJECT}/{name}"));
        self.send(self.http.post(url).json(&body)).await;
    }

    /// The messages of a subscription.
    pub(crate) async fn pulled(&self, subscription: &str) -> Vec<Value> {
        let url = self.url(&format!("{PROJECT}/subscriptions/{subscription}:pull"));
        let body = json!({ "maxMessages": 100, "returnImmediately": true });
        let pulled = self.send(self.http.post(url).json(&body)).await;
        let received = pulled["receivedMessages"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let data = |message: &Value| {
            STANDARD
                .decode(message["message"]["data"].as_str().unwrap())
                .unwrap()
        };
        received
            .iter()
            .map(|message| serde_json::from_slice(&data(message)).unwrap())
            .collect()
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request
            .header("x-by", "somebody else")
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }

    fn url(&self, name: &str) -> String {
        let version = if name.contains("/locations/") {
            "v2"
        } else {
            "v1"
        };
        format!("{}/{version}/{name}", self.gcp.url())
    }

    /// What we have written, oldest first.
    pub(crate) fn writes(&self) -> Vec<Arc<Entry>> {
        let ours = |entry: &Arc<Entry>| !entry.headers.iter().any(|(name, _)| name == "x-by");
        let all = self.gcp.journal().entries().into_iter();
        all.filter(|entry| entry.method == "PATCH" && ours(entry))
            .collect()
    }

    /// What we have asked since `after`, by method.
    pub(crate) fn calls(&self) -> Vec<String> {
        let all = self.gcp.journal().entries().into_iter();
        all.map(|entry| entry.api.clone()).collect()
    }
}

pub(crate) async fn google(endpoint: &str) -> Google {
    let options = gcp::Options {
        endpoint: Some(endpoint.to_owned()),
    };
    let gcp = gcp::Gcp::from_options(&options)
        .unwrap()
        .with_retry(RetryPolicy {
            initial_delay: Duration::from_millis(1),
            ..RetryPolicy::default()
        });
    Google::new(&gcp).await.unwrap()
}

/// What a run said.
pub(crate) struct Told(pub(crate) RunReport);

impl Deref for Told {
    type Target = RunReport;

    fn deref(&self) -> &RunReport {
        &self.0
    }
}

impl Told {
    /// What became of the target whose name ends so.
    pub(crate) fn of(&self, name: &str) -> &TargetReport {
        let end = format!("/{name}");
        let found = self
            .targets
            .iter()
            .find(|target| target.target.ends_with(&end));
        found.unwrap_or_else(|| panic!("no {name} in {:#?}", self.0))
    }

    pub(crate) fn decision(&self, name: &str) -> &'static str {
        self.of(name).decision
    }

    pub(crate) fn reason(&self, name: &str) -> &str {
        self.of(name).reason.as_deref().unwrap_or_default()
    }
}
