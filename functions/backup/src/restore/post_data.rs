//! `pg_restore` over chosen entries of the archive, and what its complaints mean.

use super::{
    Restore,
    archive::{Archive, Entry},
};
use crate::error::Error;
use std::{io::Write as _, path::Path};
use tempfile::NamedTempFile;

/// Complaints shown in an error.
const MOST_SHOWN: usize = 5;

/// What a run of `pg_restore` may take of the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// Its sessions.
    pub(super) jobs: usize,
    /// `maintenance_work_mem` of each, in bytes.
    pub(super) memory: u64,
}

/// Runs the entries and returns harmless complaints; any other is an error.
pub(super) async fn run(
    restore: &Restore<'_>,
    archive: &Archive,
    entries: &[&Entry],
    what: &str,
    share: Share,
) -> Result<Vec<String>, Error> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut list = NamedTempFile::new().map_err(Error::io("write a list for pg_restore"))?;
    for entry in entries {
        writeln!(list, "{}", entry.line).map_err(Error::io("write a list for pg_restore"))?;
    }
    let arguments = arguments(restore, archive, list.path(), share.jobs);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // kB, since a plain number would be read as kB as well.
    let memory = format!(
        "-c maintenance_work_mem={}kB -c synchronous_commit=off -c xmloption=content",
        share.memory / 1024
    );
    let ran = restore
        .tools
        .run_unchecked("pg_restore", &restore.server, &arguments, Some(&memory));
    let (output, failed) = ran.await?;
    let complaints = complaints(&output.stderr);
    let (harmless, serious): (Vec<_>, Vec<_>) =
        complaints.into_iter().partition(|c| is_harmless(c));
    if !serious.is_empty() {
        return Err(Error::RestoreErrors {
            what: what.to_owned(),
            errors: shown(serious),
        });
    }
    match failed {
        // It exits with 1 for the harmless ones too.
        Some(status) if harmless.is_empty() => Err(Error::RestoreErrors {
            what: what.to_owned(),
            errors: format!("{status}: {}", output.stderr.trim()),
        }),
        _ => Ok(harmless),
    }
}

fn arguments(restore: &Restore<'_>, archive: &Archive, list: &Path, jobs: usize) -> Vec<String> {
    let options = restore.options;
    let database = database_argument(&restore.server.params.database);
    let mut arguments = vec![
        format!("--dbname={database}"),
        format!("--use-list={}", list.display()),
    ];
    if jobs > 1 {
        arguments.push(format!("--jobs={jobs}"));
    }
    if options.no_owner {
        arguments.extend(["--no-owner".to_owned(), "--no-acl".to_owned()]);
    }
    if let Some(role) = &options.role {
        arguments.push(format!("--role={role}"));
    }
    arguments.push(archive.path().display().to_string());
    arguments
}

/// A name with `=` in it would be taken for connection parameters.
fn database_argument(name: &str) -> String {
    if name.contains('=') || name.contains("://") {
        format!(
            "dbname='{}'",
            name.replace('\\', "\\\\").replace('\'', "\\'")
        )
    } else {
        name.to_owned()
    }
}

fn shown(mut errors: Vec<String>) -> String {
    let more = errors.len().saturating_sub(MOST_SHOWN);
    errors.truncate(MOST_SHOWN);
    let shown = errors.join("; ");
    if more > 0 {
        format!("{shown}; and {more} more")
    } else {
        shown
    }
}

/// Each complaint of `pg_restore` with the entry it concerns, in one line.
fn complaints(stderr: &str) -> Vec<String> {
    let (mut entry, mut found) = (String::new(), Vec::new());
    for line in stderr.lines() {
        if let Some((_, rest)) = line.split_once("from TOC entry ") {
            rest.splitn(4, ' ')
                .nth(3)
                .unwrap_or(rest)
                .clone_into(&mut entry);
        } else if let Some(error) = line.strip_prefix("pg_restore: error: ") {
            let error = error
                .strip_prefix("could not execute query: ERROR:  ")
                .unwrap_or(error);
            let at = if entry.is_empty() {
                String::new()
            } else {
                format!("{entry}: ")
            };
            found.push(format!("{at}{error}"));
        }
    }
    found
}

/// What a managed server refuses without anything being lost: extensions there belong to its administrator.
fn is_harmless(complaint: &str) -> bool {
    let about_extension = complaint.contains("COMMENT EXTENSION")
        || complaint.contains("COMMENT - EXTENSION")
        || complaint.contains("must be owner of extension");
    about_extension && complaint.contains("must be owner")
        || complaint.contains("SCHEMA public") && complaint.contains("already exists")
        || complaint.contains("SCHEMA - public") && complaint.contains("already exists")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STDERR: &str = "\
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 3; 3079 16387 COMMENT EXTENSION hstore
pg_restore: error: could not execute query: ERROR:  must be owner of extension hstore
Command was: COMMENT ON EXTENSION hstore IS 'x';
pg_restore: from TOC entry 215; 1259 16400 TABLE orders owner
pg_restore: error: could not execute query: ERROR:  role \"owner\" does not exist
Command was: ALTER TABLE app.orders OWNER TO owner;
pg_restore: warning: errors ignored on restore: 2
";

    #[test]
    fn each_complaint_names_its_entry_and_only_ownership_of_extensions_is_harmless() {
        let found = complaints(STDERR);
        assert_eq!(found.len(), 2);
        assert!(is_harmless(&found[0]), "{}", found[0]);
        assert!(!is_harmless(&found[1]), "{}", found[1]);
        assert!(
            found[1].contains("TABLE orders owner: role \"owner\" does not exist"),
            "{}",
            found[1]
        );
    }

    #[test]
    fn a_database_name_is_never_read_as_parameters() {
        assert_eq!(database_argument("shop"), "shop");
        assert_eq!(database_argument("a=b'c"), "dbname='a=b\\'c'");
    }
}
