//! Settings of roles and databases never change what is read or what is loaded.

use crate::{
    bed::{Bed, params_as, run_into},
    consistency::{client, gated, two_tables, until},
};
use backup::{manifest::Manifest, restore::restore};
use local_postgres::compare::same_text;
use nightshift_runtime::Shutdown;
use std::sync::Arc;
use tokio::sync::Notify;

/// Each of these, set on a role, is known to change, cut or cancel a dump that does not guard itself.
const HOSTILE: [&str; 21] = [
    "search_path = 'public', 'decoy'",
    "DateStyle = 'SQL, DMY'",
    "IntervalStyle = 'sql_standard'",
    "extra_float_digits = -15",
    "bytea_output = 'escape'",
    "timezone = 'Asia/Kathmandu'",
    "client_encoding = 'LATIN1'",
    "row_security = on",
    "statement_timeout = '1s'",
    "lock_timeout = '1ms'",
    "idle_in_transaction_session_timeout = '1s'",
    "idle_session_timeout = '1s'",
    "default_transaction_read_only = on",
    "default_transaction_isolation = 'read committed'",
    "default_transaction_deferrable = on",
    "standard_conforming_strings = off",
    "backslash_quote = off",
    "quote_all_identifiers = on",
    "transform_null_equals = on",
    "xmloption = 'document'",
    "default_toast_compression = 'pglz'",
];

const OBJECTS: &str = r"
    CREATE SCHEMA decoy;
    CREATE TABLE values_of_many_kinds AS SELECT
        g AS id, date '2026-03-04' + g AS day, timestamptz '2026-03-04 05:06:07.123456+00' AS at,
        interval '-1 year 2 days -3:04:05.6' AS took, 0.1::float8 + g / 3.0::float8 AS exact, 1.1::float4 AS short,
        '\x00ff5c'::bytea AS bytes, 'Zoë' AS name, 'a\b' AS slashed
    FROM generate_series(1, 100) g;
    CREATE TABLE decoy.int4 (not_the_type int);
    CREATE FUNCTION decoy.lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''decoy''';
    CREATE INDEX ON values_of_many_kinds (lower(name));
    CREATE TABLE own_rows (a int, owner name); INSERT INTO own_rows VALUES (1, 'somebody');
    ALTER TABLE own_rows ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON own_rows USING (owner = current_user);
    CREATE ROLE hostile LOGIN SUPERUSER";

/// A read that has lasted longer than any of the time-outs.
const READ_FOR_LONG: &str = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
    WHERE application_name = 'nightshift backup' AND query LIKE '%COPY%first%' AND state = 'active'
      AND now() - query_start > '1.5 s')";

async fn hostile_settings_change_nothing(major: u32, settings: &[&str]) {
    let bed = Bed::empty(major);
    bed.server.psql("app", OBJECTS).unwrap();
    two_tables(&bed);
    let watcher = client(&bed, "postgres").await;
    let plain = bed.run("app").await.unwrap();

    for setting in HOSTILE.iter().chain(settings) {
        for whose in ["ROLE hostile", "DATABASE app"] {
            bed.server
                .psql("postgres", &format!("ALTER {whose} SET {setting}"))
                .unwrap();
        }
    }
    let mut options = bed.run_options("app");
    options.params = params_as(&bed.server, "hostile", "app");
    let gate = Arc::new(Notify::new());
    let (held, open) = gated(&gate);
    let (under_them, ()) = tokio::join!(run_into(&options, &held), async {
        until(&watcher, READ_FOR_LONG).await;
        gate.notify_one();
    });
    let under_them = under_them.unwrap();
    let rows = |m: &Manifest| {
        let rows = |t: &backup::manifest::Table| (t.qualified(), t.rows, t.fingerprint);
        m.tables.iter().map(rows).collect::<Vec<_>>()
    };
    assert_eq!(rows(&under_them), rows(&plain));

    // As the hostile role, too, everything comes back; the database was made by the restore, its settings were not.
    let mut options = bed.restore_options("copy");
    options.into = params_as(&bed.server, "hostile", "copy");
    let restored = restore(&under_them, open.store(), &options, &Shutdown::new()).await;
    let comparison = restored.unwrap().comparison.unwrap();
    assert_eq!(comparison.differences, Vec::<String>::new());
    bed.server
        .psql("postgres", "ALTER DATABASE app RESET ALL")
        .unwrap();
    let text = |database| bed.server.schema_and_data_text(database).unwrap();
    same_text(&text("app"), &text("copy")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_settings_of_role_and_database_change_nothing_on_15() {
    hostile_settings_change_nothing(15, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_settings_of_role_and_database_change_nothing_on_18() {
    hostile_settings_change_nothing(18, &["transaction_timeout = '1s'"]).await;
}
