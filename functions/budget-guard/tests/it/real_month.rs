//! The same month through the real program: two processes that are told over HTTP, and killed in the middle of every rung.

use crate::{
    bed::Bed,
    month::{Message, october, share},
    program::{Clock, Serving, delivery, program},
};
use jiff::{SignedDuration, Timestamp};
use local_gcp::Fault;
use serde_json::{Value, json};
use std::time::Duration;

/// Longer than a lease.
const AFTER_THE_LEASE: SignedDuration = SignedDuration::from_mins(3);

struct Month<'a> {
    bed: &'a Bed,
    clock: Clock,
    instances: [Serving; 2],
}

impl<'a> Month<'a> {
    fn begin(bed: &'a Bed, at: Timestamp) -> Self {
        let clock = Clock::of(bed, at);
        let instances = [Self::serve(bed, &clock), Self::serve(bed, &clock)];
        Self {
            bed,
            clock,
            instances,
        }
    }

    fn serve(bed: &Bed, clock: &Clock) -> Serving {
        Serving::start(clock.wind(program(bed, &bed.config, &["serve"])))
    }

    /// Delivered until it is taken, as Pub/Sub does.
    async fn deliver(&self, first: usize, body: &Value, mut at: Timestamp) {
        for attempt in 0..6 {
            self.clock.set(at);
            match self.instances[(first + attempt) % 2].post(body).await {
                Some(204) => return,
                Some(503) => at += AFTER_THE_LEASE,
                other => panic!("{other:?}"),
            }
        }
        panic!("never taken");
    }

    /// Kills the process that has the message when it asks for the `nth` time; another takes its place.
    async fn die(&mut self, which: usize, body: &Value, nth: u32) {
        self.bed.gcp.faults().add(Fault {
            after: nth,
            delay: Some(SignedDuration::from_hours(1)),
            ..Fault::on("*")
        });
        let is_hit = async || {
            while !self.bed.gcp.faults().list().iter().any(|one| one.hit > 0) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            answered = self.instances[which].post(body) => panic!("{nth} calls are too many: {answered:?}"),
            () = is_hit() => {}
        }
        self.instances[which] = Self::serve(self.bed, &self.clock);
        self.bed.gcp.faults().clear();
    }

    async fn live(&mut self, messages: &[Message]) {
        for (id, message) in messages.iter().enumerate() {
            let body = body(id, message);
            let last = if id == 0 { 0 } else { share(&messages[id - 1]) };
            let mut rungs = [(50, 2), (90, 14), (100, 44)].into_iter();
            let crossed = rungs.find(|(rung, _)| last < *rung && share(message) >= *rung);
            self.clock.set(message.at);
            if let Some((_, nth)) = crossed {
                self.die(id % 2, &body, nth).await;
            }
            if id.is_multiple_of(50) {
                let [first, second] = &self.instances;
                tokio::join!(first.post(&body), second.post(&body));
            }
            self.deliver(id, &body, message.at).await;
            if id.is_multiple_of(5) {
                self.deliver(id + 1, &body, message.at).await;
            }
            if id.is_multiple_of(17) && id > 3 {
                let late = self::body(id - 2, &messages[id - 2]);
                self.deliver(id, &late, message.at).await;
            }
        }
    }

    fn status(&self) -> Value {
        let asked = program(self.bed, &self.bed.config, &["status", "--output", "json"]);
        let answer = self.clock.wind(asked).output().unwrap();
        let status: Value = serde_json::from_slice(&answer.stdout).unwrap();
        status["budgets"][0].clone()
    }
}

fn body(id: usize, message: &Message) -> Value {
    let money = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
    delivery(
        id as u64,
        message.at,
        &money(message.cost),
        &money(message.amount),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_through_two_processes_that_are_killed_in_every_rung_ends_as_it_began() {
    let bed = Bed::new().await;
    let before = bed.world().await;
    let messages = october(72);
    let mut month = Month::begin(&bed, messages[0].at);
    // Up to the raise on the 27th everything is taken, one rung after the other.
    let raise = messages
        .iter()
        .position(|message| message.amount > 100_000)
        .unwrap();
    Box::pin(month.live(&messages[..raise])).await;
    let status = month.status();
    assert_eq!(status["level"], "stopped", "{status:#}");
    let held = status["held"].as_array().unwrap();
    assert!(held.len() >= 7, "{status:#}");
    let api = bed.get("/v2/projects/web/locations/eu/services/api").await;
    assert_eq!(
        (
            &api["scaling"]["scalingMode"],
            &api["annotations"]["budget-guard/enforced"]
        ),
        (
            &json!("MANUAL"),
            &json!(
                "01D4EE-079462-DFD6EC/de72f49d-779b-4945-a127-4d6ce8def0bb/2026-10-01T07:00:00Z/stop#0"
            )
        )
    );

    let raised = &messages[raise];
    month.deliver(0, &body(raise, raised), raised.at).await;
    assert_eq!(month.status()["level"], "throttled");
    let november = raised.at + SignedDuration::from_hours(5 * 24);
    month
        .deliver(1, &delivery(9_999, november, "0.40", "1200"), november)
        .await;
    assert_eq!(bed.world().await, before);
    let status = month.status();
    assert_eq!(
        (&status["level"], &status["held"]),
        (&json!("normal"), &json!([]))
    );
    // A death between a post and its mark can say a thing twice; more often than that no firing is said.
    let told = bed.receiver.got("slack");
    for firing in ["n50#0", "thr#0", "stop#0", "n50#1"] {
        let about = told.iter().filter(|got| {
            let blocks = got.body["blocks"].as_array().unwrap();
            blocks.last().unwrap().to_string().contains(firing)
        });
        let times = about.count();
        assert!((1..=2).contains(&times), "{firing}: {times}");
    }
}
