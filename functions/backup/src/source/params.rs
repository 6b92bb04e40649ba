//! Where a `PostgreSQL` server is and who we are there, with libpq's own words: a URL, a `key=value` string or `PG*`
//! variables.
//!
//! A password never comes by URL here: command lines are visible to every process of a machine. It comes from
//! `PGPASSWORD`, `PGPASSFILE` or a file, such as a mounted secret.

use super::passfile;
use nightshift_runtime::postgres_tls::{SslMode, TlsParams};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

/// Everything needed to open a session.
#[derive(Debug, Clone)]
pub struct ConnectParams {
    /// Servers to try, in order.
    pub hosts: Vec<Host>,
    /// The role to log in as.
    pub user: String,
    /// The database.
    pub database: String,
    /// The password, when one is needed.
    pub password: Option<SecretString>,
    /// How the connection is encrypted.
    pub tls: TlsParams,
    /// Command-line options for the backend (`PGOPTIONS`).
    pub options: Option<String>,
    /// How long one server may take to answer.
    pub connect_timeout: Duration,
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name or an address, and a port.
    Tcp(String, u16),
    /// The folder of a unix socket, and the port in the socket's name.
    Unix(PathBuf, u16),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(folder, port) => write!(f, "{}/.s.PGSQL.{port}", folder.display()),
        }
    }
}

/// Why connection parameters cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// The URL holds a password.
    #[error(
        "the connection URL holds a password, which every process of this machine can read: take it out, and give it \
         by PGPASSWORD, PGPASSFILE or --password-file"
    )]
    PasswordInUrl,
    /// Not in libpq's form.
    #[error("the connection string cannot be read: {0}; write postgres://USER@HOST:PORT/DATABASE")]
    Malformed(String),
    /// A value that its key does not take.
    #[error("`{key}={found}` in the connection parameters: write {right}")]
    BadValue {
        /// The key.
        key: String,
        /// What it says.
        found: String,
        /// What it could say.
        right: &'static str,
    },
    /// A key nobody knows.
    #[error("the connection string has an unknown key `{0}`")]
    UnknownKey(String),
    /// The password file cannot be read.
    #[error("read the password from {file}")]
    PasswordFile {
        /// The file.
        file: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// libpq keys, and the variables that stand in for them.
const KEYS: [(&str, &str); 16] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("options", "PGOPTIONS"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("application_name", "PGAPPNAME"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
];

impl ConnectParams {
    /// Reads `text` (a URL or `key=value` pairs; may be empty), then `env` for what it leaves open.
    ///
    /// `password_file` wins over every other source of a password.
    pub fn read(
        text: &str,
        env: &dyn Fn(&str) -> Option<String>,
        password_file: Option<&std::path::Path>,
    ) -> Result<Self, ParamsError> {
        let mut pairs = parse(text)?;
        if pairs.contains_key("password") {
            return Err(ParamsError::PasswordInUrl);
        }
        for (key, variable) in KEYS {
            if let Some(value) = env(variable).filter(|value| !value.is_empty()) {
                pairs.entry(key.to_owned()).or_insert(value);
            }
        }
        let mut params = Self::from_pairs(&pairs, env)?;
        params.password = match password_file {
            Some(file) => Some(read_password(file)?),
            None => match pairs.remove("password") {
                Some(password) => Some(password.into()),
                None => passfile::find(&params, pairs.get("passfile").map(PathBuf::from), env),
            },
        };
        Ok(params)
    }

    fn from_pairs(
        pairs: &BTreeMap<String, String>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ParamsError> {
        let get = |key: &str| pairs.get(key).cloned();
        let user = get("user")
            .or_else(|| env("USER"))
            .unwrap_or_else(|| "postgres".to_owned());
        let seconds = match get("connect_timeout") {
            None => 10,
            Some(text) => text.parse::<u64>().map_err(|_| ParamsError::BadValue {
                key: "connect_timeout".into(),
                found: text,
                right: "a number of seconds",
            })?,
        };
        Ok(Self {
            hosts: hosts(pairs)?,
            database: get("dbname").unwrap_or_else(|| user.clone()),
            user,
            password: None,
            tls: TlsParams {
                mode: ssl_mode(get("sslmode").as_deref())?,
                root_certificates: get("sslrootcert")
                    .filter(|file| file != "system")
                    .map(PathBuf::from),
                certificate: get("sslcert").map(PathBuf::from),
                key: get("sslkey").map(PathBuf::from),
            },
            options: get("options"),
            connect_timeout: Duration::from_secs(seconds.max(2)),
        })
    }

    /// The same server and role, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        Self {
            database: database.to_owned(),
            ..self.clone()
        }
    }
}

impl fmt::Display for ConnectParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<_> = self.hosts.iter().map(ToString::to_string).collect();
        write!(
            f,
            "database {} at {} as {}",
            self.database,
            hosts.join(","),
            self.user
        )
    }
}

