//! Logging in, and telling "no" from "no answer".

use nightshift_runtime::postgres_tls::SslMode;
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use std::{error::Error as _, sync::Arc, time::Duration};
use tokio_postgres::{Client, Config, NoTls, error::SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a server may take to let us in. Well below the 30 s of a step, which may log in twice.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a statement may take, counted by the server, so that none outlives its step.
const STATEMENT: Duration = Duration::from_secs(10);

/// What the server's administrator sees in `pg_stat_activity`.
const APPLICATION_NAME: &str = "nightshift rotate-secrets";

/// The server, without anybody's password.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: String,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) mode: SslMode,
}

/// Why there is no session. Says nothing that a password could be read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LoginError {
    /// The server knows the user under another password, or not at all.
    Rejected(String),
    /// The password was right, and something else keeps us out.
    Shut(String),
    /// The server did not say whether the password is right.
    Unreachable(String),
}

impl LoginError {
    /// Names the server that was not reached.
    fn at(self, host: &str, port: u16) -> Self {
        match self {
            Self::Unreachable(why) => Self::Unreachable(format!("{host}:{port}: {why}")),
            other => other,
        }
    }

    pub(super) fn why(self) -> String {
        match self {
            Self::Rejected(why) | Self::Shut(why) | Self::Unreachable(why) => why,
        }
    }
}

impl Server {
    /// Whether the way to the server cannot be listened to by others.
    pub(super) fn is_private(host: &str, mode: SslMode) -> bool {
        let loopback = host == "localhost" || host.starts_with("127.") || host == "::1";
        host.starts_with('/')
            || loopback
            || matches!(
                mode,
                SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull
            )
    }

    /// One attempt.
    pub(super) async fn log_in(
        &self,
        user: &str,
        password: &SecretString,
    ) -> Result<Client, LoginError> {
        let mut config = self.config();
        config.user(user).password(password.expose_secret());
        let attempt = async {
            match &self.tls {
                Some(tls) if !self.host.starts_with('/') => {
                    let connector = MakeRustlsConnect::new(ClientConfig::clone(tls));
                    let (client, connection) = config.connect(connector).await?;
                    drive(connection);
                    Ok(client)
                }
                _ => {
                    let (client, connection) = config.connect(NoTls).await?;
                    drive(connection);
                    Ok(client)
                }
            }
        };
        match tokio::time::timeout(CONNECT, attempt).await {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(error)) => Err(understood(&error).at(&self.host, self.port)),
            Err(_) => {
                let why = format!("no answer within {} s", CONNECT.as_secs());
                Err(LoginError::Unreachable(why).at(&self.host, self.port))
            }
        }
    }

    fn config(&self) -> Config {
        use tokio_postgres::config::SslMode as Ssl;
        let mut config = Config::new();
        // A unix socket is never encrypted, whatever sslmode says; libpq does the same.
        let ssl_mode = match self.mode {
            _ if self.host.starts_with('/') => Ssl::Disable,
            SslMode::Disable => Ssl::Disable,
            SslMode::Prefer => Ssl::Prefer,
            _ => Ssl::Require,
        };
        let milliseconds = STATEMENT.as_millis();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.database)
            .ssl_mode(ssl_mode)
            .connect_timeout(CONNECT)
            .application_name(APPLICATION_NAME)
            .options(format!(
                "-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
            ));
        config
    }
}

fn drive<S, T>(connection: tokio_postgres::Connection<S, T>)
where
    tokio_postgres::Connection<S, T>:
        Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
{
    tokio::spawn(async move {
        // Whoever waits for an answer gets the error; here it is only told.
        if let Err(error) = connection.await {
            tracing::debug!(error = words(&error), "a database connection ended");
        }
    });
}

/// The order in which a server looks: at the password first, then at the database and the rights on it
/// (`InitPostgres` and `CheckMyDatabase`).
fn understood(error: &tokio_postgres::Error) -> LoginError {
    let why = words(error);
    match error.code() {
        // Also of a password whose VALID UNTIL has passed, and of an unknown user.
        Some(code) if *code == SqlState::INVALID_PASSWORD => LoginError::Rejected(why),
        Some(code)
            if [
                SqlState::INSUFFICIENT_PRIVILEGE,
                SqlState::INVALID_CATALOG_NAME,
                SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            ]
            .contains(code) =>
        {
            LoginError::Shut(why)
        }
        // Among them 28000: no line of pg_hba.conf, or a role that may not log in; neither looks at the password.
        _ => LoginError::Unreachable(why),
    }
}

/// What went wrong, without the statement.
pub(super) fn words(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return format!("{} (SQLSTATE {})", error.message(), error.code().code());
    }
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
