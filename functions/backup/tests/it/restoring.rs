//! What a restore refuses, and how its errors are told.

use crate::{bed::Bed, program::run};
use backup::{Error, fingerprint::Fingerprint, repository::Level};

/// A backup of what `sql` makes.
async fn backed_up(sql: &str) -> (Bed, backup::manifest::Manifest) {
    let bed = Bed::empty(15);
    bed.server.psql("app", sql).unwrap();
    let manifest = bed.run("app").await.unwrap();
    (bed, manifest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_in_use_is_not_restored_into_unless_told_so() {
    let (bed, manifest) = backed_up("CREATE TABLE t AS SELECT 1 AS a").await;
    bed.server.create_database("used").unwrap();
    bed.server
        .psql("used", "CREATE TABLE other AS SELECT 2 AS b")
        .unwrap();
    let mut options = bed.restore_options("used");
    options.create = false;
    let error = bed.restore_with(&manifest, &options).await.unwrap_err();
    let line = error.one_line();
    assert!(
        line.contains("public.other") && line.contains("--into-used"),
        "{line}"
    );
    assert_eq!(
        bed.server.psql("used", "SELECT to_regclass('t')").unwrap(),
        "",
        "nothing was made"
    );

    options.into_used = true;
    bed.restore_with(&manifest, &options).await.unwrap();
    assert_eq!(
        bed.server
            .psql("used", "SELECT a, b FROM t, other")
            .unwrap(),
        "1|2"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_exists_is_not_made_again() {
    let (bed, manifest) = backed_up("CREATE TABLE t AS SELECT 1 AS a").await;
    let line = bed.restore(&manifest, "app").await.unwrap_err().one_line();
    assert!(
        line.contains("already exists") && line.contains("leave --create out"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_not_loaded_into_a_database_of_another_encoding() {
    let (bed, manifest) = backed_up("CREATE TABLE t AS SELECT 'Zoë' AS a").await;
    let sql = "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'";
    bed.server.psql("postgres", sql).unwrap();
    let mut options = bed.restore_options("latin");
    options.create = false;
    let line = bed
        .restore_with(&manifest, &options)
        .await
        .unwrap_err()
        .one_line();
    assert!(
        line.contains("UTF8") && line.contains("LATIN1") && line.contains("--create"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_not_there_is_named_with_two_ways_out_and_either_works() {
    let (bed, manifest) = backed_up(
        "CREATE ROLE clerk; CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t OWNER TO clerk; GRANT SELECT ON t TO clerk",
    )
    .await;
    bed.server
        .psql("app", "DROP OWNED BY clerk CASCADE; DROP ROLE clerk")
        .unwrap();
    let error = bed.restore(&manifest, "copy").await.unwrap_err();
    assert!(matches!(error, Error::RestoreErrors { .. }));
    let line = error.one_line();
    for part in [
        r#"role "clerk" does not exist"#,
        "globals.sql",
        "--no-owner",
    ] {
        assert!(line.contains(part), "{line}");
    }

    let mut options = bed.restore_options("without_owner");
    options.no_owner = true;
    bed.restore_with(&manifest, &options).await.unwrap();

    // As the backup's globals.sql would.
    bed.server.psql("postgres", "CREATE ROLE clerk").unwrap();
    bed.restore(&manifest, "with_role").await.unwrap();
}

/// An index over a function that finds its table by the search path works where it was made, and nowhere else.
const NEEDS_A_PATH: &str = "
    CREATE TABLE rates (code text, rate numeric); INSERT INTO rates VALUES ('a', 2);
    CREATE FUNCTION rate_of(text) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT rate FROM rates WHERE code = $1';
    CREATE TABLE t (code text); INSERT INTO t VALUES ('a');
    CREATE INDEX by_rate ON t (rate_of(code)); ALTER DATABASE app SET constraint_exclusion = on;
    CREATE STATISTICS spread ON (rate_of(code)), code FROM t; ALTER TABLE t ADD CHECK (rate_of('a') = 2)";

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_works_by_its_search_path_only_does_not_stop_a_run_and_is_found_by_a_drill()
{
    let (bed, manifest) = backed_up(NEEDS_A_PATH).await;
    assert_eq!(manifest.totals.rows, 2);
    let proof = bed.verify(&manifest, Level::Restore).await.unwrap();
    assert!(!proof.passed);
    let missing = r#"relation "rates" does not exist"#;
    assert!(proof.summary.contains(missing), "{}", proof.summary);
    let status = run(&mut bed.program(&["list"])).succeeded();
    assert!(status.stdout.contains("FAILED"), "{}", status.stdout);
    // A restore says so too, and is not taken for a success.
    let line = bed.restore(&manifest, "copy").await.unwrap_err().one_line();
    assert!(line.contains(missing), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_row_that_differs_is_found_by_its_tables_name() {
    let (bed, manifest) = backed_up(
        "CREATE TABLE same AS SELECT g AS a FROM generate_series(1, 100) g;
         CREATE TABLE other AS SELECT g AS a FROM generate_series(1, 100) g",
    )
    .await;
    // The manifest of a backup whose rows are not those it speaks of.
    let mut lying = manifest;
    let other = lying.tables.iter_mut().find(|t| t.name == "other").unwrap();
    other.fingerprint = Fingerprint::default();
    let restored = bed.restore(&lying, "copy").await;
    let differences = match restored {
        Ok(restored) => restored.comparison.unwrap().differences.join("; "),
        Err(error) => error.one_line(),
    };
    assert!(
        differences.contains("public.other") && !differences.contains("public.same"),
        "{differences}"
    );
}
