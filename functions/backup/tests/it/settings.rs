//! Settings of roles and databases never change what is read or what is loaded.

use crate::bed::{Bed, params_as};
use local_postgres::compare::same_text;

/// Each of these, set on a role, is known to change, cut or cancel a dump that does not guard itself.
const HOSTILE: [&str; 22] = [
    "search_path = 'public', 'decoy'",
    "DateStyle = 'SQL, DMY'",
    "IntervalStyle = 'sql_standard'",
    "extra_float_digits = -15",
    "bytea_output = 'escape'",
    "timezone = 'Asia/Kathmandu'",
    "client_encoding = 'LATIN1'",
    "row_security = on",
    "statement_timeout = '1ms'",
    "lock_timeout = '1ms'",
    "idle_in_transaction_session_timeout = '1ms'",
    "idle_session_timeout = '300ms'",
    "default_transaction_read_only = on",
    "default_transaction_isolation = 'read committed'",
    "default_transaction_deferrable = on",
    "standard_conforming_strings = off",
    "backslash_quote = off",
    "quote_all_identifiers = on",
    "transform_null_equals = on",
    "xmloption = 'document'",
    "lc_messages = 'de_DE.UTF-8'",
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

async fn hostile_settings_change_nothing(major: u32, settings: &[&str]) {
    let bed = Bed::empty(major);
    bed.server.psql("app", OBJECTS).unwrap();
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
    let under_them = bed.run_with(&options).await.unwrap();
    let rows = |m: &backup::manifest::Manifest| {
        m.tables
            .iter()
            .map(|t| (t.qualified(), t.rows, t.fingerprint))
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&under_them), rows(&plain));

    // As the hostile role, too, everything comes back; the database was made by the restore, its settings were not.
    let mut options = bed.restore_options("copy");
    options.into = params_as(&bed.server, "hostile", "copy");
    let restored = bed.restore_with(&under_them, &options).await.unwrap();
    assert_eq!(
        restored.comparison.unwrap().differences,
        Vec::<String>::new()
    );
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
    hostile_settings_change_nothing(18, &["transaction_timeout = '1ms'"]).await;
}
