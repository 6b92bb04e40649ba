//! libpq's password file: `host:port:database:user:password` a line, `*` for any, `\` before `:` and `\`.

use super::params::{ConnectParams, Host};
use secrecy::SecretString;
use std::{os::unix::fs::PermissionsExt, path::PathBuf};

/// The password for `params` from `file`, or from `~/.pgpass`.
///
/// As in libpq a file that others can read is left alone, with a warning.
pub(super) fn find(
    params: &ConnectParams,
    file: Option<PathBuf>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Option<SecretString> {
    let file = file.or_else(|| env("HOME").map(|home| PathBuf::from(home).join(".pgpass")))?;
    let text = std::fs::read_to_string(&file).ok()?;
    let mode = std::fs::metadata(&file).ok()?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(file = %file.display(), "the password file is ignored: others can read it; chmod 600");
        return None;
    }
    let (host, port) = match params.hosts.first()? {
        Host::Tcp(host, port) => (host.clone(), *port),
        // libpq looks a unix socket up under `localhost`.
        Host::Unix(folder, port) => {
            let folder = folder.display().to_string();
            let default = folder == "/var/run/postgresql" || folder == "/tmp";
            (
                if default {
                    "localhost".to_owned()
                } else {
                    folder
                },
                *port,
            )
        }
    };
    let wanted = [
        host,
        port.to_string(),
        params.database.clone(),
        params.user.clone(),
    ];
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| password(line, &wanted))
}

fn password(line: &str, wanted: &[String; 4]) -> Option<SecretString> {
    let mut fields = fields(line);
    let password = fields.get_mut(4).map(std::mem::take)?;
    let matches = |(field, wanted): (&String, &String)| field == "*" || field == wanted;
    fields
        .iter()
        .zip(wanted)
        .all(matches)
        .then(|| password.into())
}

fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let complete = fields.len() == 5;
        match (c, fields.last_mut()) {
            (':', _) if !complete => fields.push(String::new()),
            ('\\', Some(field)) => field.extend(chars.next()),
            (c, Some(field)) => field.push(c),
            (_, None) => {}
        }
    }
    fields
}

/// A line of a password file that matches everything: how a child process gets the password without seeing it in its
/// arguments or environment.
pub(crate) fn wildcard_line(password: &str) -> String {
    format!(
        "*:*:*:*:{}\n",
        password.replace('\\', "\\\\").replace(':', "\\:")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn the_first_matching_line_wins_and_escapes_are_undone() {
        let wanted = ["db", "5432", "shop", "ann"].map(ToOwned::to_owned);
        let found = |line| password(line, &wanted).map(|p| p.expose_secret().to_owned());
        assert_eq!(found("db:5432:*:ann:a\\:b\\\\c").as_deref(), Some("a:b\\c"));
        assert_eq!(found("other:*:*:*:x"), None);
        assert_eq!(found("db:5432"), None);
        let line = wildcard_line("p:w\\d");
        assert_eq!(found(line.trim_end()).as_deref(), Some("p:w\\d"));
    }
}
