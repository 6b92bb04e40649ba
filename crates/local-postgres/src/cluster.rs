//! Making a data folder: `initdb`, `pg_hba.conf`, settings.

use crate::{
    account::Account,
    error::{About, Result},
    home::Home,
    installation::Installation,
    program,
};
use secrecy::{ExposeSecret, SecretString};
use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

/// How clients prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Whoever can reach the server is whoever they say. Any user of this machine can reach
    /// 127.0.0.1: for tests.
    Trust,
    /// By password (`scram-sha-256`); the superuser's is random and new for each server.
    Password,
}

impl Auth {
    fn method(self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Password => "scram-sha-256",
        }
    }
}

/// Runs `initdb` in the home of a server.
pub(crate) fn init(
    installation: &Installation,
    account: Option<&Account>,
    home: &Home,
    superuser: &str,
    password: Option<&SecretString>,
) -> Result<()> {
    let mut command = program::command(&installation.program("initdb"));
    command
        .current_dir(home.folder())
        .arg("--pgdata")
        .arg(home.data());
    command.args([
        "--username",
        superuser,
        "--encoding",
        "UTF8",
        "--locale",
        "C.UTF-8",
    ]);
    // Nothing has to survive this machine; what a caller wants checked, it checks itself.
    command.args(["--no-sync", "--no-instructions"]);
    if installation.major() >= 18 {
        command.arg("--no-data-checksums");
    }
    let password_file = home.folder().join("initdb.password");
    if let Some(password) = password {
        write_private(&password_file, password.expose_secret(), account)?;
        command
            .args(["--auth", Auth::Password.method(), "--pwfile"])
            .arg(&password_file);
    } else {
        command.args(["--auth", Auth::Trust.method()]);
    }
    if let Some(account) = account {
        account.assume(&mut command);
    }
    let made = program::run(&mut command);
    if password.is_some() {
        fs::remove_file(&password_file).about("remove", &password_file)?;
    }
    made.map(drop)
}

/// Writes who may connect, and how.
pub(crate) fn write_access(data: &Path, auth: Auth, tls: bool) -> Result<()> {
    let method = auth.method();
    let host = if tls { "hostssl" } else { "host" };
    let path = data.join("pg_hba.conf");
    let lines = format!(
        "local  all          all                {method}\n\
         local  replication  all                {method}\n\
         {host} all          all  127.0.0.1/32  {method}\n\
         {host} replication  all  127.0.0.1/32  {method}\n"
    );
    // Written over, not anew: the file keeps the owner that the server needs.
    fs::write(&path, lines).about("write", path)
}

/// Adds settings to `postgresql.conf`; later ones win over earlier ones.
pub(crate) fn write_settings(data: &Path, settings: &[(String, String)]) -> Result<()> {
    let path = data.join("postgresql.conf");
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .about("open", &path)?;
    for (name, value) in settings {
        let value = value.replace('\\', "\\\\").replace('\'', "''");
        writeln!(file, "{name} = '{value}'").about("write", &path)?;
    }
    Ok(())
}

/// Writes a file that only we, or only the given account, can read.
pub(crate) fn write_private(path: &Path, content: &str, account: Option<&Account>) -> Result<()> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .about("write", path)?;
    account.map_or(Ok(()), |account| account.own(path))
}
