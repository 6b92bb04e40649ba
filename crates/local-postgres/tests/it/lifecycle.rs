//! Starting, stopping, crashing.

use anyhow::Result;
use local_postgres::{Installation, LocalPostgres};

#[test]
fn a_server_starts_answers_and_leaves_nothing_behind() -> Result<()> {
    for major in [15, 18] {
        let server = LocalPostgres::for_tests(major)?.start()?;
        let version = server.psql("postgres", "SHOW server_version_num")?;
        assert!(version.starts_with(&major.to_string()), "{version}");
        let folder = server.data_folder();
        assert!(folder.exists());
        drop(server);
        assert!(!folder.exists());
    }
    Ok(())
}

#[test]
fn a_password_is_asked_for_unless_told_otherwise() -> Result<()> {
    let server = LocalPostgres::builder(Installation::for_tests(15)?).start()?;
    assert_eq!(server.psql("postgres", "SELECT 1")?, "1");
    let mut client = server.client("psql", "postgres")?;
    let output = client
        .env_remove("PGPASSFILE")
        .args(["-w", "-c", "SELECT 1"])
        .output()?;
    assert!(!output.status.success());
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("no password supplied"), "{complaint}");
    Ok(())
}

#[test]
fn committed_rows_survive_a_restart_and_a_crash() -> Result<()> {
    let mut server = LocalPostgres::for_tests(18)?.start()?;
    let port = server.port();
    server.psql(
        "postgres",
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1)",
    )?;
    server.restart()?;
    server.psql("postgres", "INSERT INTO t VALUES (2)")?;
    server.crash()?;
    assert!(server.psql("postgres", "SELECT 1").is_err());
    server.start_again()?;
    assert_eq!(server.psql("postgres", "SELECT sum(a) FROM t")?, "3");
    assert_eq!(server.port(), port);
    assert!(server.log()?.contains("was not properly shut down"));
    Ok(())
}
