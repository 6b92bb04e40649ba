//! The scripts that deploy, run by the real gcloud against `local-gcp`; the revisions' addresses lead to a server of the test, which is
//! well or not.

use crate::{
    documents::program,
    terraform::{on_path, repository, said},
};
use anyhow::{Context as _, Result, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const GOOD: &str = "2222222222222222222222222222222222222222222222222222222222222222";
const BAD: &str = "3333333333333333333333333333333333333333333333333333333333333333";

/// Answers over TLS: 500 under the tag of the bad image, 200 everywhere else. And without TLS, to the clock: 500 while there is a
/// file `ill`.
const SERVER: &str = r#"
import http.server, os, ssl, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if self.headers["Host"].startswith("c-3333333---") else 200)
        self.end_headers()
    def log_message(self, *_):
        pass
class Called(Handler):
    def do_POST(self):
        self.send_response(500 if os.path.exists(sys.argv[1] + "/ill") else 200)
        self.end_headers()
called = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Called)
threading.Thread(target=called.serve_forever, daemon=True).start()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/cert.pem", sys.argv[1] + "/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, called.server_port, flush=True)
server.serve_forever()
"#;

/// What a service's traffic is.
#[derive(Debug, PartialEq)]
struct Traffic {
    /// The revisions that have some, with their percentages.
    split: Vec<(String, i64)>,
    tags: Vec<String>,
}

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program, and gives back the first line that it writes.
fn start(command: &mut Command) -> Result<(Running, String)> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let stdout = child.stdout.take().context("its output")?;
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    ensure!(!line.is_empty(), "{command:?} ended before it was ready");
    Ok((running, line.trim().to_owned()))
}

/// A service `shop` in Google Cloud on this machine.
struct Stage {
    folder: TempDir,
    port: String,
    _cloud: Running,
    _web: Running,
}

impl Stage {
    fn set() -> Result<Option<Self>> {
        for tool in ["gcloud", "jq", "curl", "openssl", "python3"] {
            if on_path(tool).is_none() {
                eprintln!("skipped: {tool} is not installed");
                return Ok(None);
            }
        }
        let local_gcp = program("local-gcp")?;
        let folder = tempfile::tempdir()?;
        let (web, called) = Self::serve(folder.path())?;
        let place = "projects/demo/locations/europe-west1";
        let seed = json!({
            "cloudscheduler": { "jobs": [{
                "name": format!("{place}/jobs/shop-clock"),
                "schedule": "0 0 1 1 *",
                "timeZone": "Etc/UTC",
                "httpTarget": { "uri": format!("http://127.0.0.1:{called}/"), "httpMethod": "POST" },
            }] },
            "run": { "services": [{
                "name": format!("{place}/services/shop"),
                "template": { "containers": [{ "image": format!("europe-docker.pkg.dev/demo/shop/web@sha256:{}", "1".repeat(64)) }] },
            }] },
        });
        fs::write(folder.path().join("seed.json"), seed.to_string())?;
        let (cloud, url) = start(
            Command::new(local_gcp)
                .args(["--port", "0", "--operation-time", "10", "--seed"])
                .arg(folder.path().join("seed.json")),
        )?;
        let port = url.rsplit(':').next().context("a port")?.to_owned();
        Ok(Some(Self {
            folder,
            port,
            _cloud: cloud,
            _web: web,
        }))
    }

