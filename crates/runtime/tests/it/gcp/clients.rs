use super::{Flaky, SECRET, flaky::OK, gcp, secrets};
use axum::{Router, routing::get};
use google_cloud_auth::credentials::mds;
use nightshift_runtime::gcp::{Gcp, Options};
use object_store::{ObjectStoreExt, path::Path};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_stand_in_is_asked_with_a_token_that_means_nothing() {
    let server = Flaky::start([OK]).await;
    let gcp = gcp(&server);
    let secret = secrets(&gcp)
        .await
        .get_secret()
        .set_name(SECRET)
        .send()
        .await
        .unwrap();
    assert_eq!(secret.name, SECRET);
    let bucket = gcp.bucket("b").build().unwrap();
    let _ = bucket.head(&Path::from("o")).await;

    let seen = server.seen();
    assert!(
        seen[0].starts_with("get /v1/projects/demo/secrets/s?"),
        "{seen:?}"
    );
    assert!(seen[1].starts_with("head /b/o "), "{seen:?}");
    for head in seen {
        assert!(head.contains("authorization: bearer local"), "{head}");
    }
}

/// A metadata server that hands out tokens, knows nothing else, and counts.
async fn metadata() -> (String, Arc<AtomicUsize>) {
    let tokens = Arc::new(AtomicUsize::new(0));
    let counted = tokens.clone();
    let token = move || async move {
        counted.fetch_add(1, Ordering::SeqCst);
        r#"{"access_token":"tok","expires_in":3600,"token_type":"Bearer"}"#
    };
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    let routes = Router::new().route(path, get(token));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, tokens)
}

#[tokio::test]
async fn all_clients_share_one_token() {
    let (url, tokens) = metadata().await;
    let credentials = mds::Builder::default().with_endpoint(url).build().unwrap();
    let server = Flaky::start([OK]).await;
    let gcp = Gcp::new(credentials, Some(server.url.clone()));
    for _ in 0..3 {
        let client = secrets(&gcp.clone()).await;
        let read = client.get_secret().set_name(SECRET).send().await;
        read.unwrap();
    }
    let _ = gcp
        .bucket("b")
        .build()
        .unwrap()
        .head(&Path::from("o"))
        .await;
    assert_eq!(server.seen().len(), 4);
    for head in server.seen() {
        assert!(head.contains("authorization: bearer tok"), "{head}");
    }
    assert_eq!(tokens.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nothing_is_sent_to_a_stand_in_over_a_network_unprotected() {
    for endpoint in ["http://10.0.0.1:9099", "127.0.0.1:9099", "gcp"] {
        let options = Options {
            endpoint: Some(endpoint.to_owned()),
        };
        let error = Gcp::from_options(&options).unwrap_err().to_string();
        assert!(error.contains("NIGHTSHIFT_GCP_ENDPOINT"), "{error}");
        assert!(error.contains(endpoint), "{error}");
    }
}

#[tokio::test]
async fn what_is_printed_of_clients_holds_no_token() {
    let server = Flaky::start([OK]).await;
    let printed = format!("{:?}", gcp(&server));
    assert!(!printed.contains("Bearer"), "{printed}");
}
