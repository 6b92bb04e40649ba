//! A server that follows another.

use anyhow::Result;
use local_postgres::LocalPostgres;

#[test]
fn a_standby_shows_what_its_primary_commits_and_refuses_to_write() -> Result<()> {
    let primary = LocalPostgres::for_tests(18)?.start()?;
    let standby = primary.standby()?;
    primary.psql("postgres", "CREATE TABLE t AS SELECT 7 AS a")?;
    standby.wait_until("postgres", "SELECT to_regclass('t') IS NOT NULL")?;
    assert_eq!(
        standby.psql("postgres", "SELECT a, pg_is_in_recovery() FROM t")?,
        "7|t"
    );
    let error = standby
        .psql("postgres", "INSERT INTO t VALUES (8)")
        .unwrap_err()
        .to_string();
    assert!(error.contains("read-only transaction"), "{error}");
    Ok(())
}
