//! A test bed: Secret Manager and Cloud Run as local-gcp plays them, behind a gate at which calls can be lost and workers
//! killed; a target in memory behind the same gate; and a clock that the test moves.

mod gate;
mod google;
mod program;
mod target;
mod time;
mod watch;

pub(crate) use gate::{Fault, Gate, faults};
pub(crate) use google::Google;
pub(crate) use program::{Program, Serving};
pub(crate) use target::{Accounts, Trouble};
pub(crate) use time::TestTime;

use gate::Proxy;
use nightshift_runtime::{RetryPolicy, gcp::Gcp, retry::Jitter};
use rotate_secrets::{
    apply::{Call, Ended, Services},
    consumers::{CloudRun, Consumer, PinnedTraffic, Referred},
    managed::Managed,
    rotation::{Intent, OnDrift, Overlap, Policy, Staging, Stop, window::Windows},
    secret_manager::{SecretError, SecretManager},
};
use std::{sync::Arc, time::Duration};
use target::MemoryTarget;
use watch::Watch;

pub(crate) const SECRET: &str = "projects/demo/secrets/db";
pub(crate) const SIDE: &str = "projects/demo/secrets/db-next";
pub(crate) const SERVICE: &str = "projects/demo/locations/europe-west1/services/api";

/// What a rotation is tried with.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) overlap: Overlap,
    pub(crate) staging: Staging,
    pub(crate) grace: Duration,
    pub(crate) trouble: Trouble,
    /// How many services use the secret.
    pub(crate) services: usize,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            overlap: Overlap::Both,
            staging: Staging::Side,
            grace: Duration::ZERO,
            trouble: Trouble::default(),
            services: 0,
        }
    }
}

pub(crate) struct Bed {
    pub(crate) google: Arc<Google>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) time: TestTime,
    pub(crate) services: Services,
    pub(crate) managed: Managed,
    _proxy: Proxy,
}

impl Bed {
    /// A secret `db` with its first version, which the target accepts.
    pub(crate) async fn new(setting: Setting) -> Self {
        Self::on(Google::start().await, setting).await
    }

    /// As [`Bed::new`], with this Google.
    pub(crate) async fn on(google: Google, setting: Setting) -> Self {
        let google = Arc::new(google);
        let time = TestTime::new();
        let gate = Arc::new(Gate::new(time.clone()));
        let proxy = Proxy::start(gate.clone(), google.url()).await;
        let accounts = Arc::new(Accounts::new(setting.overlap, setting.trouble.clone()));
        let gcp = gcp(&proxy.url());
        let bed = Self {
            services: Services {
                secrets: SecretManager::new(gcp.clone()),
                run: CloudRun::new(gcp),
                time: Arc::new(time.clone()),
            },
            managed: managed(&setting, &gate, &accounts),
            google,
            gate,
            accounts,
            time,
            _proxy: proxy,
        };
        bed.reset(&setting);
        bed
    }

    /// Begins anew, with the same servers.
    pub(crate) fn reset(&self, setting: &Setting) {
        self.google.reset();
        let first = self
            .accounts
            .reset(setting.overlap, setting.trouble.clone());
        self.google.seed(&first, setting.services);
        let (google, accounts) = (self.google.clone(), self.accounts.clone());
        let watch = Watch::new(google, accounts, self.time.clone(), setting.clone());
        self.gate.reset(Arc::new(watch));
    }

    /// Nothing that has to hold was violated.
    pub(crate) fn assert_unharmed(&self, schedule: &str) {
        let violations = self.gate.watch().violations();
        assert!(
            violations.is_empty(),
            "{schedule}: {violations:#?}\n{:#?}",
            self.gate.calls()
        );
    }

    /// At rest, readers get one value that works, and nothing else is left.
    pub(crate) async fn assert_at_rest(&self, schedule: &str) {
        let state = self.google.state().await.unwrap();
        assert!(state.operation.is_none(), "{schedule}: {state:?}");
        let current = self.google.value(SECRET, "current").await.unwrap();
        assert!(self.accounts.accepts(&current), "{schedule}: {current}");
        let latest = self.google.value(SECRET, "latest").await.unwrap();
        assert_eq!(latest, current, "{schedule}");
        assert_eq!(self.google.enabled(SIDE).await, 0, "{schedule}");
        for (index, state) in self.google.versions(SECRET).await.iter().enumerate() {
            if state == "ENABLED" {
                let version = (index + 1).to_string();
                let value = self.google.value(SECRET, &version).await.unwrap();
                assert_eq!(value, current, "{schedule}: version {version} is left over");
            }
        }
    }

