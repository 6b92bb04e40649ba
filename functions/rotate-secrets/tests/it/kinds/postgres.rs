//! Accounts of a Postgres server, the oldest and the newest that is supported.

use super::bed::{Bed, Result, field, on_both_servers, operation, postgres, server};
use rotate_secrets::{
    rotation::Overlap,
    target::{Probe, TargetError, Test},
};
use serde_json::json;
use std::time::Instant;

on_both_servers!(
    the_other_account_gets_a_new_password_and_the_old_one_stays_good_until_it_is_revoked
);

async fn the_other_account_gets_a_new_password_and_the_old_one_stays_good_until_it_is_revoked(
    major: u32,
) -> Result<()> {
    let bed = Bed::new(server(major)?)?;
    let target = postgres(bed.pair()).await?;
    let base = bed.first();
    assert_eq!(target.overlap(), Overlap::Both);
    assert_eq!(target.probe(&base).await, Probe::Works);

    let created = target.create(Some(&base), &operation()).await?;
    assert_eq!(field(&created.payload, "username"), "app_b");
    assert_eq!(field(&created.payload, "note"), "kept");
    assert_eq!(created.slot.map(|slot| slot.to_string()), Some("b".into()));
    let rejected = target.probe(&created.payload).await;
    assert!(matches!(rejected, Probe::Rejected { .. }), "{rejected:?}");

    // Twice, as after a lost answer.
    for _ in 0..2 {
        target.apply(&created.payload, &operation()).await?;
        assert_eq!(target.probe(&created.payload).await, Probe::Works);
    }
    assert_eq!(target.test(&created.payload).await?, Test::Passed);
    assert_eq!(target.probe(&base).await, Probe::Works);

    for _ in 0..2 {
        target.revoke(&base, &operation()).await?;
        let revoked = target.probe(&base).await;
        assert!(matches!(revoked, Probe::Rejected { .. }), "{revoked:?}");
    }
    assert_eq!(target.probe(&created.payload).await, Probe::Works);
    Ok(())
}

#[tokio::test]
async fn the_url_in_the_payload_logs_in_too() -> Result<()> {
    let bed = Bed::new(server(18)?)?;
    let mut config = bed.pair();
    config["password"] =
        json!({"password": {"alphabet": {"custom": "aB3@:/?#%&=+"}, "length": 40}});
    let target = postgres(config).await?;
    let created = target.create(Some(&bed.first()), &operation()).await?;
    target.apply(&created.payload, &operation()).await?;
    let url = field(&created.payload, "url");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let row = client.query_one("SELECT current_user::text", &[]).await?;
    assert_eq!(row.get::<_, &str>(0), "app_owner");
    Ok(())
}

on_both_servers!(one_account_has_a_window_in_which_the_old_password_is_refused);

async fn one_account_has_a_window_in_which_the_old_password_is_refused(major: u32) -> Result<()> {
    let bed = Bed::new(server(major)?)?;
    let target = postgres(bed.single()).await?;
    let base = "first".to_owned().into();
    assert_eq!(target.overlap(), Overlap::Single);
    assert!(!target.revokes());
    let created = target.create(Some(&base), &operation()).await?;
    let begun = Instant::now();
    target.apply(&created.payload, &operation()).await?;
    assert_eq!(target.probe(&created.payload).await, Probe::Works);
    assert_eq!(target.test(&created.payload).await?, Test::Passed);
    // For people: how long it may take says the machine, not the program.
    eprintln!(
        "Postgres {major}: {:?} from apply to proven",
        begun.elapsed()
    );
    let old = target.probe(&base).await;
    assert!(matches!(old, Probe::Rejected { .. }), "{old:?}");
    // And back, as an undo does it.
    target.apply(&base, &operation()).await?;
    assert_eq!(target.probe(&base).await, Probe::Works);
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_down_is_not_a_wrong_password() -> Result<()> {
    let mut bed = Bed::new(server(18)?)?;
    let target = postgres(bed.pair()).await?;
    let base = bed.first();
    bed.server.stop()?;
    let down = target.probe(&base).await;
    assert!(matches!(down, Probe::Unreachable { .. }), "{down:?}");
    let applied = target.apply(&base, &operation()).await;
    assert!(
        matches!(applied, Err(TargetError::Unreachable(_))),
        "{applied:?}"
    );
    let tested = target.test(&base).await;
    assert!(
        matches!(tested, Err(TargetError::Unreachable(_))),
        "{tested:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_full_server_is_not_a_wrong_password() -> Result<()> {
    let bed = Bed::new(server(15)?)?;
    bed.sql("ALTER ROLE app_a CONNECTION LIMIT 0")?;
    let probe = postgres(bed.pair()).await?.probe(&bed.first()).await;
    assert!(matches!(probe, Probe::Unreachable { .. }), "{probe:?}");
    Ok(())
}

#[tokio::test]
async fn a_right_password_without_the_right_to_connect_works_and_fails_its_test() -> Result<()> {
    let bed = Bed::new(server(18)?)?;
    bed.sql("REVOKE CONNECT ON DATABASE shop FROM public")?;
    bed.sql("REVOKE app_owner FROM app_a")?;
    let target = postgres(bed.single()).await?;
    let base = "first".to_owned().into();
    assert_eq!(target.probe(&base).await, Probe::Works);
    let test = target.test(&base).await?;
    let Test::Failed { why } = test else {
        panic!("{test:?}")
    };
    assert!(why.contains("permission denied for database"), "{why}");
    Ok(())
}

#[tokio::test]
async fn a_payload_about_another_server_or_user_is_not_tried() -> Result<()> {
    let bed = Bed::new(server(18)?)?;
    let target = postgres(bed.pair()).await?;
    let text = bed.first();
    let text = text.expose_text().unwrap_or_default();
    let cases = [
        (
            "\"host\": \"127.0.0.1\"",
            "\"host\": \"elsewhere\"",
            "it names a host other than 127.0.0.1",
        ),
        (
            "app_a",
            "postgres",
            "it names a user other than app_a and app_b",
        ),
        (
            "/shop?",
            "/postgres?",
            "it names a database other than shop",
        ),
    ];
    for (from, to, expected) in cases {
        let payload = text.replace(from, to).into();
        let probe = target.probe(&payload).await;
        let Probe::Unfit { why } = probe else {
            panic!("{probe:?}")
        };
        assert!(why.starts_with(expected), "{why}");
        let applied = target.apply(&payload, &operation()).await;
        assert!(matches!(applied, Err(TargetError::Unfit(_))), "{applied:?}");
    }
    Ok(())
}

#[tokio::test]
async fn tables_made_by_one_account_are_usable_by_the_other() -> Result<()> {
    let bed = Bed::new(server(18)?)?;
    let target = postgres(bed.pair()).await?;
    let first = bed.first();
    let log_in = async |payload| {
        let url = field(payload, "url");
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        Ok::<_, tokio_postgres::Error>(client)
    };
    log_in(&first)
        .await?
        .batch_execute("CREATE TABLE made_by_a AS SELECT 1 AS x")
        .await?;
    let second = target.create(Some(&first), &operation()).await?.payload;
    target.apply(&second, &operation()).await?;
    let client = log_in(&second).await?;
    client
        .batch_execute("INSERT INTO made_by_a VALUES (2)")
        .await?;
    Ok(())
}
