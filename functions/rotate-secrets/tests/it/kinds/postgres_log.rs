//! The server's log never holds a password: not of what succeeds, and not of what fails.

use super::bed::{Bed, Result, field, on_both_servers, operation, postgres, server};
use rotate_secrets::target::TargetError;

on_both_servers!(the_log_of_the_server_never_holds_a_password);

async fn the_log_of_the_server_never_holds_a_password(major: u32) -> Result<()> {
    let server = server(major)?
        .setting("log_statement", "all")
        .setting("log_min_error_statement", "debug5")
        .setting("log_min_duration_statement", "0")
        .setting("log_connections", "on");
    let bed = Bed::new(server)?;
    let target = postgres(bed.pair()).await?;
    let first = bed.first();
    let good = target.create(Some(&first), &operation()).await?.payload;
    target.apply(&good, &operation()).await?;
    target.test(&good).await?;
    target.check(Some(&good)).await;

    // The statement itself fails, which the server logs whatever log_statement says.
    bed.sql("REVOKE ADMIN OPTION FOR app_a FROM rotator; ALTER ROLE rotator NOCREATEROLE")?;
    let bad = target.create(Some(&good), &operation()).await?.payload;
    let denied = target.apply(&bad, &operation()).await;
    assert!(matches!(denied, Err(TargetError::Denied(_))), "{denied:?}");

    let log = bed.server.log()?;
    let failed = "STATEMENT:  ALTER ROLE \"app_a\" PASSWORD 'SCRAM-SHA-256$4096:";
    assert!(log.contains(failed), "{log}");
    for payload in [&good, &bad] {
        let password = field(payload, "password");
        assert!(password.len() >= 32);
        assert!(!log.contains(&password), "{log}");
        let said = format!("{denied:?}");
        assert!(!said.contains(&password), "{said}");
    }
    Ok(())
}
