//! Sessions over `tokio-postgres`, and the settings without which the same rows would be written differently.

use super::params::{ConnectParams, Host};
use nightshift_runtime::postgres_tls::{self, SslMode, TlsError};
use rustls::ClientConfig;
use secrecy::ExposeSecret;
use std::{sync::Arc, time::Duration};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What the server's administrator sees in `pg_stat_activity`.
pub const APPLICATION_NAME: &str = "nightshift backup";

/// Why no session could be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No server took us in.
    #[error("connect to {what}")]
    Refused {
        /// Database, hosts and role.
        what: String,
        /// Why the last one did not.
        #[source]
        source: Box<tokio_postgres::Error>,
    },
}

/// A server that has been reached, and what further sessions to the same server need.
#[derive(Clone)]
pub struct Server {
    /// How to log in.
    pub params: ConnectParams,
    /// The server that answered: every further session goes to this one.
    pub host: Host,
    /// The TLS configuration; none when TLS is off.
    pub tls: Option<Arc<ClientConfig>>,
}

impl Server {
    /// Opens a session to the first server of the list that answers.
    pub async fn find(params: &ConnectParams) -> Result<(Self, Client), ConnectError> {
        let tls = postgres_tls::client_config(&params.tls)?;
        let mut last = None;
        for host in &params.hosts {
            let server = Self {
                params: params.clone(),
                host: host.clone(),
                tls: tls.clone(),
            };
            match server.connect().await {
                Ok(client) => return Ok((server, client)),
                Err(error) => last = Some(error),
            }
        }
        match last {
            Some(error) => Err(error),
            None => unreachable!("connection parameters name at least one host"),
        }
    }

    /// Opens one more session to the same server.
    pub async fn connect(&self) -> Result<Client, ConnectError> {
        let config = self.config();
        let refused = |source| ConnectError::Refused {
            what: self.params.to_string(),
            source: Box::new(source),
        };
        match &self.tls {
            Some(tls) if matches!(self.host, Host::Tcp(..)) => {
                let connector = MakeRustlsConnect::new(ClientConfig::clone(tls));
                let (client, connection) = config.connect(connector).await.map_err(refused)?;
                drive(connection);
                Ok(client)
            }
            _ => {
                let connected = config.connect(tokio_postgres::NoTls).await;
                let (client, connection) = connected.map_err(refused)?;
                drive(connection);
                Ok(client)
            }
        }
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        match &self.host {
            Host::Tcp(name, port) => config.host(name).port(*port),
            Host::Unix(folder, port) => config.host_path(folder).port(*port),
        };
        // A unix socket is never encrypted, whatever sslmode says; libpq does the same.
        config.ssl_mode(match (&self.host, self.params.tls.mode) {
            (Host::Unix(..), _) | (_, SslMode::Disable) => tokio_postgres::config::SslMode::Disable,
            (_, SslMode::Prefer) => tokio_postgres::config::SslMode::Prefer,
            _ => tokio_postgres::config::SslMode::Require,
        });
        config
            .user(&self.params.user)
            .dbname(&self.params.database)
            .application_name(APPLICATION_NAME)
            .connect_timeout(self.params.connect_timeout)
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(6);
        if let Some(password) = &self.params.password {
            config.password(password.expose_secret());
        }
        if let Some(options) = &self.params.options {
            config.options(options);
        }
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
            tracing::debug!(%error, "a database connection ended");
        }
    });
}

/// Settings that every session needs so that a role's or a database's own settings cannot change, cut or cancel what is
/// read; `major` decides which exist.
///
/// Text read under `DateStyle = 'SQL, DMY'` or `extra_float_digits = -5` is wrong without an error when it is loaded
/// under others; under `row_security = on` a policy shortens a table without a word.
pub fn settings(major: u32) -> String {
    let mut sql = String::new();
    for setting in [
        "search_path = ''",
        "datestyle = 'ISO'",
        "intervalstyle = 'postgres'",
        "extra_float_digits = 3",
        "bytea_output = 'hex'",
        "timezone = 'UTC'",
        "xmloption = content",
        "statement_timeout = 0",
        "lock_timeout = 0",
        "idle_in_transaction_session_timeout = 0",
        "row_security = off",
        "synchronize_seqscans = off",
        "max_parallel_workers_per_gather = 0",
        "jit = off",
        // To exclude rows by CHECK constraints, the planner would run their functions.
        "constraint_exclusion = off",
        "default_transaction_deferrable = off",
    ] {
        sql.push_str(&format!("SET {setting}; "));
    }
    if major >= 14 {
        sql.push_str("SET idle_session_timeout = 0; ");
    }
    if major >= 17 {
        sql.push_str("SET transaction_timeout = 0; ");
    }
    sql
}
