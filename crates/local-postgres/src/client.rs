//! Talking to the server: addresses for any client, and its own programs.

use crate::{
    cluster::SUPERUSER,
    command,
    error::{Error, Result},
    server::LocalPostgres,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::{path::Path, process::Command};

/// What may not stand as it is in the value of a URL's parameter; a path reads better with its `/`.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.');

impl LocalPostgres {
    /// The name of the superuser.
    pub fn superuser(&self) -> &str {
        SUPERUSER
    }

    /// A libpq URL for a database over 127.0.0.1 (over the socket if the server has nothing else).
    ///
    /// It holds no password: give [`password_file`](Self::password_file) as `PGPASSFILE`.
    pub fn url(&self, database: &str) -> String {
        if !self.tcp {
            return self.socket_url(database);
        }
        let database = utf8_percent_encode(database, NON_ALPHANUMERIC);
        format!(
            "postgresql://{SUPERUSER}@127.0.0.1:{}/{database}",
            self.port()
        )
    }

    /// A libpq URL for a database over the unix socket.
    pub fn socket_url(&self, database: &str) -> String {
        let database = utf8_percent_encode(database, NON_ALPHANUMERIC);
        let folder = self.socket_folder().to_string_lossy();
        let folder = utf8_percent_encode(&folder, PARAMETER);
        format!(
            "postgresql://{SUPERUSER}@/{database}?host={folder}&port={}",
            self.port()
        )
    }

    /// A command for one of PostgreSQL's own clients (`psql`, `pg_dump`, `pgbench`, …) of the
    /// server's version, connected by the environment to a database over the unix socket.
    pub fn client(&self, name: &str, database: &str) -> Result<Command> {
        self.connected(&self.installation().program(name), database)
    }

    /// [`client`](Self::client), for a program that lies elsewhere.
    pub(crate) fn connected(&self, program: &Path, database: &str) -> Result<Command> {
        if self.process_id().is_none() {
            return Err(Error::Stopped);
        }
        let mut command = command::of(program);
        command
            .env("PGHOST", self.socket_folder())
            .env("PGPORT", self.port().to_string())
            .env("PGUSER", SUPERUSER)
            .env("PGDATABASE", database)
            .env("PGCLIENTENCODING", "UTF8");
        if let Some(file) = self.password_file() {
            command.env("PGPASSFILE", file);
        }
        Ok(command)
    }

    /// Runs SQL in `psql`, which stops at the first error, and returns what it prints: rows as
    /// lines, columns parted by `|`, without headings.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String> {
        let mut command = self.psql_command(database)?;
        let output = command::run_with_input(&mut command, sql)?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }

    /// `psql` as [`psql`](Self::psql) runs it; it reads SQL from its standard input.
    pub(crate) fn psql_command(&self, database: &str) -> Result<Command> {
        let mut command = self.client("psql", database)?;
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]);
        Ok(command)
    }

    /// Makes an empty database (from `template0`).
    pub fn create_database(&self, name: &str) -> Result<()> {
        let name = quote(name);
        self.psql(
            SUPERUSER,
            &format!("CREATE DATABASE {name} TEMPLATE template0"),
        )
        .map(drop)
    }

    /// Removes a database, with the sessions that are in it.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        let name = quote(name);
        self.psql(SUPERUSER, &format!("DROP DATABASE {name} WITH (FORCE)"))
            .map(drop)
    }
}

/// A name as SQL writes it, whatever is in it.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
