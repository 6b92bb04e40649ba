//! How an error is put to a person: the whole chain in one line, without saying anything twice, and what to do next.

use super::Error;
use crate::{
    manifest::ManifestError,
    preflight::PreflightError,
    source::{session::ConnectError, wire::WireError},
    store::StoreError,
};

/// What tokio-postgres says around the error that says more.
const EMPTY_WORDS: [&str; 2] = ["db error", "error connecting to server"];

impl Error {
    /// What to do next, in one sentence.
    pub fn advice(&self) -> Option<&'static str> {
        let known = self.sqlstate().and_then(advice_for);
        if let Some(advice) = known.or_else(|| self.advice_for_the_process()) {
            return Some(advice);
        }
        Some(match self {
            Self::Wire {
                source: WireError::Connect { .. } | WireError::Io(_),
                ..
            } => "look at the server's log for why it went away, and run again when it is back",
            Self::Config(_) => {
                "correct it, then see that `backup check --offline` reads it; the README lists every key"
            }
            Self::Connect(error) => return error.advice(),
            Self::Preflight(error) => return error.advice(),
            Self::NeverStill { .. } => "run again outside the job that truncates or rewrites them",
            Self::SnapshotLost(_) => {
                "run again: a new backup gets a new snapshot; if it was a standby that took it away, set hot_standby_feedback = on there or raise max_standby_streaming_delay"
            }
            Self::LeaderFailed(_) => "mend what stopped task 0; nothing of this run counts",
            Self::GaveWay(_) => "run again later, or set on_blocked_ddl = \"wait\"",
            Self::Store(error) => return error.advice(),
            Self::Manifest { source, .. } => source.advice(),
            Self::NoSuchBackup { .. } => "`backup list` shows those that are there",
            Self::NoBackup(_) => "make one with `backup run`",
            Self::LeaseLost => "run again; if it happens again, find out what held this process up",
            Self::Busy { .. } => {
                "run again when it is done; should it be dead, its lease ends by itself at that time"
            }
            Self::RestoreErrors { errors, .. }
                if errors.contains("role") && errors.contains("does not exist") =>
            {
                "create the roles first (globals.sql of the backup has them), or restore with --no-owner"
            }
            Self::RestoreErrors { .. } => "drop the database, mend the cause, and restore again",
            Self::OutOfBounds { next, .. } => next,
            Self::NotReady(_) => "mend what the table calls FAIL, then check again",
            Self::Refuted { .. } | Self::Mismatch(_) => {
                "keep the backup for examination and rely on another one"
            }
            Self::PruneBlocked(why) if why.contains("max_delete_ratio") => {
                "see `backup prune --dry-run`; if all of that is to go, set retention.max_delete_ratio = 1.0 for one prune"
            }
            Self::PruneBlocked(_) => {
                "look at the backup with `backup show ID`, then `backup prune --accept ID`, or make a good one"
            }
            Self::Suspicious { .. } => {
                "nothing will be pruned until you look: `backup show` it, then `backup prune --accept ID`"
            }
            _ => return None,
        })
    }

    fn advice_for_the_process(&self) -> Option<&'static str> {
        Some(match self {
            Self::Stopped => "run again when there is time for it",
            Self::Auth(_) => "`backup serve --help` shows how callers are told apart",
            Self::Serve(_) => "choose another address with --listen",
            Self::Pull(_) => {
                "check that the subscription exists, and that this identity has roles/pubsub.subscriber on it"
            }
            _ => return None,
        })
    }

    /// The whole chain in one line, with the advice at the end.
    pub fn one_line(&self) -> String {
        let line = self.chain();
        match self.advice() {
            Some(advice) => format!("{line}; next: {advice}"),
            None => line,
        }
    }

    /// The whole chain in one line.
    pub fn chain(&self) -> String {
        chain(self)
    }
}

impl ConnectError {
    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Refused { source, .. } if source.to_string().contains("TLS") => {
                Some("check the server's certificate and ssl setting, or choose another sslmode")
            }
            Self::Refused { .. } => Some(
                "check host, port and firewall; on Cloud Run, that the Cloud SQL instance is attached",
            ),
            Self::Tls(_) => None,
        }
    }
}