    /// The servers, and the port that the clock calls.
    fn serve(folder: &Path) -> Result<(Running, String)> {
        let certificate = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=shop", "-keyout",
                "key.pem", "-out", "cert.pem",
            ])
            .current_dir(folder)
            .output()?;
        ensure!(
            certificate.status.success(),
            "openssl: {}",
            said(&certificate)
        );
        let (web, ports) = start(Command::new("python3").args(["-c", SERVER]).arg(folder))?;
        let (port, called) = ports.split_once(' ').context("two ports")?;
        // curl's own settings: every host is the server of this test.
        let settings = format!("insecure\nnoproxy = \"*\"\nconnect-to = \"::127.0.0.1:{port}\"\n");
        fs::write(folder.join(".curlrc"), settings)?;
        Ok((web, called.to_owned()))
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env(
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN",
                format!("http://127.0.0.1:{}/", self.port),
            )
            .env(
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER",
                format!("http://127.0.0.1:{}/", self.port),
            )
            .env("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true")
            .env("CLOUDSDK_CONFIG", self.folder.path().join("gcloud"))
            .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
            .env("CLOUDSDK_PROXY_ADDRESS", "127.0.0.1")
            .env("CLOUDSDK_PROXY_PORT", &self.port)
            .env("CLOUDSDK_PROXY_TYPE", "http")
            .env("CURL_HOME", self.folder.path())
            .env("NIGHTSHIFT_SMOKE_PAUSE", "0");
        command
    }

    fn script(&self, name: &str, args: &[&str]) -> Result<Output> {
        let mut command = self.command(repository().join("scripts").join(name));
        let place = ["--region", "europe-west1", "--project", "demo"];
        Ok(command.args(args).args(place).output()?)
    }

    fn deploy(&self, digest: &str, more: &[&str]) -> Result<Output> {
        let image = format!("europe-docker.pkg.dev/demo/shop/web@sha256:{digest}");
        // A later word on how long to watch counts.
        let mut args = vec!["shop", &image, "--watch", "1"];
        args.extend(more);
        self.script("deploy", &args)
    }

    fn traffic(&self) -> Result<Traffic> {
        let output = self
            .command("gcloud")
            .args([
                "run",
                "services",
                "describe",
                "shop",
                "--region=europe-west1",
                "--project=demo",
                "--format=json",
            ])
            .output()?;
        ensure!(output.status.success(), "gcloud: {}", said(&output));
        let service: Value = serde_json::from_slice(&output.stdout)?;
        let entries = service["status"]["traffic"].as_array().context("traffic")?;
        let text = |entry: &Value, key: &str| entry[key].as_str().map(str::to_owned);
        let split = entries
            .iter()
            .filter_map(|entry| Some((text(entry, "revisionName")?, entry["percent"].as_i64()?)))
            .filter(|(_, percent)| *percent > 0)
            .collect();
        let tags = entries.iter().filter_map(|entry| text(entry, "tag"));
        Ok(Traffic {
            split,
            tags: tags.collect(),
        })
    }
}

#[test]
fn a_good_revision_gets_all_traffic_and_a_bad_one_gives_it_back() -> Result<()> {
    let Some(stage) = Stage::set()? else {
        return Ok(());
    };
    let first = stage.traffic()?.split;

    let good = stage.deploy(GOOD, &[])?;
    ensure!(good.status.success(), "the good one: {}", said(&good));
    let Traffic {
        split: second,
        tags,
    } = stage.traffic()?;
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].1, 100);
    assert_ne!(second[0].0, first[0].0);
    assert_eq!(tags, ["c-2222222"]);

    let noted = stage.folder.path().join("split");
    let bad = stage.deploy(BAD, &["--split-file", &noted.display().to_string()])?;
    assert_eq!(bad.status.code(), Some(1), "{}", said(&bad));
    assert!(
        said(&bad).contains("is not well: it last answered 500"),
        "{}",
        said(&bad)
    );
    let Traffic { split: after, tags } = stage.traffic()?;
    assert_eq!(after, second, "{}", said(&bad));
    assert_eq!(tags, ["c-2222222"], "the tag of the bad one is still there");
    assert_eq!(
        fs::read_to_string(noted)?.trim(),
        format!("{}=100", second[0].0)
    );
    Ok(())
}

#[test]
fn a_function_that_nobody_reaches_is_called_by_its_clock_and_gives_traffic_back_if_that_goes_wrong()
-> Result<()> {
    let Some(stage) = Stage::set()? else {
        return Ok(());
    };
    let call = ["--call", "shop-clock"];
    let good = stage.deploy(GOOD, &[&call[..], &["--watch", "300"]].concat())?;
    ensure!(good.status.success(), "the good one: {}", said(&good));
    let second = stage.traffic()?.split;
    assert!(
        said(&good).contains("shop-clock has called it"),
        "{}",
        said(&good)
    );

    fs::write(stage.folder.path().join("ill"), "")?;
    let bad = stage.deploy(BAD, &[&call[..], &["--watch", "2"]].concat())?;
    assert_eq!(bad.status.code(), Some(1), "{}", said(&bad));
    assert!(said(&bad).contains("did not go well"), "{}", said(&bad));
    assert_eq!(stage.traffic()?.split, second, "{}", said(&bad));
    Ok(())
}

