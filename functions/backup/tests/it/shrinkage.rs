//! A backup of what should not have been backed up says so itself.

use crate::bed::Bed;

#[tokio::test]
async fn a_run_after_a_table_was_emptied_is_suspicious_and_one_after_growth_is_not() {
    let bed = Bed::empty(15);
    bed.server
        .psql(
            "app",
            "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id",
        )
        .unwrap();
    let first = bed.run("app").await.unwrap();
    assert!(first.suspicions.is_empty(), "{:?}", first.suspicions);
    bed.server
        .psql("app", "INSERT INTO orders SELECT generate_series(1, 1000)")
        .unwrap();
    let grown = bed.run("app").await.unwrap();
    assert!(grown.suspicions.is_empty(), "{:?}", grown.suspicions);
    bed.server
        .psql("app", "DELETE FROM orders WHERE id > 7")
        .unwrap();
    let shrunk = bed.run("app").await.unwrap();
    assert_eq!(
        shrunk.suspicions[0],
        "it has 14 rows, the backups before it 2000"
    );
    // What is suspicious is no measure for what comes after it.
    let again = bed.run("app").await.unwrap();
    assert!(!again.suspicions.is_empty());
}

#[tokio::test]
async fn a_database_that_was_made_anew_under_the_same_name_is_suspicious() {
    let bed = Bed::empty(15);
    let fill = "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id";
    bed.server.psql("app", fill).unwrap();
    bed.run("app").await.unwrap();
    bed.server
        .psql("postgres", "DROP DATABASE app WITH (FORCE)")
        .unwrap();
    bed.server.create_database("app").unwrap();
    bed.server.psql("app", fill).unwrap();
    let anew = bed.run("app").await.unwrap();
    assert!(
        anew.suspicions[0].contains("another database"),
        "{:?}",
        anew.suspicions
    );
}

#[tokio::test]
async fn an_empty_database_is_suspicious_from_the_first_run_on() {
    let bed = Bed::empty(15);
    let manifest = bed.run("app").await.unwrap();
    assert_eq!(manifest.suspicions, ["it has no user table"]);
}