    /// One call, to its end.
    pub(crate) async fn call(&self, intent: Intent) -> Result<Ended, SecretError> {
        let budget = Duration::from_mins(9);
        let call = Call::begin(&self.services, &self.managed, intent, budget);
        call.await?.drive().await
    }

    /// One call, unless it is killed on the way.
    pub(crate) async fn call_or_die(&self, intent: Intent) -> Option<Result<Ended, SecretError>> {
        tokio::select! {
            biased;
            () = self.gate.killed() => None,
            ended = self.call(intent) => Some(ended),
        }
    }

    /// How much time has passed since the beginning.
    pub(crate) fn time_passed(&self) -> Duration {
        use nightshift_runtime::Clock as _;
        self.time
            .now()
            .duration_since(self.time.start())
            .unsigned_abs()
    }

    /// The number of the first call of this name in an undisturbed rotation; then begins anew.
    pub(crate) async fn position(&self, call: &str) -> usize {
        let setting = Setting {
            overlap: self.managed.policy.overlap,
            staging: self.managed.policy.staging,
            grace: self.managed.policy.grace,
            services: self.managed.consumers.len(),
            ..Setting::default()
        };
        self.reset(&setting);
        self.call(Intent::manual(true, false)).await.unwrap();
        let calls = self.gate.calls();
        self.reset(&setting);
        calls.iter().position(|made| made == call).unwrap()
    }

    /// Delivers the event until it is acknowledged, then ticks until all is at rest. Returns how many calls there were.
    pub(crate) async fn converge(&self) -> usize {
        self.deliver(false).await
    }

    /// Only ticks until all is at rest.
    pub(crate) async fn settle(&self) {
        self.deliver(true).await;
    }

    async fn deliver(&self, mut acknowledged: bool) -> usize {
        let due = self.time.start();
        for calls in 1..200 {
            let intent = if acknowledged {
                Intent::Tick
            } else {
                Intent::scheduled(due)
            };
            let stop = match self.call_or_die(intent).await {
                None | Some(Err(_)) => {
                    // The message comes again after the lease of whoever died.
                    self.time.pass(Duration::from_secs(601));
                    continue;
                }
                Some(Ok(ended)) => ended.stop,
            };
            match stop {
                Stop::Idle => return calls,
                Stop::Retry { at, .. } | Stop::Busy { until: at } => self.time.pass_to(at),
                _ => {
                    acknowledged = true;
                    self.wait_for_what_is_next().await;
                }
            }
        }
        panic!("no rest after 200 calls: {:?}", self.google.state().await);
    }

    async fn wait_for_what_is_next(&self) {
        let Some(state) = self.google.state().await else {
            return;
        };
        let operation = state.operation.as_ref();
        let times = [
            state.next.as_ref().map(|next| next.at),
            operation.and_then(|operation| operation.next_try),
        ];
        self.time.pass(Duration::from_mins(5));
        if let Some(at) = times.into_iter().flatten().max() {
            self.time.pass_to(at);
        }
    }
}

/// The clients of the real program, which try again at once and only a few times.
pub(crate) fn gcp(url: &str) -> Gcp {
    let options = nightshift_runtime::gcp::Options {
        endpoint: Some(url.to_owned()),
    };
    Gcp::from_options(&options)
        .unwrap()
        .with_retry(RetryPolicy {
            max_attempts: 3,
            initial_delay: Duration::from_millis(1),
            jitter: Jitter::None,
            ..RetryPolicy::default()
        })
}

fn managed(setting: &Setting, gate: &Arc<Gate>, accounts: &Arc<Accounts>) -> Managed {
    let service = |index: usize| {
        let name = format!("{SERVICE}{index}");
        Consumer::parse(&name, PinnedTraffic::Leave).unwrap()
    };
    Managed {
        key: "db".to_owned(),
        name: Referred {
            name: SECRET.parse().unwrap(),
            numbered: "projects/82150720798/secrets/db".parse().unwrap(),
        },
        policy: policy(setting),
        target: Box::new(MemoryTarget::new(gate.clone(), accounts.clone())),
        consumers: (0..setting.services).map(service).collect(),
        group: Vec::new(),
        aliases: true,
        max_age: None,
    }
}

fn policy(setting: &Setting) -> Policy {
    Policy {
        overlap: setting.overlap,
        staging: setting.staging,
        revoke: setting.overlap == Overlap::Both,
        has_consumers: setting.services > 0,
        min_gap: Duration::from_hours(1),
        grace: setting.grace,
        lease: Duration::from_mins(10),
        propagation: Duration::from_secs(10),
        rollout_deadline: Duration::from_mins(5),
        publish_deadline: Duration::from_mins(15),
        max_candidates: 3,
        windows: Windows::always(),
        group: None,
        on_drift: OnDrift::Report,
    }
}
