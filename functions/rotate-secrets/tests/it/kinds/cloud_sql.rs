//! Cloud SQL's API as the way to change passwords, with a real server behind the stand-in.

use super::bed::{Bed, Result, complaints, operation, server, target_at};
use local_gcp::{LocalGcp, Options};
use rotate_secrets::target::{Probe, Target, TargetError, Test};
use secrecy::ExposeSecret as _;
use serde_json::json;

async fn google(bed: &Bed) -> Result<LocalGcp> {
    let google = LocalGcp::start(Options::default()).await?;
    let password = bed.server.password().map(|p| p.expose_secret().to_owned());
    let url = format!(
        "postgresql://postgres:{}@127.0.0.1:{}/postgres",
        password.unwrap_or_default(),
        bed.server.port()
    );
    google.seed(json!({"sql": {"instances": [{"name": "pg", "postgresUrl": url}]}}))?;
    Ok(google)
}

/// The one account of `bed`, whose password that instance's API changes.
async fn by_the_api(bed: &Bed, google: &LocalGcp) -> Result<Box<dyn Target>> {
    let mut config = bed.single();
    config["admin"] = json!({"cloud-sql-api": {"instance": "pg"}});
    target_at("postgres", config, google.url()).await
}

#[tokio::test]
async fn the_users_api_changes_the_password_that_logs_in() -> Result<()> {
    let bed = Bed::new(server(15)?.setting("log_statement", "all"))?;
    let google = google(&bed).await?;
    let target = by_the_api(&bed, &google).await?;
    let base = "first".to_owned().into();
    let findings = target.check(Some(&base)).await;
    assert!(
        complaints(&findings)
            .iter()
            .any(|found| found.contains("has no user app_a")),
        "{findings:?}"
    );
    let created = target.create(Some(&base), &operation()).await?;
    target.apply(&created.payload, &operation()).await?;
    assert_eq!(target.probe(&created.payload).await, Probe::Works);
    assert_eq!(target.test(&created.payload).await?, Test::Passed);
    let password = created.payload.expose_text().unwrap_or_default();
    assert!(!bed.server.log()?.contains(password));
    Ok(())
}

#[tokio::test]
async fn an_instance_that_does_not_exist_is_denied_and_a_deaf_api_is_unreachable() -> Result<()> {
    let bed = Bed::new(server(15)?)?;
    let google = google(&bed).await?;
    let mut config = bed.single();
    config["admin"] = json!({"cloud-sql-api": {"instance": "nowhere"}});
    let payload = "first".to_owned().into();
    let target = target_at("postgres", config.clone(), google.url()).await?;
    let denied = target.apply(&payload, &operation()).await;
    assert!(matches!(denied, Err(TargetError::Denied(_))), "{denied:?}");
    let deaf = target_at("postgres", config, "http://127.0.0.1:9").await?;
    let unreachable = deaf.apply(&payload, &operation()).await;
    assert!(
        matches!(unreachable, Err(TargetError::Unreachable(_))),
        "{unreachable:?}"
    );
    Ok(())
}

#[tokio::test]
async fn an_instance_that_is_busy_with_another_operation_is_tried_again_later() -> Result<()> {
    let bed = Bed::new(server(15)?)?;
    let google = google(&bed).await?;
    google.faults().add(local_gcp::Fault {
        status: Some(409),
        message: Some(
            "Operation failed because another operation was already in progress.".to_owned(),
        ),
        ..local_gcp::Fault::on("sql.users.update")
    });
    let target = by_the_api(&bed, &google).await?;
    let created = target
        .create(Some(&"first".to_owned().into()), &operation())
        .await?;
    let busy = target.apply(&created.payload, &operation()).await;
    let Err(TargetError::Unreachable(why)) = busy else {
        panic!("{busy:?}")
    };
    assert!(why.contains("another operation"), "{why}");
    target.apply(&created.payload, &operation()).await?;
    assert_eq!(target.probe(&created.payload).await, Probe::Works);
    Ok(())
}

#[tokio::test]
async fn what_the_instances_policy_refuses_another_password_may_satisfy_and_neither_is_quoted()
-> Result<()> {
    let bed = Bed::new(server(15)?)?;
    let google = google(&bed).await?;
    let target = by_the_api(&bed, &google).await?;
    let created = target
        .create(Some(&"first".to_owned().into()), &operation())
        .await?;
    let password = created.payload.expose_text().unwrap_or_default().to_owned();
    google.faults().add(local_gcp::Fault {
        status: Some(400),
        message: Some(format!(
            "Password {password} does not meet the password policy."
        )),
        ..local_gcp::Fault::on("sql.users.update")
    });
    let refused = target.apply(&created.payload, &operation()).await;
    assert!(
        matches!(refused, Err(TargetError::Refused(_))),
        "{refused:?}"
    );
    assert!(!format!("{refused:?}").contains(&password), "{refused:?}");
    Ok(())
}
