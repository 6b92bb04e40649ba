//! Twenty-one deliveries as Pub/Sub makes them, each alone and some of them as a month.

use crate::compact;
use budget_guard::{
    action::Resource,
    decide,
    decision::{Decision, PlanItem},
    input::{Event, Observed},
    message::{Envelope, Message},
    state::State,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delivery {
    id: String,
    title: String,
    verdict: Option<String>,
    #[serde(default)]
    fired: Vec<String>,
    envelope: Box<RawValue>,
}

fn deliveries() -> Vec<Delivery> {
    let lines = include_str!("../vectors/messages.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Judges a delivery at the moment it was published; none when it is malformed.
fn judge(state: &State, delivery: &Delivery) -> Option<(State, Decision)> {
    let envelope = Envelope::read(delivery.envelope.get()).unwrap();
    let event = Event {
        input: envelope.message().ok()?.into(),
        observed: Observed::at(envelope.publish_time),
    };
    Some(decide(&compact::policy(compact::base()), state, &event))
}

fn verdict(decision: &Decision) -> String {
    let word = decision.verdict.word();
    let with_reason = decision
        .verdict
        .reason()
        .map(|reason| format!("{word}:{reason}"));
    with_reason.unwrap_or(word.to_owned())
}

fn fired(decision: &Decision) -> Vec<String> {
    decision
        .fired
        .iter()
        .map(|firing| firing.step.clone())
        .collect()
}

#[test]
fn each_delivery_alone_is_judged_as_expected() {
    let mut judged = 0;
    for delivery in deliveries() {
        let Some(expected) = &delivery.verdict else {
            continue;
        };
        let name = format!("{} {}", delivery.id, delivery.title);
        match judge(&State::default(), &delivery) {
            None => assert_eq!(expected, "malformed", "{name}"),
            Some((_, decision)) => {
                assert_eq!(verdict(&decision), *expected, "{name}");
                assert_eq!(fired(&decision), delivery.fired, "{name}");
            }
        }
        judged += 1;
    }
    assert_eq!(judged, 14);
}

#[test]
fn a_month_of_deliveries_ends_with_everything_given_back() {
    let deliveries: BTreeMap<String, Delivery> = deliveries()
        .into_iter()
        .map(|delivery| (delivery.id.clone(), delivery))
        .collect();
    let mut state = State::default();
    let mut told = Vec::new();
    for id in ["E05", "E06", "E07", "E08", "E11", "E12", "E13"] {
        let (next, decision) = judge(&state, &deliveries[id]).unwrap();
        let suppressed = decision
            .suppressed
            .iter()
            .map(|s| format!("{}:{}", s.step, s.reason));
        let released = decision
            .released
            .iter()
            .map(|r| format!("{}:{}", r.step, r.reason));
        let restored = decision.plan.iter().filter_map(|item| match item {
            PlanItem::Restore { resource, .. } => Some(format!("restore {resource}")),
            _ => None,
        });
        let what: Vec<String> = fired(&decision)
            .into_iter()
            .chain(suppressed)
            .chain(released)
            .chain(restored)
            .collect();
        told.push(format!("{id} {} [{}]", verdict(&decision), what.join(" ")));
        state = next;
    }
    assert_eq!(
        told,
        [
            "E05 evaluated [n50 f100 p130 r12 thr stop cap:unconfirmed]",
            "E06 replay []",
            "E07 ignored:stale []",
            "E08 evaluated []",
            "E11 evaluated [thr:rollover stop:rollover restore scheduler:web/eu/nightly restore run:web/eu/api]",
            "E12 ignored:old_period []",
            "E13 evaluated []",
        ]
    );
    assert!(state.latches.is_empty() && state.applied.is_empty());
}

fn budget_with(data: &str) -> Message {
    let attributes = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let envelope = Envelope {
        message_id: "1".to_owned(),
        publish_time: "2026-10-10T10:00:00Z".parse().unwrap(),
        attributes: attributes(&[
            ("billingAccountId", "A"),
            ("budgetId", "B"),
            ("schemaVersion", "1.0"),
        ]),
        data: data.as_bytes().to_vec(),
    };
    envelope.message().unwrap()
}

#[test]
fn fields_of_another_type_are_absent_and_unknown_ones_are_left_alone() {
    let Message::Budget(read) = budget_with(
        r#"{"costAmount":"5","budgetAmount":null,"currencyCode":7,"alertThresholdExceeded":"1",
            "costIntervalStart":"yesterday","budgetDisplayName":["x"],"new":{"field":[1]}}"#,
    ) else {
        panic!("not a budget");
    };
    assert_eq!((read.cost, read.amount), (None, None));
    assert_eq!((read.currency, read.display_name), (None, None));
    assert_eq!((read.alert_threshold, read.interval_start), (None, None));
}

fn anomaly_with(data: &str) -> Option<(String, Option<String>)> {
    let envelope = Envelope {
        message_id: "1".to_owned(),
        publish_time: "2026-10-10T10:00:00Z".parse().unwrap(),
        attributes: [
            (
                "billingAccountName".to_owned(),
                "billingAccounts/A".to_owned(),
            ),
            ("resourceName".to_owned(), "projects/1".to_owned()),
        ]
        .into(),
        data: data.as_bytes().to_vec(),
    };
    let Message::Anomaly(read) = envelope.message().unwrap() else {
        panic!("not an anomaly");
    };
    assert_eq!(read.account, "A");
    read.deviation
        .map(|deviation| (deviation.amount.to_string(), deviation.currency))
}

#[test]
fn anomalies_are_read_in_every_form_the_documentation_shows() {
    let usd = Some("USD".to_owned());
    let money = r#"{"deviationAmount":{"currencyCode":"USD","units":"187","nanos":231893168}}"#;
    assert_eq!(
        anomaly_with(money),
        Some(("187.231893".to_owned(), usd.clone()))
    );
    let snake = r#"{"deviation_amount":{"currency_code":"USD","units":12}}"#;
    assert_eq!(anomaly_with(snake), Some(("12.00".to_owned(), usd.clone())));
    let plain = r#"{"deviationAmount":12.5,"deviationPercentage":"Infinity"}"#;
    assert_eq!(anomaly_with(plain), Some(("12.50".to_owned(), None)));
    let difference = r#"{"actualSpendAmount":{"currencyCode":"USD","units":"10"},
                         "expectedSpendAmount":{"currencyCode":"USD","nanos":500000000}}"#;
    assert_eq!(anomaly_with(difference), Some(("9.50".to_owned(), usd)));
    assert_eq!(anomaly_with(r#"{"deviationAmount":"a lot"}"#), None);
    assert_eq!(anomaly_with("{}"), None);
}

#[test]
fn the_same_anomaly_is_told_once_and_another_one_again() {
    let delivery = deliveries().pop().unwrap();
    assert_eq!(delivery.id, "E21");
    let (state, first) = judge(&State::default(), &delivery).unwrap();
    let (state, again) = judge(&state, &delivery).unwrap();
    let text = delivery.envelope.get().to_owned();
    let envelope = Envelope::read(&text).unwrap();
    let data = String::from_utf8(envelope.data.clone())
        .unwrap()
        .replace("a-7f31", "a-9c02");
    let other = Envelope {
        data: data.into_bytes(),
        ..envelope
    };
    let event = Event {
        input: other.message().unwrap().into(),
        observed: Observed::at(other.publish_time),
    };
    let (_, third) = decide(&compact::policy(compact::base()), &state, &event);
    assert_eq!(fired(&first), ["anom"]);
    assert_eq!(verdict(&again), "replay");
    assert_eq!(fired(&third), ["anom"]);
    assert_ne!(first.fired[0].key, third.fired[0].key);
}

#[test]
fn an_envelope_that_is_none_says_what_is_missing() {
    let said = |text: &str| Envelope::read(text).unwrap_err().to_string();
    assert!(said("[]").contains("is not the JSON of a Pub/Sub message"));
    assert!(said(r#"{"message":{"publishTime":"2026-10-10T10:00:00Z"}}"#).contains("messageId"));
    assert!(said(r#"{"message":{"messageId":"1"}}"#).contains("publishTime` is missing"));
    assert!(said(r#"{"message":{"messageId":"1","publishTime":"noon"}}"#).contains("`noon`"));
    let data = r#"{"message":{"messageId":"1","publishTime":"2026-10-10T10:00:00Z","data":"*"}}"#;
    assert!(said(data).contains("base64"));
}

#[test]
fn a_protected_resource_is_named_with_its_family() {
    assert!("run:web/eu/pay".parse::<Resource>().is_ok());
    assert!("web/eu/pay".parse::<Resource>().is_err());
}
