//! Changes to the roles of a real Postgres server.

use super::operation::Failure;
use std::time::Duration;
use tokio_postgres::{Client, Config, NoTls, error::SqlState};

/// A server on this machine that does not answer within this time will not.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be done to a role. Each can be done twice.
pub(super) enum Change {
    Create {
        role: String,
        verifier: Option<String>,
    },
    Alter {
        role: String,
        verifier: Option<String>,
    },
    Drop {
        role: String,
    },
}

impl Change {
    pub(super) fn put(role: &str, verifier: Option<&str>, new: bool) -> Self {
        let (role, verifier) = (role.to_owned(), verifier.map(str::to_owned));
        if new {
            Self::Create { role, verifier }
        } else {
            Self::Alter { role, verifier }
        }
    }

    pub(super) fn drop(role: &str) -> Self {
        let role = role.to_owned();
        Self::Drop { role }
    }
}

/// The form in which Postgres keeps a password. Made here, so that the password reaches neither the state nor the log of
/// the server.
pub(super) fn verifier(password: &str) -> String {
    postgres_protocol::password::scram_sha_256(password.as_bytes())
}

pub(super) async fn apply(url: &str, change: Change) -> Result<(), Failure> {
    let done = async {
        let client = connect(url).await?;
        carry_out(&client, change)
            .await
            .map_err(|error| Failure::database(words(&error)))
    };
    tokio::time::timeout(PATIENCE, done).await.map_err(|_| {
        Failure::database(format!(
            "the database did not answer within {} s",
            PATIENCE.as_secs()
        ))
    })?
}

async fn connect(url: &str) -> Result<Client, Failure> {
    // Errors of the URL could quote it, password included.
    let mut config: Config = url
        .parse()
        .map_err(|_| Failure::database("the seeded postgresUrl is not a URL of Postgres"))?;
    config
        .application_name("local-gcp")
        .connect_timeout(PATIENCE);
    let (client, connection) = config
        .connect(NoTls)
        .await
        .map_err(|error| Failure::database(format!("cannot connect: {}", words(&error))))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to the database of an instance broke");
        }
    });
    Ok(client)
}

async fn carry_out(client: &Client, change: Change) -> Result<(), tokio_postgres::Error> {
    match change {
        Change::Create { role, verifier } => {
            let role = quoted(&role);
            let password = password(verifier.as_deref());
            let create = format!("CREATE ROLE {role} LOGIN CREATEDB CREATEROLE{password}");
            match client.batch_execute(&create).await {
                Err(error) if error.code() == Some(&SqlState::DUPLICATE_OBJECT) => {
                    let alter = format!("ALTER ROLE {role} LOGIN{password}");
                    client.batch_execute(&alter).await
                }
                done => done,
            }
        }
        Change::Alter { role, verifier } => {
            let Some(verifier) = verifier else {
                return Ok(());
            };
            let password = password(Some(&verifier));
            let alter = format!("ALTER ROLE {}{password}", quoted(&role));
            client.batch_execute(&alter).await
        }
        Change::Drop { role } => {
            let drop = format!("DROP ROLE IF EXISTS {}", quoted(&role));
            client.batch_execute(&drop).await
        }
    }
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

fn password(verifier: Option<&str>) -> String {
    verifier.map_or_else(String::new, |verifier| {
        format!(" PASSWORD '{}'", verifier.replace('\'', "''"))
    })
}

/// What the server said, without the statement.
fn words(error: &tokio_postgres::Error) -> String {
    let said = error.as_db_error().map(|error| error.message().to_owned());
    said.unwrap_or_else(|| error.to_string())
}
