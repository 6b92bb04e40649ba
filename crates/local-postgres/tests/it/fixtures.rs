//! The fixture databases, and that their comparison finds what it should.

use anyhow::Result;
use local_postgres::{LocalPostgres, compare::same_text, fixtures};

/// Makes the fixture, and prints on one line each what this server cannot hold.
fn every_kind_of_object(server: &LocalPostgres) -> Result<()> {
    for part in fixtures::every_kind_of_object(server, "kinds")? {
        println!("left out {}: {}", part.topic, part.because);
    }
    Ok(())
}

/// Copies a database with PostgreSQL's own tools.
fn copy_by_dump_and_psql(server: &LocalPostgres, from: &str, to: &str) -> Result<()> {
    let dump = server.client("pg_dump", from)?.output()?;
    anyhow::ensure!(
        dump.status.success(),
        "{}",
        String::from_utf8_lossy(&dump.stderr)
    );
    server.create_database(to)?;
    server.psql(to, &String::from_utf8(dump.stdout)?)?;
    Ok(())
}

fn holds_every_kind_of_object(major: u32) -> Result<()> {
    let server = fixtures::server(major)?.start()?;
    every_kind_of_object(&server)?;
    copy_by_dump_and_psql(&server, "kinds", "copy")?;
    let source = server.schema_and_data_text("kinds")?;
    same_text(&source, &server.schema_and_data_text("copy")?)?;

    server.psql(
        "copy",
        "UPDATE kinds.generated SET width = 77 WHERE id = 13",
    )?;
    let difference = same_text(&source, &server.schema_and_data_text("copy")?).unwrap_err();
    assert!(
        difference
            .to_string()
            .contains("in generated; Type: TABLE DATA"),
        "{difference}"
    );
    Ok(())
}

#[test]
fn postgres_15_holds_every_kind_of_object_and_a_copy_is_the_same_text() -> Result<()> {
    holds_every_kind_of_object(15)
}

#[test]
fn postgres_18_holds_every_kind_of_object_and_a_copy_is_the_same_text() -> Result<()> {
    holds_every_kind_of_object(18)
}

#[test]
fn the_shop_is_believable_and_grows_with_its_scale() -> Result<()> {
    let server = LocalPostgres::for_tests(15)?.start()?;
    let orders = |database: &str| server.psql(database, "SELECT count(*) FROM shop.orders");
    fixtures::believable_shop(&server, "small", 1)?;
    fixtures::believable_shop(&server, "bigger", 2)?;
    assert_eq!(orders("small")?, "5000");
    assert_eq!(orders("bigger")?, "10000");
    Ok(())
}

#[test]
fn pgbench_tables_are_made() -> Result<()> {
    let server = LocalPostgres::for_tests(15)?.start()?;
    fixtures::pgbench(&server, "bank", 1)?;
    assert_eq!(
        server.psql("bank", "SELECT count(*) FROM pgbench_accounts")?,
        "100000"
    );
    Ok(())
}
