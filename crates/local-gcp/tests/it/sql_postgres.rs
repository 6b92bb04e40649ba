//! Users of a Cloud SQL instance that stands for a real Postgres.

use crate::{
    sql::done,
    support::{Api, Result, ensure, start},
};
use local_postgres::{Auth, LocalPostgres};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio_postgres::{Config, NoTls};

const USERS: &str = "/v1/projects/demo/instances/pg/users";

/// A server, and an instance that stands for it.
async fn backed() -> Result<(Api, LocalPostgres)> {
    let server = LocalPostgres::for_tests(15)?
        .auth(Auth::Password)
        .setting("log_statement", "all")
        .start()?;
    let password = server
        .password()
        .map(|p| p.expose_secret().to_owned())
        .unwrap_or_default();
    let password = utf8_percent_encode(&password, NON_ALPHANUMERIC);
    let url = format!(
        "postgresql://{}:{password}@127.0.0.1:{}/postgres",
        server.superuser(),
        server.port()
    );
    let api = start().await?;
    api.gcp
        .seed(json!({"sql": {"instances": [{"name": "pg", "postgresUrl": url}]}}))?;
    Ok((api, server))
}

/// Waits for an operation that must not fail.
async fn succeeded(api: &Api, operation: serde_json::Value) -> Result<()> {
    let done = done(api, operation).await?;
    ensure!(done.get("error").is_none(), "{done}");
    Ok(())
}

async fn log_in(server: &LocalPostgres, user: &str, password: &str) -> Result<()> {
    let mut config = Config::new();
    config
        .host("127.0.0.1")
        .port(server.port())
        .dbname("postgres")
        .user(user)
        .password(password);
    let (client, connection) = config.connect(NoTls).await?;
    let connection = tokio::spawn(connection);
    client.simple_query("SELECT 1").await?;
    connection.abort();
    Ok(())
}

#[tokio::test]
async fn a_changed_password_is_the_one_that_logs_in() -> Result<()> {
    let (api, server) = backed().await?;
    let user = json!({"name": "app \"x\"", "password": "first-'word"});
    succeeded(&api, api.post(USERS, user).await?.ok()?).await?;
    log_in(&server, "app \"x\"", "first-'word").await?;
    let path = format!("{USERS}?name=app%20%22x%22");
    succeeded(
        &api,
        api.put(&path, json!({"password": "second-wörd"}))
            .await?
            .ok()?,
    )
    .await?;
    assert!(log_in(&server, "app \"x\"", "first-'word").await.is_err());
    log_in(&server, "app \"x\"", "second-wörd").await?;
    let log = server.log()?;
    assert!(log.contains("ALTER ROLE") && !log.contains("second-w") && !log.contains("first-"));
    succeeded(&api, api.delete(&path).await?.ok()?).await?;
    assert!(log_in(&server, "app \"x\"", "second-wörd").await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_role_that_was_never_listed_can_be_changed() -> Result<()> {
    let (api, server) = backed().await?;
    server.psql("postgres", "CREATE ROLE old LOGIN PASSWORD 'one'")?;
    let path = format!("{USERS}?name=old");
    succeeded(
        &api,
        api.put(&path, json!({"password": "two"})).await?.ok()?,
    )
    .await?;
    log_in(&server, "old", "two").await?;
    assert_eq!(api.get(USERS).await?.ok()?["items"][0]["name"], "old");
    Ok(())
}

#[tokio::test]
async fn what_the_server_refuses_is_the_error_of_the_operation() -> Result<()> {
    let (api, server) = backed().await?;
    let path = format!("{USERS}?name=nobody");
    let failed = done(&api, api.put(&path, json!({"password": "x"})).await?.ok()?).await?;
    assert_eq!(
        failed["error"]["errors"][0],
        json!({"kind": "sql#operationError", "code": "ERROR_RDBMS", "message": "role \"nobody\" does not exist"})
    );
    drop(server);
    let failed = done(&api, api.put(&path, json!({"password": "x"})).await?.ok()?).await?;
    assert_eq!(failed["error"]["errors"][0]["code"], "ERROR_RDBMS");
    Ok(())
}
