//! `serve` as Cloud Scheduler, Pub/Sub and a person use it: over HTTP, and from a subscription.

use crate::{
    bed::{service, target},
    program::{Place, place},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// `serve` as a process, and where it listens.
struct Service {
    child: Child,
    url: String,
}

impl Service {
    async fn start(place: &Place) -> Self {
        let command = place.command(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
        Self::begin(command, "serve.started").await
    }

    async fn pull(place: &Place, subscription: &str) -> Self {
        let command = place.command(&["serve", "--pull", subscription, "--log-format", "json"]);
        Self::begin(command, "pull.started").await
    }

    async fn begin(mut command: Command, event: &'static str) -> Self {
        tokio::task::spawn_blocking(move || {
            let mut child = command
                .stderr(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
            let address = lines.by_ref().map(Result::unwrap).find_map(|line| {
                let line: Value = serde_json::from_str(&line).ok()?;
                (line["event"] == event)
                    .then(|| line["address"].as_str().unwrap_or_default().to_owned())
            });
            // Somebody has to read what it says further on.
            std::thread::spawn(move || lines.for_each(drop));
            Self {
                child,
                url: format!("http://{}", address.expect("it serves")),
            }
        })
        .await
        .unwrap()
    }

    async fn post(&self, headers: &[(&str, &str)], body: String) -> (u16, Value) {
        let mut request = reqwest::Client::new().post(&self.url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json().await.unwrap_or_default(),
        )
    }

    fn stop(mut self) {
        kill(
            Pid::from_raw(self.child.id().cast_signed()),
            Signal::SIGTERM,
        )
        .unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_of_the_scheduler_converges_and_the_second_of_two_does_nothing() {
    let place = place("").await;
    let service = Service::start(&place).await;
    let tick = [
        ("x-cloudscheduler", "true"),
        ("x-cloudscheduler-jobname", "tick"),
        ("x-cloudscheduler-scheduletime", "2026-03-09T08:00:00Z"),
    ];
    let (one, other) = tokio::join!(
        service.post(&tick, String::new()),
        service.post(&tick, String::new())
    );
    assert_eq!((one.0, other.0), (200, 200), "{one:?} {other:?}");
    let decision = |answer: &(u16, Value)| {
        answer.1["targets"][0]["decision"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let mut decisions = [decision(&one), decision(&other)];
    decisions.sort_unstable();
    assert_eq!(decisions, ["nothing", "written"]);
    assert_eq!(
        (place.bed.min("shop").await, place.bed.writes().len()),
        (2, 1)
    );
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_and_pub_sub_are_answered_with_what_became_of_it() {
    let place = place("[publish]\ntopic = \"projects/demo/topics/scaling\"\n").await;
    let service = Service::start(&place).await;
    let wish =
        json!({ "command": "override", "target": "shop", "min": 6, "for": "1h", "reason": "sale" });
    let (status, answer) = service.post(&[JSON], wish.to_string()).await;
    assert_eq!(
        (status, &answer["targets"][0]["to"]),
        (200, &json!("min 6")),
        "{answer}"
    );
    assert_eq!(place.bed.min("shop").await, 6);
    let message = json!({
        "message": { "messageId": "1", "publishTime": "2026-03-09T08:00:00Z" },
        "subscription": "projects/demo/subscriptions/ticks",
    });
    let (status, answer) = service.post(&[JSON], message.to_string()).await;
    assert_eq!(
        (status, &answer["counts"]),
        (200, &json!({ "nothing": 1 })),
        "{answer}"
    );
    for (wrong, said) in [
        (
            json!({ "command": "override", "target": "shop", "min": 6, "reason": "sale" }),
            "it must end",
        ),
        (
            json!({ "command": "override", "target": "shp", "min": 6, "for": "1h" }),
            "no target is named",
        ),
        (json!({ "command": "explode" }), "unknown variant"),
    ] {
        let (status, answer) = service.post(&[JSON], wrong.to_string()).await;
        let told = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(status == 400 && told.contains(said), "{status} {answer}");
    }
    service.stop();
    let told = place.bed.pulled("told").await;
    let news: Vec<_> = told
        .iter()
        .map(|news| (news["event"].clone(), news["decision"].clone()))
        .collect();
    assert_eq!(news, [(json!("scaling.target"), json!("written"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pulled_message_is_a_tick_and_one_that_comes_twice_writes_once() {
    let place = place("").await;
    let subscription = "projects/demo/subscriptions/ticks";
    place.bed.make("topics/ticks", json!({})).await;
    place
        .bed
        .make(
            "subscriptions/ticks",
            json!({ "topic": "projects/demo/topics/ticks" }),
        )
        .await;
    let service = Service::pull(&place, subscription).await;
    let tick = json!({ "attributes": { "from": "the scheduler" } });
    place
        .bed
        .post("topics/ticks:publish", json!({ "messages": [tick, tick] }))
        .await;
    let lists = || {
        let calls = place.bed.calls();
        calls
            .iter()
            .filter(|call| call.ends_with("services.list"))
            .count()
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    while lists() < 2 {
        assert!(Instant::now() < deadline, "{:?}", place.bed.calls());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    service.stop();
    assert_eq!(
        (place.bed.min("shop").await, place.bed.writes().len()),
        (2, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_subscription_is_refused_by_name() {
    let place = place("").await;
    let refused = place.run(&["serve", "--pull", "ticks"]).await;
    assert_eq!(refused.code(), 2);
    assert!(
        refused.err().contains("'--pull <SUBSCRIPTION>'")
            && refused
                .err()
                .contains("projects/PROJECT/subscriptions/NAME"),
        "{}",
        refused.err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_tell_what_each_target_keeps_and_what_is_not_known_is_no_number() {
    let place = place(&target("service", &service("gone"), "office", "")).await;
    let serving = Service::start(&place).await;
    let figure = async |series: &str| {
        let got = reqwest::get(format!("{}/metrics", serving.url)).await;
        let text = got.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(series));
        line.map(|value| value.trim().parse::<f64>().unwrap())
    };
    let run = async || {
        let command = json!({ "command": "apply" });
        let (status, answer) = serving.post(&[JSON], command.to_string()).await;
        assert_eq!(status, 200, "{answer}");
    };
    assert_eq!(figure("scheduled_scaling_runs_total").await, None);
    run().await;
    let of = |figure: &str, name: &str| format!("{figure}{{target=\"{}\"}}", service(name));
    let floor = "scheduled_scaling_floor_instances";
    assert_eq!(figure(&of(floor, "shop")).await, Some(2.0));
    assert!(figure(&of(floor, "gone")).await.unwrap().is_nan());
    let targets = |decision| format!("scheduled_scaling_targets{{decision=\"{decision}\"}}");
    for (decision, count) in [("written", 1.0), ("refused", 1.0), ("held", 0.0)] {
        assert_eq!(figure(&targets(decision)).await, Some(count), "{decision}");
    }
    place.bed.set_min("shop", 7).await;
    run().await;
    let drift = of("scheduled_scaling_drift_instances", "shop");
    assert_eq!(figure(&drift).await, Some(5.0));
    assert_eq!(figure(&of(floor, "shop")).await, Some(7.0));
    assert_eq!(figure("scheduled_scaling_runs_total").await, Some(2.0));
    assert_eq!(figure("scheduled_scaling_writes_total").await, Some(1.0));
    serving.stop();
}
