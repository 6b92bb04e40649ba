//! Who changes passwords, and over which connection.

use super::bed::{Bed, Result, operation, postgres, server};
use local_postgres::tls::{CertificateAuthority, Tls};
use rotate_secrets::target::{Probe, TargetError};
use serde_json::json;
use std::{io::Write as _, time::Duration};
use tempfile::NamedTempFile;

#[tokio::test]
async fn an_iam_administrator_logs_in_with_an_access_token() -> Result<()> {
    let bed = Bed::new(server(18)?)?;
    // What the credentials of a stand-in give for a token.
    bed.sql(
        "CREATE ROLE \"rotator@demo.iam\" LOGIN CREATEROLE PASSWORD 'local';
         GRANT app_a, app_b TO \"rotator@demo.iam\" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
    )?;
    let mut config = bed.pair();
    config["admin"] = json!({"iam": {"user": "rotator@demo.iam"}});
    let target = postgres(config).await?;
    let payload = target
        .create(Some(&bed.first()), &operation())
        .await?
        .payload;
    target.apply(&payload, &operation()).await?;
    assert_eq!(target.probe(&payload).await, Probe::Works);
    Ok(())
}

#[tokio::test]
async fn an_administrator_that_is_refused_is_not_a_server_that_is_down() -> Result<()> {
    let bed = Bed::new(server(15)?)?;
    bed.sql("ALTER ROLE rotator PASSWORD 'another'")?;
    let applied = postgres(bed.pair()).await?;
    let applied = applied.apply(&bed.first(), &operation()).await;
    let Err(TargetError::Denied(why)) = applied else {
        panic!("{applied:?}")
    };
    assert!(
        why.starts_with("log in as rotator: password authentication failed"),
        "{why}"
    );
    Ok(())
}

#[tokio::test]
async fn an_administrator_with_a_default_role_changes_passwords_all_the_same() -> Result<()> {
    let bed = Bed::new(server(18)?)?;
    bed.sql("CREATE ROLE meek; GRANT meek TO rotator; ALTER ROLE rotator SET role = meek")?;
    let target = postgres(bed.pair()).await?;
    let payload = target
        .create(Some(&bed.first()), &operation())
        .await?
        .payload;
    target.apply(&payload, &operation()).await?;
    assert_eq!(target.probe(&payload).await, Probe::Works);
    Ok(())
}

#[tokio::test]
async fn two_rotations_of_one_secret_wait_for_each_other() -> Result<()> {
    let bed = Bed::new(server(18)?)?;
    let target = postgres(bed.pair()).await?;
    let payload = target
        .create(Some(&bed.first()), &operation())
        .await?
        .payload;
    let url = format!(
        "host=127.0.0.1 port={} dbname=shop user=app_a password=first",
        bed.server.port()
    );
    let (mut rival, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let lock = rival.transaction().await?;
    lock.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('nightshift:projects/demo/secrets/database', 0))",
        &[],
    )
    .await?;
    let operation = operation();
    let mut apply = target.apply(&payload, &operation);
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    let deadline = tokio::time::Instant::now() + Duration::from_secs(9);
    loop {
        tokio::select! {
            done = &mut apply => panic!("it did not wait: {done:?}"),
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
        if bed.sql(waiting)? == "1" {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "nobody waits");
    }
    lock.commit().await?;
    apply.await?;
    assert_eq!(target.probe(&payload).await, Probe::Works);
    Ok(())
}

#[tokio::test]
async fn over_tls_only_a_server_of_the_right_authority_is_told_anything() -> Result<()> {
    let authority = CertificateAuthority::new("right")?;
    let tls = Tls {
        identity: authority.server(&["127.0.0.1"])?,
        client_authority: None,
    };
    let bed = Bed::new(server(15)?.tls(tls))?;
    for (authority, works) in [
        (authority, true),
        (CertificateAuthority::new("wrong")?, false),
    ] {
        let mut file = NamedTempFile::new()?;
        file.write_all(authority.certificate().as_bytes())?;
        let mut config = bed.pair();
        config["tls"] = json!({"mode": "verify-full", "root_certificates": file.path()});
        let target = postgres(config).await?;
        let payload = target
            .create(Some(&bed.first()), &operation())
            .await?
            .payload;
        let applied = target.apply(&payload, &operation()).await;
        assert_eq!(applied.is_ok(), works, "{applied:?}");
        let unreachable = matches!(applied, Err(TargetError::Unreachable(_)));
        assert_eq!(unreachable, !works, "{applied:?}");
    }
    Ok(())
}