#[test]
fn a_deploy_that_is_ended_while_it_watches_gives_traffic_back() -> Result<()> {
    let Some(stage) = Stage::set()? else {
        return Ok(());
    };
    let before = stage.traffic()?.split;
    let image = format!("europe-docker.pkg.dev/demo/shop/web@sha256:{GOOD}");
    let child = stage
        .command(repository().join("scripts/deploy"))
        .args([
            "shop",
            &image,
            "--watch",
            "3600",
            "--region",
            "europe-west1",
        ])
        .args(["--project", "demo"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut deploy = Running(child);
    let deadline = Instant::now() + Duration::from_mins(5);
    while stage.traffic()?.split.len() < 2 {
        ensure!(Instant::now() < deadline, "the new revision got no traffic");
    }
    kill(
        Pid::from_raw(i32::try_from(deploy.0.id())?),
        Signal::SIGTERM,
    )?;
    let status = deploy.0.wait()?;
    assert_eq!(status.code(), Some(143));
    assert_eq!(stage.traffic()?.split, before);
    Ok(())
}

#[test]
fn a_canary_takes_from_each_revision_in_proportion_and_gives_it_back() -> Result<()> {
    let Some(stage) = Stage::set()? else {
        return Ok(());
    };
    let first = stage.traffic()?.split;
    let image = format!("--image=europe-docker.pkg.dev/demo/shop/web@sha256:{GOOD}");
    let updated = stage
        .command("gcloud")
        .args(["run", "services", "update", "shop", &image])
        .args(["--region=europe-west1", "--project=demo"])
        .output()?;
    ensure!(updated.status.success(), "{}", said(&updated));
    let second = stage.traffic()?.split;

    let promoted = stage.script("promote", &["shop", &first[0].0, "25"])?;
    ensure!(promoted.status.success(), "{}", said(&promoted));
    let mut split = stage.traffic()?.split;
    split.sort_by_key(|(_, percent)| *percent);
    assert_eq!(split, [(first[0].0.clone(), 25), (second[0].0.clone(), 75)]);

    let back = stage.script("rollback", &["shop", &format!("{}=100", second[0].0)])?;
    ensure!(back.status.success(), "{}", said(&back));
    assert_eq!(stage.traffic()?.split, second);
    Ok(())
}

#[test]
fn a_dry_run_changes_nothing() -> Result<()> {
    let Some(stage) = Stage::set()? else {
        return Ok(());
    };
    let before = stage.traffic()?;
    let dry = stage.deploy(GOOD, &["--dry-run"])?;
    ensure!(dry.status.success(), "{}", said(&dry));
    assert!(
        said(&dry).contains("under the tag c-2222222"),
        "{}",
        said(&dry)
    );
    for args in [
        ["promote", "shop", &before.split[0].0, "10"].as_slice(),
        &["rollback", "shop", &format!("{}=100", before.split[0].0)],
    ] {
        let dry = stage.script(args[0], &[&args[1..], &["--dry-run"]].concat())?;
        ensure!(dry.status.success(), "{}", said(&dry));
    }
    assert_eq!(stage.traffic()?, before);
    Ok(())
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_asked() -> Result<()> {
    let refused = |script: &str, args: &[&str], why: &str| -> Result<()> {
        let mut command = Command::new(repository().join("scripts").join(script));
        // No gcloud is found: whatever asks it fails with another message.
        let output = command.args(args).env("PATH", "/usr/bin:/bin").output()?;
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
        Ok(())
    };
    let place = ["--region", "r", "--project", "p"];
    refused(
        "deploy",
        &[&["shop", "shop:v1"], place.as_slice()].concat(),
        "must end in @sha256:",
    )?;
    refused("deploy", &["shop"], "a name and IMAGE are needed")?;
    let image = format!("shop@sha256:{GOOD}");
    for (option, value, why) in [
        ("--canary", "0", "it must be 1 to 100"),
        ("--watch", "soon", "it must be a number of seconds"),
        ("--tag", "C", "it must begin with a letter"),
        ("--path", "health", "it must begin with a slash"),
    ] {
        let args = [&["shop", &image, option, value], place.as_slice()].concat();
        refused("deploy", &args, why)?;
    }
    refused(
        "promote",
        &[&["shop", "shop-1", "101"], place.as_slice()].concat(),
        "it must be 1 to 100",
    )?;
    refused(
        "rollback",
        &[&["shop", "shop-1=60,shop-2=30"], place.as_slice()].concat(),
        "sum to 90",
    )?;
    refused(
        "smoke",
        &["ftp://shop"],
        "give one that begins with https://",
    )?;
    refused(
        "smoke",
        &["https://shop", "--attempts", "2"],
        "can never be reached",
    )?;
    Ok(())
}
