//! A server with the roles of an application, and targets that look after them.

use local_postgres::{Auth, Builder, LocalPostgres};
use nightshift_runtime::gcp::{Gcp, Options};
use rotate_secrets::{
    payload::Payload,
    rotation::state::OperationId,
    secret_manager::SecretName,
    target::{Finding, Level, Surroundings, Target, TargetConfig},
};
use serde_json::{Value, json};
use std::{error::Error, io::Write as _};
use tempfile::NamedTempFile;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A test on the oldest and on the newest server that is supported.
macro_rules! on_both_servers {
    ($test:ident) => {
        mod $test {
            #[tokio::test]
            async fn on_postgres_15() -> super::Result<()> {
                super::$test(15).await
            }

            #[tokio::test]
            async fn on_postgres_18() -> super::Result<()> {
                super::$test(18).await
            }
        }
    };
}
pub(crate) use on_both_servers;

const ROTATOR_PASSWORD: &str = "the-rotators-own";

pub(crate) struct Bed {
    pub(crate) server: LocalPostgres,
    rotator_password: NamedTempFile,
}

/// A server that asks for passwords, before it is started.
pub(crate) fn server(major: u32) -> Result<Builder> {
    Ok(LocalPostgres::for_tests(major)?.auth(Auth::Password))
}

impl Bed {
    /// The database `shop` with a pair of accounts under one owner role, and a rotator that may change just these.
    pub(crate) fn new(server: Builder) -> Result<Self> {
        let server = server.start()?;
        let only_admin = match server.installation().major() {
            ..16 => "WITH ADMIN OPTION",
            _ => "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
        };
        server.psql(
            "postgres",
            &format!(
                "CREATE ROLE rotator LOGIN CREATEROLE PASSWORD '{ROTATOR_PASSWORD}';
                 CREATE ROLE app_owner NOLOGIN;
                 CREATE ROLE app_a LOGIN PASSWORD 'first' IN ROLE app_owner;
                 CREATE ROLE app_b LOGIN PASSWORD 'unknown' IN ROLE app_owner;
                 ALTER ROLE app_a SET role = app_owner;
                 ALTER ROLE app_b SET role = app_owner;
                 GRANT app_a, app_b TO rotator {only_admin};
                 CREATE DATABASE shop OWNER app_owner;"
            ),
        )?;
        server.psql(
            "shop",
            "SET ROLE app_owner; CREATE TABLE orders (id bigint PRIMARY KEY, what text);",
        )?;
        let mut rotator_password = NamedTempFile::new()?;
        rotator_password.write_all(ROTATOR_PASSWORD.as_bytes())?;
        Ok(Self {
            server,
            rotator_password,
        })
    }

    /// The settings of a pair whose payload is JSON.
    pub(crate) fn pair(&self) -> Value {
        json!({
            "host": "127.0.0.1",
            "port": self.server.port(),
            "database": "shop",
            "tls": {"mode": "disable"},
            "users": ["app_a", "app_b"],
            "owner_role": "app_owner",
            "admin": {"password": {
                "user": "rotator", "password": {"file": self.rotator_password.path()},
            }},
            "payload": {"json": {"user": "username", "host": "host", "urls": ["url"]}},
            "rights": [{"table": "public.orders", "rights": ["select", "insert"]}],
        })
    }

    /// The settings of `app_a` alone, whose payload is its password.
    pub(crate) fn single(&self) -> Value {
        let mut config = self.pair();
        config["users"] = json!(["app_a"]);
        config["payload"] = json!("text");
        config
    }

    /// What the secret of the pair holds at first.
    pub(crate) fn first(&self) -> Payload {
        let port = self.server.port();
        format!(
            r#"{{"username": "app_a", "password": "first", "host": "127.0.0.1", "note": "kept",
                "url": "postgres://app_a:first@127.0.0.1:{port}/shop?sslmode=disable"}}"#
        )
        .into()
    }

    /// Runs SQL as the superuser.
    pub(crate) fn sql(&self, sql: &str) -> Result<String> {
        Ok(self.server.psql("shop", sql)?)
    }
}

/// The target of these settings, with Google at `endpoint`.
pub(crate) async fn target_at(
    kind: &str,
    config: Value,
    endpoint: &str,
) -> Result<Box<dyn Target>> {
    let config: TargetConfig = serde_json::from_value(json!({kind: config}))?;
    config.validate()?;
    let options = Options {
        endpoint: Some(endpoint.to_owned()),
    };
    let surroundings = Surroundings {
        secret: &SecretName::global("demo", "database")?,
        gcp: &Gcp::from_options(&options)?,
    };
    Ok(config.build(surroundings).await?)
}

/// The target of these settings, which has nothing to ask of Google.
pub(crate) async fn target(kind: &str, config: Value) -> Result<Box<dyn Target>> {
    target_at(kind, config, "http://127.0.0.1:9").await
}

pub(crate) async fn postgres(config: Value) -> Result<Box<dyn Target>> {
    target("postgres", config).await
}

pub(crate) fn operation() -> OperationId {
    OperationId::try_from("01JTEST".to_owned()).unwrap()
}

/// A field of a JSON payload.
pub(crate) fn field(payload: &Payload, name: &str) -> String {
    let value: Value = serde_json::from_slice(payload.expose()).unwrap();
    value[name].as_str().unwrap_or_default().to_owned()
}

/// The findings that are not as they should be, as text.
pub(crate) fn complaints(findings: &[Finding]) -> Vec<&str> {
    let bad = findings.iter().filter(|finding| finding.level != Level::Ok);
    bad.map(|finding| finding.message.as_str()).collect()
}
