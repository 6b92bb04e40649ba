//! What events ask for, and how little of them is believed.

use crate::bed::{Bed, SECRET, Setting};
use axum::http::HeaderMap;
use nightshift_runtime::{Event, event::EventId};
use rotate_secrets::{
    managed::Fleet,
    request::Request,
    rotation::{Intent, RotateRequest, Stop, TriggeredBy},
};
use serde_json::{Value, json};

const NUMBERED: &str = "projects/82150720798/secrets/db";

/// A message as Pub/Sub pushes it.
fn pushed(attributes: &Value, data: Option<&Value>) -> Event {
    use base64::Engine as _;
    let mut message = json!({
        "messageId": "1", "publishTime": "2026-10-02T13:05:21Z", "attributes": attributes,
    });
    if let Some(data) = data {
        message["data"] = base64::prelude::BASE64_STANDARD
            .encode(data.to_string())
            .into();
    }
    let body = json!({"message": message, "subscription": "projects/shop/subscriptions/rotate"});
    Event::parse(&HeaderMap::new(), body.to_string().into()).unwrap()
}

fn notification(kind: &str, secret: &str) -> Event {
    let attributes = json!({
        "eventType": kind, "dataFormat": "JSON_API_V1", "secretId": secret,
        "timestamp": "2026-10-02T06:05:21.65825-07:00",
    });
    pushed(&attributes, Some(&json!({"name": secret})))
}

async fn fleet() -> Fleet {
    let bed = Bed::new(Setting::default()).await;
    std::iter::once(bed.managed).collect()
}

fn due(request: &Result<Request<'_>, nightshift_runtime::Outcome>) -> Option<String> {
    match request {
        Ok(Request::Drive(
            _,
            Intent::Rotate(RotateRequest {
                by: TriggeredBy::Schedule { due },
                ..
            }),
        )) => Some(due.to_string()),
        _ => None,
    }
}

#[tokio::test]
async fn every_event_but_secret_rotate_of_a_secret_of_ours_is_acknowledged_and_ignored() {
    let fleet = fleet().await;
    for kind in [
        "SECRET_CREATE",
        "SECRET_UPDATE",
        "SECRET_DELETE",
        "SECRET_VERSION_ADD",
        "SECRET_VERSION_ENABLE",
        "SECRET_VERSION_DISABLE",
        "SECRET_VERSION_DESTROY",
        "SECRET_VERSION_DESTROY_SCHEDULED",
        "SECRET_SOMETHING_NEW",
    ] {
        let event = notification(kind, NUMBERED);
        assert!(
            matches!(Request::read(&event, &fleet), Ok(Request::Ignore { .. })),
            "{kind}"
        );
    }
    let configured = pushed(&json!({"eventType": "TOPIC_CONFIGURED"}), None);
    assert!(matches!(
        Request::read(&configured, &fleet),
        Ok(Request::Ignore { .. })
    ));
    let nameless = pushed(&json!({"eventType": "SECRET_ROTATE"}), None);
    assert!(matches!(
        Request::read(&nameless, &fleet),
        Ok(Request::Ignore { .. })
    ));
}

