//! The server's release, the client programs' and the target's: which fit together.

use crate::{
    bed::{Bed, bin_dir, params},
    program::run,
};
use local_postgres::LocalPostgres;

#[tokio::test(flavor = "multi_thread")]
async fn client_programs_of_another_release_than_the_server_are_refused_before_anything_is_stored()
{
    let (older, newer) = (Bed::empty(15), LocalPostgres::for_tests(18).unwrap());
    let newer = newer.start().unwrap();
    newer.create_database("app").unwrap();
    for (server, programs) in [(&newer, &older.server), (&older.server, &newer)] {
        let mut options = older.run_options("app");
        options.params = params(server, "app");
        options.pg_bin_dir = Some(bin_dir(programs));
        let line = older.run_with(&options).await.unwrap_err().one_line();
        let wanted = server.installation().major();
        for part in ["pg_dump", &wanted.to_string()] {
            assert!(line.contains(part), "{line}");
        }
    }
    assert!(older.repository.survey().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_15_restores_into_18() {
    let bed = Bed::empty(15);
    bed.server
        .psql("app", "CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t SELECT g, md5(g::text) FROM generate_series(1, 1000) g")
        .unwrap();
    let manifest = bed.run("app").await.unwrap();
    let newer = LocalPostgres::for_tests(18).unwrap().start().unwrap();
    for programs in [bin_dir(&bed.server), bin_dir(&newer)] {
        let mut options = bed.restore_options("copy");
        options.into = params(&newer, "copy");
        options.pg_bin_dir = Some(programs);
        let restored = bed.restore_with(&manifest, &options).await.unwrap();
        assert_eq!(restored.comparison.unwrap().rows, 1000);
        newer.psql("postgres", "DROP DATABASE copy").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one value of 600 MB takes the server and the backup several GB of memory"]
async fn a_value_too_large_for_text_is_read_as_binary() {
    let bed = Bed::empty(15);
    let sql = "CREATE TABLE large (id int, bytes bytea); ALTER TABLE large ALTER bytes SET STORAGE EXTERNAL;
               INSERT INTO large SELECT 1, convert_to(repeat('nightshift', 60000000), 'UTF8')";
    bed.server.psql("app", sql).unwrap();
    let manifest = bed.run("app").await.unwrap();
    assert_eq!(manifest.totals.rows, 1);
    bed.restore(&manifest, "copy").await.unwrap();
    let length = "SELECT length(bytes) FROM large";
    assert_eq!(bed.server.psql("copy", length).unwrap(), "600000000");
    run(&mut bed.program(&["verify", "--level", "bytes"])).succeeded();
}