fn read_password(file: &std::path::Path) -> Result<SecretString, ParamsError> {
    let text = std::fs::read_to_string(file).map_err(|source| ParamsError::PasswordFile {
        file: file.display().to_string(),
        source,
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned().into())
}

fn ssl_mode(text: Option<&str>) -> Result<SslMode, ParamsError> {
    Ok(match text {
        None | Some("prefer" | "allow") => SslMode::Prefer,
        Some("disable") => SslMode::Disable,
        Some("require") => SslMode::Require,
        Some("verify-ca") => SslMode::VerifyCa,
        Some("verify-full") => SslMode::VerifyFull,
        Some(other) => {
            return Err(ParamsError::BadValue {
                key: "sslmode".into(),
                found: other.into(),
                right: "disable, prefer, require, verify-ca or verify-full",
            });
        }
    })
}

fn hosts(pairs: &BTreeMap<String, String>) -> Result<Vec<Host>, ParamsError> {
    let list = |key: &str| -> Vec<&str> {
        pairs
            .get(key)
            .map(|text| text.split(',').collect())
            .unwrap_or_default()
    };
    let mut names = if pairs.contains_key("host") {
        list("host")
    } else {
        list("hostaddr")
    };
    if names.is_empty() {
        names.push("");
    }
    let ports = list("port");
    let port = |index: usize| -> Result<u16, ParamsError> {
        match ports
            .get(index)
            .or(ports.first())
            .copied()
            .unwrap_or_default()
        {
            "" => Ok(5432),
            text => text.parse().map_err(|_| ParamsError::BadValue {
                key: "port".into(),
                found: text.into(),
                right: "a number from 1 to 65535",
            }),
        }
    };
    let host = |(index, name): (usize, &&str)| {
        let port = port(index)?;
        Ok(match *name {
            "" => default_host(port),
            folder if folder.starts_with('/') => Host::Unix(folder.into(), port),
            name => Host::Tcp(name.to_owned(), port),
        })
    };
    names.iter().enumerate().map(host).collect()
}

/// Debian's socket where there is one, else localhost, as Debian's libpq does.
fn default_host(port: u16) -> Host {
    let folder = PathBuf::from("/var/run/postgresql");
    if folder.join(format!(".s.PGSQL.{port}")).exists() {
        Host::Unix(folder, port)
    } else {
        Host::Tcp("localhost".into(), port)
    }
}

fn parse(text: &str) -> Result<BTreeMap<String, String>, ParamsError> {
    let url = text
        .strip_prefix("postgres://")
        .or_else(|| text.strip_prefix("postgresql://"));
    let pairs = match url {
        Some(rest) => parse_url(rest)?,
        None => parse_keywords(text)?,
    };
    match pairs
        .keys()
        .find(|key| !KEYS.iter().any(|(known, _)| known == key))
    {
        Some(unknown) => Err(ParamsError::UnknownKey(unknown.clone())),
        None => Ok(pairs),
    }
}

fn parse_url(rest: &str) -> Result<BTreeMap<String, String>, ParamsError> {
    let decode = |text: &str| -> Result<String, ParamsError> {
        let decoded = percent_decode_str(text).decode_utf8();
        Ok(decoded
            .map_err(|_| ParamsError::Malformed("it is not UTF-8".into()))?
            .into_owned())
    };
    let mut pairs = BTreeMap::new();
    let mut set = |key: &str, value: &str| -> Result<(), ParamsError> {
        if !value.is_empty() {
            pairs.insert(key.to_owned(), decode(value)?);
        }
        Ok(())
    };
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = before.split_once('/').unwrap_or((before, ""));
    let (user_info, host_list) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    set("user", user)?;
    set("password", password)?;
    set("dbname", database)?;
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in host_list.split(',') {
        // A colon inside brackets belongs to an IPv6 address.
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port),
            _ => (host, ""),
        };
        names.push(name.trim_start_matches('[').trim_end_matches(']'));
        ports.push(port);
    }
    if names.iter().any(|name| !name.is_empty()) {
        set("host", &names.join(","))?;
    }
    if ports.iter().any(|port| !port.is_empty()) {
        set("port", &ports.join(","))?;
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| ParamsError::Malformed(format!("`{pair}` has no `=`")))?;
        set(&decode(key)?, value)?;
    }
    Ok(pairs)
}

/// `key=value key='value with \' quote'`.
fn parse_keywords(text: &str) -> Result<BTreeMap<String, String>, ParamsError> {
    let mut pairs = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').ok_or_else(|| {
            ParamsError::Malformed("it is neither a URL nor key=value pairs".into())
        })?;
        let after = after.trim_start();
        let quoted = after.starts_with('\'');
        let (mut value, mut end) = (String::new(), None);
        let mut chars = after.char_indices().skip(usize::from(quoted));
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => value.extend(chars.next().map(|(_, c)| c)),
                '\'' if quoted => {
                    end = Some(at + 1);
                    break;
                }
                c if !quoted && c.is_whitespace() => {
                    end = Some(at);
                    break;
                }
                c => value.push(c),
            }
        }
        if quoted && end.is_none() {
            return Err(ParamsError::Malformed(format!(
                "the quote of `{}` is open",
                key.trim()
            )));
        }
        pairs.insert(key.trim().to_owned(), value);
        rest = after[end.unwrap_or(after.len())..].trim_start();
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests;
