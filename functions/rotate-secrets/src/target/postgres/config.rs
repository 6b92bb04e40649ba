//! What is written about a Postgres target.

use super::session::Server;
use crate::{
    password::Recipe,
    target::{
        InvalidTarget,
        layout::{Layout, Place},
    },
};
use nightshift_runtime::{
    config::SecretSource,
    postgres_tls::{SslMode, TlsParams},
};
use serde::Deserialize;
use std::path::PathBuf;

/// The accounts of a Postgres server whose password is a secret.
///
/// ```toml
/// [secrets.target.postgres]
/// host = "10.0.0.3"
/// database = "shop"
/// users = ["app_a", "app_b"]
/// owner_role = "app_owner"
/// admin.iam = { user = "rotator@my-project.iam" }
/// payload = { json = { user = "username", host = "host" } }
/// rights = [{ table = "public.orders", rights = ["select", "insert"] }]
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresConfig {
    /// Name, address, or folder of a unix socket such as `/cloudsql/project:region:instance`.
    pub host: String,
    /// 5432 unless given.
    #[serde(default = "default_port")]
    pub port: u16,
    /// The database that the application uses.
    pub database: String,
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: TlsConfig,
    /// One account, or two that take turns.
    pub users: Vec<String>,
    /// What both accounts are members of and act as; needed with two.
    pub owner_role: Option<String>,
    /// Who changes the passwords.
    pub admin: AdminConfig,
    /// What the application must be able to do, tried with each new password before it is published.
    #[serde(default)]
    pub rights: Vec<TableRights>,
    /// How the secret holds the credential.
    #[serde(default)]
    pub payload: Layout,
    /// Other hosts by which readers may reach this very server.
    #[serde(default)]
    pub also_known_as: Vec<String>,
    /// How passwords are made.
    #[serde(default)]
    pub password: Recipe,
}

const fn default_port() -> u16 {
    5432
}

/// How the connection is encrypted. Has no effect on unix sockets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// libpq's `sslmode`; `verify-full` unless given. Cloud SQL's own certificates need `verify-ca`.
    pub mode: SslMode,
    /// The authority to trust; the system's when none is named.
    pub root_certificates: Option<PathBuf>,
    /// Our own certificate, for servers that ask for one.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            mode: SslMode::VerifyFull,
            root_certificates: None,
            certificate: None,
            key: None,
        }
    }
}

impl TlsConfig {
    pub(super) fn params(&self) -> TlsParams {
        TlsParams {
            mode: self.mode,
            root_certificates: self.root_certificates.clone(),
            certificate: self.certificate.clone(),
            key: self.key.clone(),
        }
    }
}

/// Who changes the passwords.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AdminConfig {
    /// A role with a password.
    Password {
        /// The role.
        user: String,
        /// Its password, read anew each time.
        password: SecretSource,
    },
    /// A role of Cloud SQL's IAM database authentication: there is no password to keep, or to rotate.
    Iam {
        /// The service account's address without `.gserviceaccount.com`.
        user: String,
    },
    /// Cloud SQL's API, where nobody can log in to change a password. It sees the password in clear.
    CloudSqlApi {
        /// The secret's unless given.
        project: Option<String>,
        /// The instance's name.
        instance: String,
    },
}

/// What must be possible with a table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableRights {
    /// With its schema, quoted as in SQL.
    pub table: String,
    /// All of these.
    pub rights: Vec<TableRight>,
}

/// One right on a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words of SQL")]
pub enum TableRight {
    Select,
    Insert,
    Update,
    Delete,
    Truncate,
    References,
    Trigger,
}

impl TableRight {
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Truncate => "TRUNCATE",
            Self::References => "REFERENCES",
            Self::Trigger => "TRIGGER",
        }
    }
}

impl PostgresConfig {
    pub(in crate::target) fn validate(&self) -> Result<(), InvalidTarget> {
        let invalid = |key: &str, found: String, expected: &str| {
            Err(InvalidTarget {
                key: format!("postgres.{key}"),
                found,
                expected: expected.to_owned(),
            })
        };
        let users = &self.users;
        let distinct = users.first() != users.get(1);
        if !matches!(users.len(), 1 | 2) || !distinct || users.iter().any(String::is_empty) {
            let expected = "one account, or two different ones that take turns";
            return invalid("users", format!("{users:?}"), expected);
        }
        let pair = users.len() == 2;
        if pair && self.owner_role.is_none() {
            let expected = "the role that both accounts are members of and act as";
            return invalid("owner_role", "missing".to_owned(), expected);
        }
        if pair && !self.payload.names_user() {
            let expected = "`url`, or `json` with `user`: readers must learn which account it is";
            return invalid("payload", "without a user".to_owned(), expected);
        }
        if self.host.is_empty() {
            return invalid("host", "empty".to_owned(), "a name, an address or a folder");
        }
        let token = matches!(self.admin, AdminConfig::Iam { .. });
        if token && !Server::is_private(&self.host, self.tls.mode) {
            let expected = "`require` or stricter, because an access token would cross the network";
            return invalid("tls.mode", format!("{:?}", self.tls.mode), expected);
        }
        Ok(())
    }

    /// Host, port and database, for people.
    pub(super) fn place(&self) -> String {
        format!("{}:{}/{}", self.host, self.port, self.database)
    }

    /// Whether what a payload names is this server. The error says which part is not.
    pub(super) fn is_this_server(&self, place: &Place) -> Result<(), String> {
        let known = |host: &String| *host == self.host || self.also_known_as.contains(host);
        if place.host.as_ref().is_some_and(|host| !known(host)) {
            return Err(format!(
                "it names a host other than {}: correct it, or list it in `also_known_as`",
                self.host
            ));
        }
        if place.port.is_some_and(|port| port != self.port) && self.also_known_as.is_empty() {
            return Err(format!("it names a port other than {}", self.port));
        }
        let database = place.database.as_ref();
        if database.is_some_and(|database| *database != self.database) {
            return Err(format!("it names a database other than {}", self.database));
        }
        Ok(())
    }
}
