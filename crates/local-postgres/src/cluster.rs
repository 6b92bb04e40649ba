//! Making a data folder: `initdb`, `pg_hba.conf`, settings, certificates.

use crate::{
    command,
    error::{About, Result},
    server::LocalPostgres,
    tls::Tls,
};
use secrecy::ExposeSecret;
use std::{fs, io::Write};

/// The name of the superuser, and of the database that is always there.
pub(crate) const SUPERUSER: &str = "postgres";

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
pub(crate) fn init(server: &LocalPostgres) -> Result<()> {
    let account = server.account.as_ref();
    let mut command = command::of(&server.programs.initdb);
    command
        .current_dir(server.home.folder())
        .arg("--pgdata")
        .arg(server.home.data());
    command.args([
        "--username",
        SUPERUSER,
        "--encoding",
        "UTF8",
        "--locale",
        "C.UTF-8",
    ]);
    // Nothing has to survive this machine; what a caller wants checked, it checks itself.
    command.args(["--no-sync", "--no-instructions"]);
    if server.installation.major() >= 18 {
        command.arg("--no-data-checksums");
    }
    // Says who may connect until `write_access` does.
    command.args(["--auth", "reject"]);
    if let Some(account) = account {
        account.assume(&mut command);
    }
    let Some(password) = &server.password else {
        return command::run(&mut command).map(drop);
    };
    let secret = password.secret.expose_secret();
    let file = server
        .home
        .write_private("initdb.password", secret, account)?;
    let made = command::run(command.arg("--pwfile").arg(&file));
    fs::remove_file(&file).about("remove", &file)?;
    made.map(drop)
}

/// Writes who may connect, and how: over TCP by TLS alone where there is TLS.
pub(crate) fn write_access(server: &LocalPostgres, auth: Auth, tls: Option<&Tls>) -> Result<()> {
    let method = auth.method();
    let host = tls.map_or("host", |_| "hostssl");
    let option = tls
        .and_then(|tls| tls.client_authority.as_ref())
        .map_or("", |_| " clientcert=verify-full");
    let path = server.home.data().join("pg_hba.conf");
    let lines = format!(
        "local  all          all                {method}\n\
         local  replication  all                {method}\n\
         {host} all          all  127.0.0.1/32  {method}{option}\n\
         {host} replication  all  127.0.0.1/32  {method}{option}\n"
    );
    // Written over, not anew: the file keeps the owner that the server needs.
    fs::write(&path, lines).about("write", path)
}

/// The settings without which the server would not be ours.
pub(crate) fn own_settings(server: &LocalPostgres) -> Vec<(&'static str, String)> {
    // A list, in which quotes protect a path with commas.
    let sockets = server
        .home
        .sockets()
        .display()
        .to_string()
        .replace('"', "\"\"");
    vec![
        (
            "listen_addresses",
            if server.tcp { "127.0.0.1" } else { "" }.to_owned(),
        ),
        ("unix_socket_directories", format!("\"{sockets}\"")),
        ("timezone", "UTC".to_owned()),
        ("log_timezone", "UTC".to_owned()),
    ]
}

/// Adds settings to `postgresql.conf`; later ones win over earlier ones.
pub(crate) fn write_settings(
    server: &LocalPostgres,
    settings: impl IntoIterator<Item = (impl AsRef<str>, String)>,
) -> Result<()> {
    let path = server.home.data().join("postgresql.conf");
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .about("open", &path)?;
    for (name, value) in settings {
        let value = value.replace('\\', "\\\\").replace('\'', "''");
        writeln!(file, "{} = '{value}'", name.as_ref()).about("write", &path)?;
    }
    Ok(())
}

/// Writes the files of TLS, and returns the settings that name them.
pub(crate) fn write_certificates(
    server: &LocalPostgres,
    tls: &Tls,
) -> Result<Vec<(&'static str, String)>> {
    let write = |name, content: &str| {
        let path = server
            .home
            .write_private(name, content, server.account.as_ref())?;
        Ok(path.display().to_string())
    };
    let mut settings = vec![
        ("ssl", "on".to_owned()),
        (
            "ssl_cert_file",
            write("server.crt", &tls.identity.certificate)?,
        ),
        (
            "ssl_key_file",
            write("server.key", tls.identity.key.expose_secret())?,
        ),
    ];
    if let Some(authority) = &tls.client_authority {
        settings.push(("ssl_ca_file", write("clients.crt", authority)?));
    }
    Ok(settings)
}
