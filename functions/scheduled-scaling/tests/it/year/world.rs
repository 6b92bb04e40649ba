//! What a seed makes happen, and what must be true whatever happens.

use crate::bed::{Bed, PROJECT, REGION, Told, instant, options, seeded, service, target};
use jiff::{SignedDuration, Timestamp};
use local_gcp::{Entry, Fault};
use rand::{Rng, SeedableRng, rngs::StdRng};
use scheduled_scaling::{
    desired::{Desired, desired},
    schedule::{Level, Power},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

const SCHEDULES: &str = r#"
    version = 1
    writes_per_minute = 60
    [schedules.office]
    time_zone = "Europe/Berlin"
    default = { min = 0 }
    [[schedules.office.windows]]
    name = "core"
    days = "mon-fri"
    from = "07:00"
    to = "19:00"
    min = 3
    lead = "10m"
    [[schedules.office.windows]]
    name = "batch"
    days = "daily"
    from = "02:00"
    to = "03:00"
    min = 1
    [[schedules.office.exceptions]]
    dates = ["2026-12-25..2026-12-26"]
    closed = true
    [schedules.nights]
    time_zone = "America/Los_Angeles"
    default = { min = 2 }
    [[schedules.nights.windows]]
    name = "night"
    days = "daily"
    from = "22:00"
    to = "06:00"
    min = 0
    [schedules.half-hours]
    time_zone = "Australia/Lord_Howe"
    default = { manual = 1 }
    [[schedules.half-hours.windows]]
    name = "odd"
    days = "daily"
    from = "01:30"
    to = "02:15"
    manual = 4
    [schedules.databases]
    time_zone = "Europe/Berlin"
    default = { power = "off" }
    [[schedules.databases.windows]]
    name = "days"
    days = "daily"
    from = "01:30"
    to = "20:00"
    power = "on"
    [discover]
    projects = ["demo"]
    regions = ["europe-west1"]
"#;

/// The services, which people and deploys change.
const SERVICES: [&str; 3] = ["shop", "search", "found"];

pub(super) struct World {
    bed: Bed,
    dice: StdRng,
    seed: u64,
    /// When the next tick is due.
    due: Timestamp,
    lived: Lived,
    /// The segments that runs have seen, of each target.
    segments: BTreeSet<(String, Option<Timestamp>)>,
    /// When a person raised a target last.
    raised: BTreeMap<String, Timestamp>,
    /// Targets whose state nobody can foretell until a run has gone well.
    unsettled: BTreeSet<String>,
    /// The segments at the last tick.
    last: BTreeMap<String, Option<Timestamp>>,
    /// What each schedule wants, until its segment ends: most of a year's time would go by asking again.
    known: BTreeMap<&'static str, Desired>,
}

/// What happened.
#[derive(Default)]
pub(super) struct Lived {
    ticks: u64,
    runs: u64,
    checks: u64,
    segments: usize,
    writes: usize,
    people: usize,
    deploys: usize,
    faults: usize,
}

/// How likely a fault is in percent, of which method, and what it does.
type Chance = (f64, &'static str, fn(Fault) -> Fault);

impl fmt::Display for Lived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            ticks,
            runs,
            checks,
            segments,
            writes,
            people,
            deploys,
            faults,
        } = self;
        write!(
            f,
            "{ticks} ticks, {runs} runs, {segments} segments, {writes} writes, {people} changes by people, {deploys} deploys, \
             {faults} faults, {checks} states as wanted"
        )
    }
}

fn names() -> Vec<(&'static str, String, &'static str)> {
    let pool = format!("{REGION}/workerPools/mail");
    let main = format!("{PROJECT}/instances/main");
    vec![
        ("service", service("shop"), "office"),
        ("service", service("search"), "nights"),
        ("service", service("found"), "office"),
        ("worker-pool", pool, "half-hours"),
        ("sql", main, "databases"),
    ]
}

fn text() -> String {
    let named = names()
        .into_iter()
        .filter(|(_, name, _)| !name.ends_with("/found"));
    let targets = named.map(|(kind, name, schedule)| {
        let more = match kind {
            "worker-pool" => "interrupt = \"ok\"".to_owned(),
            _ if name.ends_with("/shop") => format!("after = [\"{PROJECT}/instances/main\"]"),
            _ => String::new(),
        };
        target(kind, &name, schedule, &more)
    });
    format!("{SCHEDULES}{}", targets.collect::<String>())
}

