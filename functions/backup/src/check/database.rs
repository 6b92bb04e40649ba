//! Whether the database can be reached and read whole, and whether the tools fit it.

use super::{Check, Outcome};
use crate::{
    config::Config,
    error::Error,
    pg_tools::PgTools,
    preflight::{PreflightError, Verdict},
    snapshot::{self, Observed, Rehearsal},
    source::{catalog::ServerFacts, session::Server},
};
use nightshift_runtime::report::{bytes, count};
use tokio_postgres::Client;

/// A table above this that cannot be split keeps one session busy for minutes.
const LARGE: u64 = 10_000_000_000;
/// How many of the largest tables are named.
const NAMED: usize = 3;

pub(super) async fn check(config: &Config) -> Vec<Check> {
    // That the parameters can be read was looked at with the configuration.
    let Ok(params) = config.connect_params() else {
        return Vec::new();
    };
    let (server, client) = match Server::find(&params).await {
        Ok(found) => found,
        Err(error) => return vec![Check::fail("database", &error.into())],
    };
    let options = config.snapshot_options();
    match snapshot::rehearse(&server, &client, &options).await {
        Err(error) => vec![Check::fail("database", &error)],
        Ok(Rehearsal {
            facts,
            observed,
            measured,
        }) => {
            let mut checks = vec![server_check(&server, &facts)];
            checks.push(tools(config, &facts).await);
            let verdict = observed.judge(&params.user, &facts, &options.allowances);
            checks.extend(rights(verdict, &observed));
            checks.push(locks(&observed));
            checks.push(tables(&observed, measured));
            checks.push(sessions(config, &client).await);
            checks
        }
    }
}

fn server_check(server: &Server, facts: &ServerFacts) -> Check {
    let source = &facts.source;
    let kind = if source.standby { "standby" } else { "server" };
    let found = format!(
        "{}: PostgreSQL {} {kind}, {}",
        server.params, source.server_version, source.encoding
    );
    if source.system_identifier.is_some() {
        return Check::ok("database", found);
    }
    Check::warn(
        "database",
        format!("{found}; which cluster it is cannot be told"),
        "GRANT EXECUTE ON FUNCTION pg_control_system() TO the role, so that a fresh server behind the same name is noticed",
    )
}

async fn tools(config: &Config, facts: &ServerFacts) -> Check {
    let folder = config.source.pg_bin_dir.as_deref();
    match PgTools::find(facts.source.major(), folder).await {
        Ok(tools) => Check::ok("tools", format!("pg_dump {}", tools.version)),
        Err(error) => Check::fail("tools", &error.into()),
    }
}

/// One line for each missing right, so that none hides behind another.
fn rights(verdict: Result<Verdict, PreflightError>, observed: &Observed) -> Vec<Check> {
    let name = "rights";
    match verdict {
        Err(PreflightError::Rights { missing, .. }) => missing
            .into_iter()
            .map(|missing| Check::new(name, Outcome::Fail, missing, None))
            .collect(),
        Err(error) => vec![Check::fail(name, &error.into())],
        Ok(verdict) => {
            let mut checks = vec![Check::ok(
                name,
                format!(
                    "{} tables, {} sequences and {} large objects can be read",
                    count((observed.relations.len() - verdict.skip.len()) as u64),
                    count(observed.sequences.len() as u64),
                    count(observed.large_objects.count)
                ),
            )];
            checks.extend(verdict.skipped.into_iter().map(|skipped| {
                let found = format!("left out: {}: {}", skipped.what, skipped.why);
                Check::new(name, Outcome::Warn, found, None)
            }));
            checks
        }
    }
}

fn locks(observed: &Observed) -> Check {
    let tables = i64::try_from(observed.relations.len()).unwrap_or(i64::MAX);
    let found = format!(
        "{tables} tables to lock, {} slots in the lock table",
        observed.lock_slots
    );
    if tables > observed.lock_slots / 2 {
        return Check::warn("locks", found, "raise max_locks_per_transaction");
    }
    Check::ok("locks", found)
}

/// The largest tables: what a run will spend its time on.
fn tables(observed: &Observed, measured: bool) -> Check {
    if !measured {
        return Check::warn(
            "tables",
            "their sizes are not known: somebody holds an exclusive lock",
            "see pg_locks; a run waits as long as run.lock_timeout says",
        );
    }
    let mut largest: Vec<_> = observed.relations.iter().collect();
    largest.sort_by_key(|relation| std::cmp::Reverse(relation.bytes));
    let total: u64 = largest.iter().map(|relation| relation.bytes).sum();
    let named: Vec<_> = largest
        .iter()
        .take(NAMED)
        .map(|relation| format!("{} {}", relation.name, bytes(relation.bytes)))
        .collect();
    let found = format!("{} in all; largest: {}", bytes(total), named.join(", "));
    if observed.prepared_transactions > 0 {
        return Check::warn(
            "tables",
            format!(
                "{found}; {} prepared transactions are pending, and their rows would not be in a backup",
                observed.prepared_transactions
            ),
            "commit or roll them back (pg_prepared_xacts)",
        );
    }
    let whole = largest
        .iter()
        .find(|relation| !relation.heap && relation.bytes > LARGE);
    match (whole, largest.is_empty()) {
        (Some(table), _) => Check::warn(
            "tables",
            format!(
                "{found}; {} is no heap and is read by one session",
                table.name
            ),
            "expect the run to take as long as this table",
        ),
        (None, true) => Check::warn(
            "tables",
            "there are none",
            "make sure that this is the database you mean",
        ),
        (None, false) => Check::ok("tables", found),
    }
}

/// A run opens a session for each worker beside those of the leader and `pg_dump`.
async fn sessions(config: &Config, client: &Client) -> Check {
    let sql = "SELECT pg_catalog.current_setting('max_connections')::int8
                 - pg_catalog.current_setting('superuser_reserved_connections')::int8
                 - (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend')";
    let free: i64 = match client.query_one(sql, &[]).await {
        Ok(row) => row.get(0),
        Err(error) => {
            return Check::fail("sessions", &Error::database("count free sessions")(error));
        }
    };
    // Leader, lock watch, pg_dump, pg_dumpall.
    let wanted = i64::try_from(config.run.workers)
        .unwrap_or(i64::MAX)
        .saturating_add(4);
    let found = format!("a run opens up to {wanted}, {free} are free");
    if free < wanted {
        return Check::warn(
            "sessions",
            found,
            "lower run.workers, or raise max_connections",
        );
    }
    Check::ok("sessions", found)
}
