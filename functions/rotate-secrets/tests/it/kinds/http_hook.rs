//! Somebody else's system behind an address.

use super::bed::{Result, complaints, operation, target};
use aws_lc_rs::hmac;
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::IntoResponse, routing};
use http::StatusCode;
use rotate_secrets::target::{Overlap, Probe, Target, TargetConfig, TargetError, Test};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    io::Write as _,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;

const KEY: &[u8] = b"shared between two";

/// What the system accepts, and what it answers instead if it is broken.
#[derive(Default)]
struct System {
    accepted: HashSet<String>,
    broken: Option<u16>,
    says: Option<&'static str>,
}

type Shared = Arc<Mutex<System>>;

async fn answer(
    State(system): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let signed = [header("nightshift-timestamp").as_bytes(), b".", &body].concat();
    let signature = header("nightshift-signature");
    let signature = hex::decode(signature.strip_prefix("v1=").unwrap()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY);
    if hmac::verify(&key, &signed, &signature).is_err() {
        return (StatusCode::UNAUTHORIZED, String::new());
    }
    let request: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(request["secret"], "projects/demo/secrets/database");
    let value = request["value"].as_str().unwrap_or_default().to_owned();
    let mut system = system.lock().unwrap();
    if let Some(status) = system.broken {
        return (StatusCode::from_u16(status).unwrap(), value);
    }
    let result = match request["action"].as_str().unwrap() {
        "apply" => {
            assert_eq!(request["operation"], "01JTEST");
            system.accepted.insert(value);
            ""
        }
        "revoke" => {
            system.accepted.remove(&value);
            ""
        }
        "probe" if system.accepted.contains(&value) => "works",
        "probe" => "rejected",
        "test" => "passed",
        _ => "",
    };
    let result = system.says.unwrap_or(result);
    (StatusCode::OK, json!({"result": result}).to_string())
}

struct Hook {
    target: Box<dyn Target>,
    system: Shared,
    key: NamedTempFile,
}

async fn hook() -> Result<Hook> {
    let system = Shared::default();
    let app = Router::new()
        .route("/rotate", routing::post(answer))
        .with_state(system.clone());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}/rotate", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut key = NamedTempFile::new()?;
    key.write_all(KEY)?;
    let config = json!({
        "url": url, "key": {"file": key.path()}, "overlap": true, "revoke": true,
        "payload": {"json": {"password": "token"}}, "value": {"hex": {}},
    });
    let target = target("http-hook", config).await?;
    Ok(Hook {
        target,
        system,
        key,
    })
}

#[tokio::test]
async fn a_system_behind_an_address_goes_through_all_steps() -> Result<()> {
    let Hook {
        target,
        system,
        key: _key,
    } = hook().await?;
    assert_eq!(target.overlap(), Overlap::Both);
    let base = r#"{"token":"first","note":1}"#.to_owned().into();
    target.apply(&base, &operation()).await?;
    let created = target.create(Some(&base), &operation()).await?.payload;
    let rejected = target.probe(&created).await;
    assert!(matches!(rejected, Probe::Rejected { .. }), "{rejected:?}");
    for _ in 0..2 {
        target.apply(&created, &operation()).await?;
    }
    assert_eq!(target.probe(&created).await, Probe::Works);
    assert_eq!(target.test(&created).await?, Test::Passed);
    target.revoke(&base, &operation()).await?;
    let held: Vec<String> = system.lock().unwrap().accepted.iter().cloned().collect();
    assert_eq!(held, [created.expose_text().unwrap()]);
    assert_eq!(complaints(&target.check(None).await), [""; 0]);
    Ok(())
}

#[tokio::test]
async fn what_a_broken_system_answers_is_told_apart_and_never_quoted() -> Result<()> {
    let Hook {
        target,
        system,
        key: _key,
    } = hook().await?;
    let value = r#"{"token":"planted-value"}"#.to_owned().into();
    let kind = |error: &TargetError| match error {
        TargetError::Refused(_) => "refused",
        TargetError::Unreachable(_) => "unreachable",
        TargetError::Unknown(_) => "unknown",
        TargetError::Denied(_) => "denied",
        _ => "another",
    };
    let cases = [
        (422, "refused"),
        (503, "unreachable"),
        (429, "unreachable"),
        (500, "unknown"),
        (403, "denied"),
    ];
    for (status, expected) in cases {
        system.lock().unwrap().broken = Some(status);
        let error = target.apply(&value, &operation()).await.unwrap_err();
        assert_eq!(kind(&error), expected, "{status}");
        assert!(!error.to_string().contains("planted"), "{error}");
        let probe = target.probe(&value).await;
        assert!(
            matches!(probe, Probe::Unreachable { .. }),
            "{status}: {probe:?}"
        );
    }
    system.lock().unwrap().broken = None;
    system.lock().unwrap().says = Some("planted-value");
    let probe = target.probe(&value).await;
    assert!(matches!(probe, Probe::Unreachable { .. }), "{probe:?}");
    assert!(!format!("{probe:?}").contains("planted"), "{probe:?}");
    Ok(())
}

#[tokio::test]
async fn a_request_with_another_key_is_denied() -> Result<()> {
    let Hook { target, key, .. } = hook().await?;
    std::fs::write(key.path(), "another")?;
    let denied = target.apply(&"x".to_owned().into(), &operation()).await;
    assert!(matches!(denied, Err(TargetError::Denied(_))), "{denied:?}");
    Ok(())
}

#[test]
fn an_address_that_shows_the_value_to_others_is_refused() {
    let validate = |url: &str| {
        let config = json!({"http-hook": {"url": url, "key": {"env": "KEY"}}});
        let config: TargetConfig = serde_json::from_value(config).unwrap();
        config.validate()
    };
    for url in [
        "https://example.com/hook",
        "http://127.0.0.1:80/",
        "http://[::1]:1/",
    ] {
        assert_eq!(validate(url), Ok(()), "{url}");
    }
    for url in [
        "http://example.com/",
        "https://me:secret@example.com/",
        "ftp://127.0.0.1/",
        "",
    ] {
        let error = validate(url).unwrap_err();
        assert_eq!(error.key, "http-hook.url", "{url}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
