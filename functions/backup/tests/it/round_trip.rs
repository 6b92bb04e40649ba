//! What comes back is what went in.

use crate::bed::Bed;
use backup::repository::Level;
use local_postgres::{compare::same_text, fixtures};

/// Tables that have rows, and columns of which none has statistics. Only base types: those of others may lack a comparison.
const WITHOUT_STATISTICS: &str = "
    SELECT c.oid::regclass FROM pg_class c
    WHERE c.relkind IN ('r', 'p', 'm') AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
      AND c.reltuples <> 0 AND (c.relkind <> 'p' OR c.relhassubclass)
      AND EXISTS (SELECT FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.atttypid = 'int'::regtype AND a.attgenerated <> 'v')
      AND NOT EXISTS (SELECT FROM pg_statistic s WHERE s.starelid = c.oid)
    UNION ALL
    SELECT stxname::text::regclass FROM pg_statistic_ext x
    WHERE NOT EXISTS (SELECT FROM pg_statistic_ext_data d WHERE d.stxoid = x.oid)";

async fn every_kind_of_object_comes_back(major: u32) {
    let bed = Bed::new(fixtures::server(major).unwrap().start().unwrap());
    fixtures::every_kind_of_object(&bed.server, "app").unwrap();

    let manifest = bed.run("app").await.unwrap();
    let restored = bed.restore(&manifest, "copy").await.unwrap();

    let comparison = restored.comparison.unwrap();
    assert_eq!(comparison.differences, Vec::<String>::new());
    assert_eq!(comparison.rows, manifest.totals.rows);
    let text = |database| bed.server.schema_and_data_text(database).unwrap();
    same_text(&text("app"), &text("copy")).unwrap();
    let left_out = bed.server.psql("copy", WITHOUT_STATISTICS).unwrap();
    assert_eq!(left_out.trim(), "");
    for level in [Level::Objects, Level::Bytes] {
        let proof = bed.verify(&manifest, level).await.unwrap();
        assert!(proof.passed, "{}", proof.summary);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_object_comes_back_on_15() {
    every_kind_of_object_comes_back(15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_object_comes_back_on_18() {
    every_kind_of_object_comes_back(18).await;
}
