//! What the role may not read is named before the first byte is read, all of it at once.

use crate::{
    bed::{Bed, params_as},
    program::run,
};
use backup::{Error, manifest::Manifest};

/// A table that may be read, one that may not, one whose rows a policy hides, and things that are not tables.
const OBJECTS: &str = r#"
    CREATE ROLE backup LOGIN;
    CREATE SCHEMA "Mixed Case";
    GRANT USAGE ON SCHEMA "Mixed Case" TO backup;
    CREATE TABLE open (id serial, a int); INSERT INTO open (a) VALUES (1), (2);
    GRANT SELECT ON open TO backup; GRANT SELECT ON open_id_seq TO backup;
    CREATE TABLE shut (a int); INSERT INTO shut VALUES (3);
    CREATE TABLE "Mixed Case"."shut too" (a int);
    CREATE SEQUENCE counted_in_secret;
    CREATE TABLE hidden (a int, owner name); INSERT INTO hidden VALUES (4, 'somebody');
    GRANT SELECT ON hidden TO backup;
    ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON hidden USING (owner = current_user);
    SELECT lo_from_bytea(4711, 'large');
"#;

fn bed() -> Bed {
    let bed = Bed::empty(15);
    bed.server.psql("app", OBJECTS).unwrap();
    bed
}

async fn run_as_backup(bed: &Bed) -> Result<Manifest, Error> {
    let mut options = bed.run_options("app");
    options.params = params_as(&bed.server, "backup", "app");
    bed.run_with(&options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_missing_right_is_named_at_once_with_the_statement_that_gives_it() {
    let bed = bed();
    let url = bed.server.socket_url("app").replace("postgres@", "backup@");
    let wanted = [
        "the role backup",
        r#"GRANT SELECT ON "public"."shut" TO"#,
        r#"GRANT SELECT ON "Mixed Case"."shut too" TO"#,
        r#"GRANT SELECT ON SEQUENCE "public"."counted_in_secret" TO"#,
        "public.hidden has row security",
        "1 large objects (GRANT",
        "next: ",
    ];
    let ran = run(&mut bed.program(&["run", "--from", &url])).failed(1, &wanted);
    assert!(!ran.stderr.contains("public.open "), "{}", ran.stderr);
    let checked = run(bed
        .program(&["check", "--from", &url])
        .arg("--pg-bin-dir")
        .arg(crate::bed::bin_dir(&bed.server)));
    assert_eq!(checked.code, Some(1));
    for right in &wanted[1..6] {
        assert!(checked.stdout.contains(right), "{}", checked.stdout);
    }
    let objects = std::fs::read_dir(bed.folder.path().join("backups"));
    assert!(objects.is_err(), "nothing was stored");

    // The statements are right: with them, and without the policy's shadow, it works.
    bed.server
        .psql(
            "app",
            r#"GRANT SELECT ON "public"."shut" TO backup; GRANT SELECT ON "Mixed Case"."shut too" TO backup;
               GRANT SELECT ON SEQUENCE "public"."counted_in_secret" TO backup;
               ALTER ROLE backup BYPASSRLS; GRANT SELECT ON pg_catalog.pg_largeobject TO backup"#,
        )
        .unwrap();
    let manifest = run_as_backup(&bed).await.unwrap();
    assert_eq!(manifest.totals.rows, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_read_all_data_reads_large_objects_too_but_never_past_a_policy() {
    let bed = bed();
    bed.server
        .psql("app", "GRANT pg_read_all_data TO backup")
        .unwrap();
    let error = run_as_backup(&bed).await.unwrap_err().one_line();
    assert!(error.contains("public.hidden has row security"), "{error}");
    assert!(!error.contains("GRANT SELECT"), "{error}");

    bed.server
        .psql("app", "ALTER ROLE backup BYPASSRLS")
        .unwrap();
    let manifest = run_as_backup(&bed).await.unwrap();
    assert_eq!(manifest.totals.rows, 4);
    bed.restore(&manifest, "copy").await.unwrap();
    let large = "SELECT convert_from(lo_get(4711), 'UTF8')";
    assert_eq!(bed.server.psql("copy", large).unwrap(), "large");
    assert_eq!(
        bed.server.psql("copy", "SELECT a FROM hidden").unwrap(),
        "4"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_on_purpose_is_in_the_manifest_and_in_the_result() {
    let bed = Bed::empty(15);
    let sql = "CREATE ROLE backup LOGIN; CREATE TABLE open (a int); GRANT SELECT ON open TO backup;
               CREATE TABLE shut (a serial); INSERT INTO shut VALUES (1)";
    bed.server.psql("app", sql).unwrap();
    let mut options = bed.run_options("app");
    options.params = params_as(&bed.server, "backup", "app");
    options.snapshot.allowances.skip_unreadable = vec!["public.shut".into()];
    let manifest = bed.run_with(&options).await.unwrap();
    assert_eq!(manifest.skipped.len(), 1);
    assert_eq!(manifest.skipped[0].what, "table public.shut");
    bed.restore(&manifest, "copy").await.unwrap();
    let tables = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
                  WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(bed.server.psql("copy", tables).unwrap(), "open");
    let shown = run(&mut bed.program(&["show", "latest"])).succeeded();
    assert!(
        shown.stdout.contains("table public.shut"),
        "{}",
        shown.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_may_not_be_used_is_named_too() {
    let bed = Bed::empty(15);
    let sql = "CREATE ROLE backup LOGIN; CREATE SCHEMA closed; CREATE TABLE closed.t (a int);
               GRANT SELECT ON closed.t TO backup";
    bed.server.psql("app", sql).unwrap();
    let error = run_as_backup(&bed).await.unwrap_err().one_line();
    assert!(
        error.contains(r#"GRANT USAGE ON SCHEMA "closed" TO "backup""#),
        "{error}"
    );
    bed.server
        .psql("app", "GRANT USAGE ON SCHEMA closed TO backup")
        .unwrap();
    run_as_backup(&bed).await.unwrap();
}