#[tokio::test]
async fn a_secret_is_taken_by_its_projects_number_or_id_and_only_from_the_configuration() {
    let fleet = fleet().await;
    for name in [NUMBERED, SECRET] {
        let event = notification("SECRET_ROTATE", name);
        assert!(due(&Request::read(&event, &fleet)).is_some(), "{name}");
    }
    for name in [
        "projects/82150720798/secrets/other",
        "projects/82150720798/secrets/db-next",
        "projects/1/secrets/db",
        "projects/82150720798/locations/europe-west1/secrets/db",
        "projects/82150720798/secrets/db/versions/1",
        "db",
        "",
    ] {
        let event = notification("SECRET_ROTATE", name);
        assert!(
            matches!(Request::read(&event, &fleet), Ok(Request::Ignore { .. })),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_due_time_is_one_period_before_the_next_or_the_time_of_the_event_in_pacific_time() {
    let fleet = fleet().await;
    let attributes = json!({
        "eventType": "SECRET_ROTATE", "secretId": NUMBERED,
        "timestamp": "2026-10-02T06:11:39.92945-07:00",
    });
    let with_period = json!({"rotation": {
        "nextRotationTime": "2026-10-02T14:11:20.929450Z", "rotationPeriod": "3600s",
    }});
    let once = json!({"name": NUMBERED});
    for (data, expected) in [
        (Some(&with_period), "2026-10-02T13:11:20.92945Z"),
        (Some(&once), "2026-10-02T13:11:39.92945Z"),
        (None, "2026-10-02T13:11:39.92945Z"),
    ] {
        let event = pushed(&attributes, data);
        assert_eq!(due(&Request::read(&event, &fleet)).unwrap(), expected);
    }
    let untimed = pushed(
        &json!({"eventType": "SECRET_ROTATE", "secretId": NUMBERED}),
        None,
    );
    // Only the time of its publication is left.
    assert_eq!(
        due(&Request::read(&untimed, &fleet)).unwrap(),
        "2026-10-02T13:05:21Z"
    );
}

#[tokio::test]
async fn commands_name_secrets_of_the_configuration_and_a_bare_tick_is_for_all() {
    let fleet = fleet().await;
    let read = |body: Value| {
        let event = Event::parse(&HeaderMap::new(), body.to_string().into()).unwrap();
        match Request::read(&event, &fleet) {
            Ok(Request::Drive(managed, intent)) => format!("{}: {intent:?}", managed.key),
            Ok(Request::Tick) => "tick".to_owned(),
            Ok(Request::Status) => "status".to_owned(),
            Ok(Request::Ignore { why }) => why,
            Err(outcome) => outcome.problem().unwrap().message.clone(),
        }
    };
    assert_eq!(read(json!({"command": "tick"})), "tick");
    assert_eq!(read(json!({"command": "status"})), "status");
    assert!(read(json!({"command": "abort", "secret": "db"})).starts_with("db: Abort"));
    let rotate = read(json!({"command": "rotate", "secret": SECRET, "force": true}));
    assert!(rotate.contains("force: true"), "{rotate}");
    let unknown = read(json!({"command": "rotate", "secret": "other"}));
    assert!(unknown.contains("no secret \"other\""), "{unknown}");
    let misspelt = read(json!({"command": "rotate", "secret": "db", "forse": true}));
    assert!(misspelt.contains("forse"), "{misspelt}");
    let mut scheduled = HeaderMap::new();
    scheduled.insert("x-cloudscheduler", "true".parse().unwrap());
    scheduled.insert("x-cloudscheduler-jobname", "tick".parse().unwrap());
    let event = Event::parse(&scheduled, bytes::Bytes::new()).unwrap();
    assert!(matches!(Request::read(&event, &fleet), Ok(Request::Tick)));
    let _: Option<EventId> = event.id;
}

#[tokio::test]
async fn any_order_of_a_days_events_ends_with_the_same_one_new_version() {
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let setting = Setting::default();
    let mut bed = Bed::new(setting.clone()).await;
    bed.managed.policy.min_gap = std::time::Duration::from_hours(24);
    for order in orders {
        bed.reset(&setting);
        for hours in order {
            let due = bed.time.start() - std::time::Duration::from_hours(hours);
            for _delivery in 0..2 {
                bed.call(Intent::scheduled(due)).await.unwrap();
            }
        }
        bed.settle().await;
        assert_eq!(bed.google.versions(SECRET).await.len(), 2, "{order:?}");
        bed.assert_at_rest(&format!("{order:?}")).await;
    }
}

#[tokio::test]
async fn an_event_that_comes_again_when_all_is_done_is_a_duplicate_and_writes_nothing() {
    let bed = Bed::new(Setting::default()).await;
    let due = bed.time.start();
    let first = bed.call(Intent::scheduled(due)).await.unwrap();
    assert_eq!(first.stop, Stop::Rotated);
    let etag = bed.google.secret().await["etag"].clone();
    let again = bed.call(Intent::scheduled(due)).await.unwrap();
    assert_eq!(again.stop, Stop::Duplicate);
    assert_eq!(bed.google.secret().await["etag"], etag);
}
