//! Starting, stopping, crashing.

use anyhow::Result;
use local_postgres::{Builder, Error, Installation, LocalPostgres};
use std::{collections::HashSet, net::TcpListener, thread};

fn starts_and_leaves_nothing_behind(major: u32) -> Result<()> {
    let server = LocalPostgres::for_tests(major)?.start()?;
    let version = server.psql("postgres", "SHOW server_version_num")?;
    assert!(version.starts_with(&major.to_string()), "{version}");
    let folder = server.data_folder();
    assert!(folder.exists());
    drop(server);
    assert!(!folder.exists());
    Ok(())
}

#[test]
fn postgres_15_starts_answers_and_leaves_nothing_behind() -> Result<()> {
    starts_and_leaves_nothing_behind(15)
}

#[test]
fn postgres_18_starts_answers_and_leaves_nothing_behind() -> Result<()> {
    starts_and_leaves_nothing_behind(18)
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
fn both_urls_reach_the_server_whatever_the_database_is_called() -> Result<()> {
    let server = LocalPostgres::for_tests(18)?.start()?;
    let name = "a \"b\" c/d?e=%41&ü@:#";
    server.create_database(name)?;
    for url in [server.url(name), server.socket_url(name)] {
        let mut client = server.client("psql", "postgres")?;
        client
            .env_remove("PGHOST")
            .env_remove("PGPORT")
            .env_remove("PGUSER");
        let output = client
            .args(["-XAtc", "SELECT current_database()", &url])
            .output()?;
        assert_eq!(String::from_utf8(output.stdout)?.trim_end(), name, "{url}");
    }
    server.drop_database(name)?;
    Ok(())
}

#[test]
fn a_server_of_sockets_only_listens_nowhere_else() -> Result<()> {
    let server = LocalPostgres::for_tests(15)?.sockets_only().start()?;
    assert_eq!(server.psql("postgres", "SHOW listen_addresses")?, "");
    assert_eq!(server.url("postgres"), server.socket_url("postgres"));
    Ok(())
}

#[test]
fn settings_of_the_caller_win_over_ours() -> Result<()> {
    let value = r"it's 'quoted' \ %r";
    let server = LocalPostgres::for_tests(15)?
        .setting("fsync", "on")
        .setting("log_line_prefix", value)
        .start()?;
    assert_eq!(server.psql("postgres", "SHOW fsync")?, "on");
    assert_eq!(server.psql("postgres", "SHOW log_line_prefix")?, value);
    Ok(())
}

#[test]
fn a_server_that_cannot_start_shows_its_log() -> Result<()> {
    let error = LocalPostgres::for_tests(15)?
        .setting("work_mem", "plenty")
        .start()
        .unwrap_err();
    assert!(
        matches!(error, Error::EndedWhileStarting { .. }),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains("invalid value for parameter \"work_mem\""),
        "{error}"
    );
    Ok(())
}

#[test]
fn sql_that_fails_says_what_the_server_said() -> Result<()> {
    let server = LocalPostgres::for_tests(18)?.start()?;
    let error = server
        .psql("postgres", "SELECT 1;\nSELECT nonsense;")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("column \"nonsense\" does not exist"),
        "{error}"
    );
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
    assert!(matches!(
        server.psql("postgres", "SELECT 1"),
        Err(Error::Stopped)
    ));
    server.start_again()?;
    assert_eq!(server.psql("postgres", "SELECT sum(a) FROM t")?, "3");
    assert_eq!(server.port(), port);
    assert!(server.log()?.contains("was not properly shut down"));
    Ok(())
}

#[test]
fn a_port_that_was_taken_meanwhile_is_named() -> Result<()> {
    let mut server = LocalPostgres::for_tests(15)?.start()?;
    server.stop()?;
    let thief = TcpListener::bind(("127.0.0.1", server.port()))?;
    let error = server.start_again().unwrap_err().to_string();
    assert!(error.contains("Address already in use"), "{error}");
    drop(thief);
    server.start_again()?;
    Ok(())
}

#[test]
fn servers_that_start_at_the_same_time_do_not_meet() -> Result<()> {
    let starts: Vec<_> = (0..4)
        .map(|_| thread::spawn(|| LocalPostgres::for_tests(15).and_then(Builder::start)))
        .collect();
    let servers: Result<Vec<_>, _> = starts
        .into_iter()
        .map(|start| start.join().expect("no panic"))
        .collect();
    let servers = servers?;
    let ports: HashSet<_> = servers.iter().map(LocalPostgres::port).collect();
    assert_eq!(ports.len(), servers.len());
    for server in &servers {
        assert_eq!(server.psql("postgres", "SELECT 1")?, "1");
    }
    Ok(())
}
