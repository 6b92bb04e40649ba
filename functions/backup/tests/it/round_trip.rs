//! What comes back is what went in.

use crate::bed::Bed;
use backup::repository::Level;
use local_postgres::{compare::same_text, fixtures};

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
