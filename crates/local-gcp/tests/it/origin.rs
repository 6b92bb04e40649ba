//! Web pages of others, which a browser on this machine could bring here.

use crate::support::{Answered, Api, Result, send, start};
use reqwest::{Method, header::HeaderMap};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const RESET: &str = "/_local/reset";
const TOKEN: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

/// A request with some header, and with that of the metadata server, which every path takes.
async fn ask(api: &Api, method: Method, path: &str, header: (&str, &str)) -> Result<Answered> {
    let request = api
        .request(method, path)
        .header("metadata-flavor", "Google");
    send(request.header(header.0, header.1)).await
}

fn assert_refused(answered: &Answered, named: &str) -> Result<()> {
    assert_eq!(answered.refused()?, (403, "PERMISSION_DENIED".to_owned()));
    assert!(answered.text.contains(named), "{}", answered.text);
    let cross_origin = |headers: &HeaderMap| headers.contains_key("access-control-allow-origin");
    assert!(!cross_origin(&answered.headers));
    Ok(())
}

#[tokio::test]
async fn pages_of_others_are_refused_wherever_they_ask() -> Result<()> {
    let api = start().await?;
    let secrets = "/v1/projects/demo/secrets";
    let make = format!("{secrets}?secretId=kept");
    let secret = json!({"replication": {"automatic": {}}});
    api.post(&make, secret).await?.ok()?;
    let port = api.gcp.address().port();
    let neighbour = format!(
        "http://localhost:{}",
        if port == 3000 { 3001 } else { 3000 }
    );
    let encrypted = format!("https://localhost:{port}");
    let prefixed = format!("http://localhost:{port}.evil.example");
    for origin in [
        "https://evil.example",
        "null",
        "",
        &neighbour,
        &encrypted,
        &prefixed,
        "http://localhost",
    ] {
        for (method, path) in [
            (Method::POST, RESET),
            (Method::DELETE, "/v1/projects/demo/secrets/kept"),
            (Method::OPTIONS, secrets),
            (Method::GET, TOKEN),
            (Method::GET, "/"),
        ] {
            let answered = ask(&api, method, path, ("origin", origin)).await?;
            assert_refused(&answered, origin)?;
        }
    }
    assert_eq!(api.get(&format!("{secrets}/kept")).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn the_page_of_this_server_is_answered_under_all_its_names() -> Result<()> {
    let api = start().await?;
    let port = api.gcp.address().port();
    for name in ["127.0.0.1", "localhost", "[::1]"] {
        let origin = format!("http://{name}:{port}");
        let answered = ask(&api, Method::POST, RESET, ("origin", &origin)).await?;
        assert_eq!(answered.status, 200, "{origin}: {}", answered.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_name_of_somebody_else_that_points_here_is_refused() -> Result<()> {
    let api = start().await?;
    let port = api.gcp.address().port();
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        "googleapis.com.evil.example".to_owned(),
        "192.0.2.1".to_owned(),
    ] {
        for (method, path) in [(Method::GET, TOKEN), (Method::POST, RESET)] {
            let name = host.split(':').next().unwrap_or_default();
            assert_refused(&ask(&api, method, path, ("host", &host)).await?, name)?;
        }
    }
    for host in [
        "localhost",
        "[::1]",
        "metadata.google.internal",
        "secretmanager.googleapis.com",
        "us-central1-127.0.0.1",
    ] {
        let answered = ask(&api, Method::GET, TOKEN, ("host", host)).await?;
        assert_eq!(answered.status, 200, "{host}: {}", answered.text);
    }
    Ok(())
}

/// As a client that has this server for its proxy.
async fn proxied(api: &Api, target: &str) -> Result<String> {
    let mut line = TcpStream::connect(api.gcp.address()).await?;
    let authority = target.split('/').nth(2).unwrap_or_default();
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    line.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    line.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn as_a_proxy_it_stands_for_google_and_for_itself_alone() -> Result<()> {
    let api = start().await?;
    for (target, status) in [
        (
            "http://europe-west1-127.0.0.1:9099/v1/projects/demo/secrets",
            "200",
        ),
        (
            "http://secretmanager.googleapis.com/v1/projects/demo/secrets",
            "200",
        ),
        ("http://evil.example/v1/projects/demo/secrets", "403"),
    ] {
        let answer = proxied(&api, target).await?;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
    Ok(())
}