impl World {
    pub(super) async fn new(seed: u64, first: &str) -> Self {
        let mut found = seeded(&service("found"), json!({ "minInstanceCount": 1 }));
        found["labels"] = json!({ "nightshift-schedule": "office" });
        let text = text();
        let bed = Bed::seeded(
            options(first),
            &text,
            json!({
                "run": {
                    "services": [
                        seeded(&service("shop"), json!({ "minInstanceCount": 1 })),
                        seeded(&service("search"), json!({ "minInstanceCount": 1, "maxInstanceCount": 9 })),
                        found,
                    ],
                    "workerPools": [seeded(&format!("{REGION}/workerPools/mail"), json!({ "manualInstanceCount": 1 }))],
                },
                "sql": { "instances": [{ "name": "main", "settings": { "activationPolicy": "ALWAYS" } }] },
            }),
        );
        Self {
            bed: bed.await,
            dice: StdRng::seed_from_u64(seed),
            seed,
            due: instant(first),
            lived: Lived::default(),
            segments: BTreeSet::new(),
            raised: BTreeMap::new(),
            unsettled: BTreeSet::new(),
            last: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    fn chance(&mut self, percent: f64) -> bool {
        self.dice.random_bool(percent / 100.0)
    }

    /// One tick, in whatever way it comes.
    pub(super) async fn tick(&mut self, after: SignedDuration) {
        self.lived.ticks += 1;
        self.due += after;
        self.bed.gcp.set_time(self.due).await.unwrap();
        if self.chance(2.0) {
            self.person().await;
        }
        if self.chance(1.0) {
            self.deploy().await;
        }
        if self.chance(3.0) {
            return;
        }
        let late = if self.chance(3.0) {
            self.dice.random_range(1..240)
        } else {
            0
        };
        if late > 0 {
            self.bed
                .gcp
                .advance(SignedDuration::from_secs(late))
                .await
                .unwrap();
        }
        let faults = self.faults();
        self.note_segments();
        let twice = self.chance(3.0);
        let told = self.run(twice).await;
        let hit = self
            .bed
            .gcp
            .faults()
            .list()
            .iter()
            .any(|planned| planned.hit > 0);
        self.bed.gcp.faults().clear();
        let writes = self.bed.writes();
        p7_a_write_has_a_mask_and_an_etag_and_a_run_writes_each_target_once(
            &writes,
            faults || twice,
        );
        self.lived.writes += writes.len();
        self.bed.gcp.journal().clear();
        self.look(&told, faults && hit).await;
    }

    /// A run, or two at the same time.
    async fn run(&mut self, twice: bool) -> Told {
        self.lived.runs += 1 + u64::from(twice);
        if twice {
            let (_, told) = tokio::join!(self.bed.run(), self.bed.run());
            told
        } else {
            self.bed.run().await
        }
    }

    /// Somebody raises or lowers a service.
    async fn person(&mut self) {
        let name = SERVICES[self.dice.random_range(0..SERVICES.len())];
        let min = self.dice.random_range(0..7);
        let now = self.bed.gcp.now();
        self.bed.set_min(name, min).await;
        self.raised.insert(service(name), now);
        self.lived.people += 1;
    }

    /// Somebody deploys a service, and nobody waits until it is done.
    async fn deploy(&mut self) {
        let name = SERVICES[self.dice.random_range(0..SERVICES.len())];
        self.lived.deploys += 1;
        let image = format!(
            "europe-docker.pkg.dev/demo/shop/web:{}",
            self.lived.deploys + 1
        );
        let body = json!({ "template": { "containers": [{ "image": image }] } });
        self.bed.patch(&service(name), "template", body).await;
        self.unsettled.insert(service(name));
    }

    fn faults(&mut self) -> bool {
        let kinds: [Chance; 6] = [
            (2.0, "run.*.patch", |fault| Fault {
                status: Some(409),
                ..fault
            }),
            (1.0, "run.*.patch", |fault| Fault {
                status: Some(429),
                ..fault
            }),
            (1.0, "run.*.patch", |fault| Fault {
                lose_answer: true,
                ..fault
            }),
            (1.0, "run.*.patch", |fault| Fault {
                fail_operation: Some(local_gcp::Code::Internal),
                ..fault
            }),
            (1.0, "*.patch", |fault| Fault {
                status: Some(500),
                ..fault
            }),
            (0.5, "*.list", |fault| Fault {
                status: Some(403),
                ..fault
            }),
        ];
        let mut planned = false;
        for (percent, method, make) in kinds {
            if self.chance(percent) {
                self.bed.gcp.faults().add(make(Fault::on(method)));
                planned = true;
                self.lived.faults += 1;
            }
        }
        planned
    }

    fn wanted(&mut self, schedule: &'static str) -> Desired {
        let now = self.bed.gcp.now();
        let holds = |known: &&Desired| known.until.is_none_or(|until| now < until);
        if let Some(known) = self.known.get(schedule).filter(holds) {
            return known.clone();
        }
        let wanted = desired(&self.bed.scaler.config.schedules[schedule], &[], now);
        self.known.insert(schedule, wanted.clone());
        wanted
    }

    fn note_segments(&mut self) {
        for (_, name, schedule) in names() {
            let since = self.wanted(schedule).since;
            self.segments.insert((name, since));
        }
    }

    /// What must be true after a run. After one that was disturbed only the next one is held to account; a state is asked for
    /// where a segment has begun, or somebody has meddled.
    async fn look(&mut self, told: &Told, disturbed: bool) {
        for (_, name, schedule) in names() {
            let wanted = self.wanted(schedule);
            // What only a label binds is not known of while its region cannot be listed.
            let known = told.targets.iter().any(|target| target.target == name);
            let before = self.last.insert(name.clone(), wanted.since);
            let short = name.rsplit('/').next().unwrap().to_owned();
            let settled = known
                && matches!(
                    told.decision(&short),
                    "nothing" | "written" | "noted" | "held"
                );
            if disturbed || !settled {
                self.unsettled.insert(name);
                continue;
            }
            let meddled = self.raised.get(&name).copied();
            let is_new = before != Some(wanted.since) || self.unsettled.remove(&name);
            if !is_new && meddled.is_none() && !self.chance(1.0) {
                continue;
            }
            self.lived.checks += 1;
            let found = self.floor(&name).await;
            let least = floor(wanted.level);
            let context = || {
                format!(
                    "seed {} at {}: {name} is {found}, wanted {least} by {} since {:?}; {:#?}",
                    self.seed,
                    self.bed.gcp.now(),
                    wanted.rule,
                    wanted.since,
                    told.of(&short)
                )
            };
            // What a person has raised within the segment stays until its end.
            let kept = meddled.is_some_and(|at| wanted.since.is_none_or(|since| at >= since));
            assert!(found == least || (kept && found > least), "{}", context());
            if !kept {
                self.raised.remove(&name);
            }
        }
    }

    async fn floor(&self, name: &str) -> u32 {
        let resource = self.bed.get(name).await;
        let count = |value: &Value| u32::try_from(value.as_u64().unwrap_or(0)).unwrap();
        if name.contains("/instances/") {
            return u32::from(resource["settings"]["activationPolicy"] == "ALWAYS");
        }
        let scaling = &resource["scaling"];
        count(&scaling["minInstanceCount"]).max(count(&scaling["manualInstanceCount"]))
    }

    /// What must be true in the end: no revision is ours, and no write was without need.
    pub(super) async fn end(mut self) -> Lived {
        let mut revisions = 0;
        for name in SERVICES {
            let list = self
                .bed
                .get(&format!("{}/revisions?pageSize=1000", service(name)))
                .await;
            revisions += list["revisions"].as_array().unwrap().len();
        }
        assert_eq!(
            revisions,
            SERVICES.len() + self.lived.deploys,
            "seed {}",
            self.seed
        );
        self.lived.segments = self.segments.len();
        let needed =
            self.lived.segments + self.lived.people + self.lived.faults * 3 + self.lived.deploys;
        assert!(
            self.lived.writes <= needed,
            "seed {}: {} writes, {needed} needed at most",
            self.seed,
            self.lived.writes
        );
        self.lived
    }
}

/// P7 of the model. A database has the version of its settings for an etag, and its patch merges what it is given.
fn p7_a_write_has_a_mask_and_an_etag_and_a_run_writes_each_target_once(
    writes: &[Arc<Entry>],
    again: bool,
) {
    for write in writes {
        let Some(body) = &write.json else {
            // A fault answers before anybody reads what was sent.
            assert!(write.fault.is_some(), "{write:#?}");
            continue;
        };
        if write.path.contains("/instances/") {
            assert!(body["settings"]["settingsVersion"].is_string(), "{body}");
            continue;
        }
        assert!(body["etag"].is_string(), "{body}");
        let (mask, _) = write.query.split_once('&').unwrap();
        let mut fields = mask.strip_prefix("updateMask=").unwrap().split("%2C");
        assert!(
            fields.all(|field| field == "annotations" || field.starts_with("scaling.")),
            "{mask}"
        );
    }
    let targets: BTreeSet<&str> = writes.iter().map(|write| write.path.as_str()).collect();
    assert!(again || targets.len() == writes.len(), "{writes:#?}");
}

fn floor(level: Level) -> u32 {
    match level {
        Level::Power(power) => u32::from(power == Power::On),
        level => level.floor().unwrap(),
    }
}