impl PreflightError {
    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Rights { .. } => Some(
                "give the rights that are missing (membership in pg_read_all_data holds most of them), then see that \
                 `backup check` is content",
            ),
            Self::Lag { .. } => Some("run again when it has caught up, or raise max_replica_lag"),
            Self::Pooler | Self::Distributed(_) => None,
        }
    }
}

impl ManifestError {
    fn advice(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "read it with the newer version of this program that wrote it",
            _ => "do not rely on this backup: use another one of `backup list`",
        }
    }
}

impl StoreError {
    fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoFolder(_) => "create it, or correct the target",
            Self::NoBucket(_) => {
                "correct the target, or create the bucket; `gcloud storage buckets list` shows those that are there"
            }
            Self::NotFound(_) => {
                "`backup verify --level objects` lists what is missing; restore an older backup"
            }
            Self::Damaged { .. } => {
                "do not rely on this backup: restore an older one, and make a new one"
            }
            Self::Failed { .. } if self.is_full() => {
                "make room there, or choose another target; `backup prune` deletes what this run has left"
            }
            Self::Failed { .. } if self.is_out_of_order() => {
                "run again when the store answers again; nothing is wrong with this program's set-up"
            }
            Self::Failed { .. } if self.is_forbidden() => {
                "let this identity list, read and write there"
            }
            Self::Failed { .. } => {
                "check that the bucket or folder exists and that this identity may use it"
            }
            Self::Google(_) | Self::Exists(_) | Self::Protected { .. } => return None,
        })
    }
}

/// Errors differ in whether they repeat their source's words: whatever an outer one has said already is left out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut line = String::new();
    for error in std::iter::successors(Some(error), |error| error.source()) {
        let text = error.to_string();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if EMPTY_WORDS.contains(&text.as_str()) || line.contains(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&text);
    }
    line
}

fn advice_for(sqlstate: &str) -> Option<&'static str> {
    Some(match sqlstate {
        "28P01" | "28000" => {
            "check the role and its password (PGPASSFILE, PGPASSWORD or --password-file) and pg_hba.conf"
        }
        "3D000" => "check the database's name",
        "42P04" => "choose another name, or leave --create out to fill the database that is there",
        "42501" => "grant the missing right; `backup check` lists all that are missing",
        "53100" | "53200" | "53300" => "the server is out of room: free some, then run again",
        "55P03" => {
            "somebody holds an exclusive lock on a table for long; run again later, or raise lock_timeout"
        }
        "57P01" | "57P02" | "57P03" => {
            "the server was stopped or restarted; run again when it is back"
        }
        "40001" => {
            "a standby cancelled the read: set hot_standby_feedback = on there, or raise max_standby_streaming_delay"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fmt, io};

    #[derive(Debug)]
    struct Said(&'static str, Option<Box<Said>>);

    impl fmt::Display for Said {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Said {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            self.1.as_ref().map(|source| &**source as _)
        }
    }

    fn said(texts: &[&'static str]) -> Said {
        let mut texts = texts.iter().rev();
        let innermost = Said(texts.next().unwrap(), None);
        texts.fold(innermost, |source, text| Said(text, Some(Box::new(source))))
    }

    #[test]
    fn nothing_is_said_twice_and_nothing_empty_at_all() {
        let repeated = said(&["read x: it is gone", "read x: it is gone", "it is gone"]);
        assert_eq!(chain(&repeated), "read x: it is gone");
        let wrapped = said(&["log in", "db error", "FATAL: no"]);
        assert_eq!(chain(&wrapped), "log in: FATAL: no");
    }

    #[test]
    fn an_error_is_one_line_whatever_its_source_prints() {
        let page = io::Error::other("<html>\n  <body>\tno</body>\n</html>");
        let line = Error::io("write the result")(page).one_line();
        assert_eq!(line, "write the result: <html> <body> no</body> </html>");
    }

    #[test]
    fn the_advice_stands_at_the_end() {
        let line = Error::NoBackup("file:///b".into()).one_line();
        assert_eq!(
            line,
            "there is no complete backup in file:///b; next: make one with `backup run`"
        );
    }
}
