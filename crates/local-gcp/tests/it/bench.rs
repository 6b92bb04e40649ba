//! Clock, faults, journal, and the server itself.

use crate::support::{Result, eventually, start, start_stopped};
use futures::StreamExt as _;
use local_gcp::{Fault, LocalGcp, Options, StartError};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const PROJECT: &str = "/computeMetadata/v1/project/project-id";
const CERTS: &str = "/oauth2/v3/certs";

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused_unless_forced() -> Result<()> {
    let public = Options {
        address: "0.0.0.0".parse()?,
        ..Options::default()
    };
    let refused = LocalGcp::start(public).await.err();
    assert!(
        matches!(refused, Some(StartError::Public(_))),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_dropped_server_no_longer_answers() -> Result<()> {
    let api = start().await?;
    let url = format!("{}/_local", api.gcp.url());
    drop(api.gcp);
    eventually("the port closing", async || {
        Ok(reqwest::get(&url).await.is_err().then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_path_that_no_api_has_is_a_404_in_googles_form() -> Result<()> {
    let api = start().await?;
    assert_eq!(
        api.get("/v9/nothing").await?.refused()?,
        (404, "NOT_FOUND".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn a_note_is_shown_until_it_is_taken_away_and_is_no_part_of_the_journal() -> Result<()> {
    let api = start().await?;
    let counter = json!({ "text": "12 logins, 0 failed" });
    api.put("/_local/notes/client", counter.clone())
        .await?
        .ok()?;
    let broken = json!({ "text": "12 logins, 1 failed", "good": false });
    api.put("/_local/notes/client", broken.clone())
        .await?
        .ok()?;
    let shown = api.get("/_local/notes").await?.ok()?;
    assert_eq!(shown, json!({ "client": broken }));
    for bad in [
        json!({ "text": "x".repeat(201) }),
        json!({ "text": "two\nlines" }),
        json!({ "words": "x" }),
    ] {
        let refused = api
            .put("/_local/notes/client", bad.clone())
            .await?
            .refused()?;
        assert_eq!(refused, (400, "INVALID_ARGUMENT".to_owned()), "{bad}");
    }
    api.delete("/_local/notes/client").await?.ok()?;
    let missing = api.delete("/_local/notes/client").await?.refused()?;
    assert_eq!(missing, (404, "NOT_FOUND".to_owned()));
    for n in 0..16 {
        let path = format!("/_local/notes/{n}");
        api.put(&path, counter.clone()).await?.ok()?;
    }
    let refused = api.put("/_local/notes/17", counter).await?.refused()?;
    assert_eq!(refused.0, 400);
    assert_eq!(api.gcp.journal().entries().len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_proxied_request_is_answered_as_if_it_were_meant_for_us() -> Result<()> {
    let api = start().await?;
    let mut line = TcpStream::connect(api.gcp.address()).await?;
    let target = format!("http://us-central1-127.0.0.1:1{CERTS}");
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: us-central1-127.0.0.1:1\r\nConnection: close\r\n\r\n"
    );
    line.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    line.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_stopped_clock_stands_still_and_moves_by_exactly_what_was_asked() -> Result<()> {
    let api = start_stopped().await?;
    let moved = api
        .post("/_local/clock", json!({"advance": "36h"}))
        .await?
        .ok()?;
    assert_eq!(moved["now"], "2026-11-03T00:00:00Z");
    let set = api
        .post("/_local/clock", json!({"set": "2027-01-01T00:00:00Z"}))
        .await?
        .ok()?;
    assert_eq!(
        (&set["now"], &set["running"]),
        (&json!("2027-01-01T00:00:00Z"), &json!(false))
    );
    let running = api
        .post("/_local/clock", json!({"running": true}))
        .await?
        .ok()?;
    assert_eq!(running["running"], true);
    let later = || async { Ok((api.gcp.now() > "2027-01-01T00:00:00Z".parse()?).then_some(())) };
    eventually("the clock running", async || later().await).await
}

#[tokio::test]
async fn a_clock_move_that_makes_no_sense_is_refused() -> Result<()> {
    let api = start_stopped().await?;
    for body in [
        json!({"advance": "-1h"}),
        json!({"advance": "1h", "set": "2027-01-01T00:00:00Z"}),
        json!({"forward": "1h"}),
        json!({"set": "tomorrow"}),
    ] {
        let answer = api.post("/_local/clock", body.clone()).await?;
        assert_eq!(answer.refused()?.0, 400, "{body}");
    }
    Ok(())
}

#[tokio::test]
async fn the_second_call_is_answered_503_with_retry_after_and_the_journal_says_why() -> Result<()> {
    let api = start().await?;
    let fault = json!({"method": "identity.*", "after": 1, "status": 503, "retryAfter": 7});
    api.post("/_local/faults", fault).await?.ok()?;
    let mut statuses = vec![];
    for _ in 0..3 {
        let answer = api.get(CERTS).await?;
        statuses.push((
            answer.status.as_u16(),
            answer.header("retry-after").to_owned(),
        ));
    }
    assert_eq!(
        statuses,
        [
            (200, String::new()),
            (503, "7".into()),
            (200, String::new())
        ]
    );
    let faults: Vec<_> = api
        .gcp
        .journal()
        .of("identity.jwks")
        .iter()
        .map(|e| e.fault.clone())
        .collect();
    assert_eq!(faults, [None, Some("fault 1".to_owned()), None]);
    Ok(())
}

#[tokio::test]
async fn a_broken_connection_and_a_lost_answer_look_alike_to_the_caller() -> Result<()> {
    let api = start().await?;
    api.gcp.faults().add(Fault {
        reset: true,
        ..Fault::on("identity.jwks")
    });
    api.gcp.faults().add(Fault {
        lose_answer: true,
        after: 1,
        ..Fault::on("identity.jwks")
    });
    for _ in 0..2 {
        let error = api
            .get(CERTS)
            .await
            .err()
            .map(|e| format!("{e:?}"))
            .unwrap_or_default();
        assert!(
            error.contains("reset") || error.contains("closed"),
            "{error}"
        );
    }
    let answered: Vec<bool> = api
        .gcp
        .journal()
        .entries()
        .iter()
        .map(|e| e.resp.is_some())
        .collect();
    assert_eq!(
        answered,
        [false, true],
        "the first did nothing, the second did all but answer"
    );
    assert_eq!(api.get(CERTS).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_delay_is_waited_for() -> Result<()> {
    let api = start().await?;
    api.post(
        "/_local/faults",
        json!({"method": "identity.jwks", "delay": "150ms"}),
    )
    .await?
    .ok()?;
    let begun = Instant::now();
    api.get(CERTS).await?.ok()?;
    assert!(begun.elapsed() >= Duration::from_millis(150));
    Ok(())
}

#[tokio::test]
async fn a_fault_for_a_method_that_does_not_exist_is_refused() -> Result<()> {
    let api = start().await?;
    let answer = api
        .post(
            "/_local/faults",
            json!({"method": "identity.jwksx", "status": 503}),
        )
        .await?;
    assert_eq!(answer.refused()?.0, 400);
    let answer = api
        .post(
            "/_local/faults",
            json!({"method": "identity.jwks", "statsu": 503}),
        )
        .await?;
    assert!(answer.text.contains("statsu"), "{}", answer.text);
    Ok(())
}

#[tokio::test]
async fn a_fault_can_be_taken_back() -> Result<()> {
    let api = start().await?;
    let id = api
        .post(
            "/_local/faults",
            json!({"method": "*", "status": 500, "times": 0}),
        )
        .await?
        .ok()?["id"]
        .clone();
    assert_eq!(api.get(CERTS).await?.status, 500);
    assert_eq!(
        api.delete(&format!("/_local/faults/{id}")).await?.status,
        204
    );
    assert_eq!(
        api.delete(&format!("/_local/faults/{id}")).await?.status,
        404
    );
    assert_eq!(api.get(CERTS).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn the_journal_keeps_order_filters_by_method_and_leaves_credentials_out() -> Result<()> {
    let api = start().await?;
    api.request(reqwest::Method::GET, PROJECT)
        .bearer_auth("hush")
        .send()
        .await?;
    api.get(CERTS).await?;
    let all = api.get("/_local/journal").await?.ok()?;
    let names: Vec<_> = all
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| entry["api"].clone())
        .collect();
    assert_eq!(names, ["metadata.project", "identity.jwks"]);
    assert!(!all.to_string().contains("hush"));
    let some = api
        .get("/_local/journal?api=identity.*&format=jsonl")
        .await?;
    assert_eq!(some.text.lines().count(), 1);
    api.delete("/_local/journal").await?;
    assert_eq!(api.get("/_local/journal").await?.ok()?, json!([]));
    Ok(())
}

#[tokio::test]
async fn the_live_journal_sends_what_was_and_what_comes() -> Result<()> {
    let api = start().await?;
    api.get(PROJECT).await?;
    let response = api
        .request(reqwest::Method::GET, "/_local/journal/stream")
        .send()
        .await?;
    let mut events = response.bytes_stream();
    api.get(CERTS).await?;
    let mut seen = String::new();
    while !seen.contains("identity.jwks") {
        let Some(chunk) = events.next().await else {
            break;
        };
        seen.push_str(std::str::from_utf8(&chunk?)?);
    }
    assert!(
        seen.contains("id: 1\n") && seen.contains("id: 2\n"),
        "{seen}"
    );
    Ok(())
}

#[tokio::test]
async fn a_seed_with_an_unknown_section_changes_nothing() -> Result<()> {
    let api = start().await?;
    let answer = api
        .post("/_local/seed", json!({"secretmanger": {}}))
        .await?;
    assert!(answer.text.contains("secretmanger"), "{}", answer.text);
    assert_eq!(answer.status, 400);
    Ok(())
}

#[tokio::test]
async fn the_levels_of_what_is_scaled_are_remembered_each_with_its_time() -> Result<()> {
    let api = start_stopped().await?;
    let place = "projects/demo/locations/europe-west1";
    let service = json!({
        "name": format!("{place}/services/shop"), "scaling": { "minInstanceCount": 1 },
        "template": { "containers": [{ "image": "shop" }] },
    });
    let database = json!({ "name": "db", "settings": { "activationPolicy": "ALWAYS" } });
    api.gcp.seed(json!({
        "run": { "services": [service] }, "sql": { "instances": [database] },
    }))?;
    let advance = json!({ "advance": "1h" });
    for min in [4, 4, 0] {
        api.post("/_local/clock", advance.clone()).await?.ok()?;
        let path = format!("/v2/{place}/services/shop?updateMask=scaling.minInstanceCount");
        let body = json!({ "scaling": { "minInstanceCount": min } });
        api.patch(&path, body).await?.ok()?;
    }
    let levels = api.get("/_local/levels").await?.ok()?;
    let name = format!("{place}/services/shop");
    assert_eq!(
        levels,
        json!([
            { "name": "projects/demo/instances/db", "at": "2026-11-01T12:00:00Z",
              "set": { "activationPolicy": "ALWAYS" } },
            { "name": name, "at": "2026-11-01T12:00:00Z", "set": { "minInstanceCount": 1 } },
            { "name": name, "at": "2026-11-01T13:00:00Z", "set": { "minInstanceCount": 4 } },
            { "name": name, "at": "2026-11-01T15:00:00Z", "set": {} },
        ])
    );
    Ok(())
}

#[tokio::test]
async fn the_file_of_the_clock_shows_where_it_stands_or_how_far_it_is_ahead() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("clock");
    let options = Options {
        clock_file: Some(file.clone()),
        ..Options::stopped_at("2026-11-01T12:00:00Z".parse()?)
    };
    let gcp = LocalGcp::start(options).await?;
    assert_eq!(std::fs::read_to_string(&file)?, "2026-11-01T12:00:00Z");
    gcp.advance(jiff::SignedDuration::from_mins(5)).await?;
    assert_eq!(std::fs::read_to_string(&file)?, "2026-11-01T12:05:00Z");
    gcp.run_clock(true).await?;
    let ahead: jiff::SignedDuration = std::fs::read_to_string(&file)?.parse()?;
    let off = (jiff::Timestamp::now() + ahead).duration_since(gcp.now());
    assert!(off.abs() < jiff::SignedDuration::from_secs(5), "{off:?}");
    Ok(())
}
