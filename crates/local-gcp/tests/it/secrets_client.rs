//! The official Rust client of Secret Manager.

use crate::support::{Api, Result, start_stopped};
use google_cloud_auth::credentials::anonymous;
use google_cloud_secretmanager_v1::{
    client::SecretManagerService,
    model::{
        Replication, Rotation, Secret, SecretPayload, replication::Automatic, secret_version::State,
    },
};
use google_cloud_wkt::{FieldMask, Timestamp};

const DB: &str = "projects/demo/secrets/db";

async fn client(api: &Api) -> Result<SecretManagerService> {
    Ok(SecretManagerService::builder()
        .with_endpoint(api.gcp.url())
        .with_credentials(anonymous::Builder::new().build())
        .build()
        .await?)
}

async fn created(client: &SecretManagerService) -> Result<Secret> {
    let secret = Secret::new()
        .set_replication(Replication::new().set_automatic(Automatic::new()))
        .set_labels([("rotator", "on")]);
    Ok(client
        .create_secret()
        .set_parent("projects/demo")
        .set_secret_id("db")
        .set_secret(secret)
        .send()
        .await?)
}

fn status(error: &google_cloud_gax::error::Error) -> Option<(u16, String)> {
    Some((
        error.http_status_code()?,
        error.status()?.code.name().to_owned(),
    ))
}

#[tokio::test]
async fn a_payload_is_added_and_read_with_its_checksum() -> Result<()> {
    let api = start_stopped().await?;
    let client = client(&api).await?;
    created(&client).await?;
    let data = bytes::Bytes::from_static(b"hunter2");
    let sum = i64::from(crc32c::crc32c(&data));
    let add = |sum| {
        client.add_secret_version().set_parent(DB).set_payload(
            SecretPayload::new()
                .set_data(data.clone())
                .set_data_crc32c(sum),
        )
    };
    let wrong = add(sum + 1).send().await;
    let wrong = wrong.as_ref().err().and_then(status);
    assert_eq!(wrong, Some((400, "INVALID_ARGUMENT".to_owned())));
    let version = add(sum).send().await?;
    assert_eq!(
        (version.state, version.client_specified_payload_checksum),
        (State::Enabled, true)
    );
    let read = client
        .access_secret_version()
        .set_name(format!("{DB}/versions/latest"))
        .send()
        .await?;
    let payload = read.payload.unwrap_or_default();
    assert_eq!(
        (read.name, payload.data, payload.data_crc32c),
        (version.name, data, Some(sum))
    );
    Ok(())
}

#[tokio::test]
async fn aliases_and_annotations_move_in_one_conditional_patch() -> Result<()> {
    let api = start_stopped().await?;
    let client = client(&api).await?;
    let secret = created(&client).await?;
    let payload = SecretPayload::new().set_data(bytes::Bytes::from_static(b"one"));
    client
        .add_secret_version()
        .set_parent(DB)
        .set_payload(payload)
        .send()
        .await?;
    let patch = || {
        let change = Secret::new()
            .set_name(DB)
            .set_etag(&secret.etag)
            .set_version_aliases([("current", 1_i64)])
            .set_annotations([("rotator.state", "{\"v\":1}")]);
        let mask = FieldMask::default().set_paths(["annotations", "version_aliases"]);
        client
            .update_secret()
            .set_secret(change)
            .set_update_mask(mask)
    };
    let changed = patch().send().await?;
    assert_eq!(changed.version_aliases.get("current"), Some(&1));
    let late = patch().send().await;
    let late = late.as_ref().err().and_then(status);
    assert_eq!(late, Some((400, "FAILED_PRECONDITION".to_owned())));
    let got = client
        .get_secret_version()
        .set_name(format!("{DB}/versions/current"))
        .send()
        .await?;
    assert!(got.name.ends_with("/versions/1"));
    Ok(())
}

#[tokio::test]
async fn versions_are_disabled_destroyed_and_listed_by_state() -> Result<()> {
    let api = start_stopped().await?;
    let client = client(&api).await?;
    created(&client).await?;
    for text in ["one", "two", "three"] {
        let payload = SecretPayload::new().set_data(bytes::Bytes::from_static(text.as_bytes()));
        client
            .add_secret_version()
            .set_parent(DB)
            .set_payload(payload)
            .send()
            .await?;
    }
    let name = |n: u32| format!("{DB}/versions/{n}");
    let disabled = client
        .disable_secret_version()
        .set_name(name(1))
        .send()
        .await?;
    let destroyed = client
        .destroy_secret_version()
        .set_name(name(2))
        .send()
        .await?;
    assert_eq!(
        (disabled.state, destroyed.state),
        (State::Disabled, State::Destroyed)
    );
    assert!(destroyed.destroy_time.is_some());
    let list = client
        .list_secret_versions()
        .set_parent(DB)
        .set_filter("state:ENABLED")
        .send()
        .await?;
    assert_eq!(list.versions.len(), 1);
    let again = client
        .destroy_secret_version()
        .set_name(name(2))
        .send()
        .await;
    assert_eq!(
        again.as_ref().err().and_then(status),
        Some((400, "FAILED_PRECONDITION".to_owned()))
    );
    Ok(())
}

#[tokio::test]
async fn secrets_are_found_by_label_and_deleted() -> Result<()> {
    let api = start_stopped().await?;
    let client = client(&api).await?;
    created(&client).await?;
    let find = |filter: &str| {
        client
            .list_secrets()
            .set_parent("projects/demo")
            .set_filter(filter)
            .send()
    };
    assert_eq!(find("labels.rotator=on").await?.secrets.len(), 1);
    assert_eq!(find("labels.rotator=off").await?.secrets.len(), 0);
    client.delete_secret().set_name(DB).send().await?;
    let gone = client.get_secret().set_name(DB).send().await;
    assert_eq!(
        gone.as_ref().err().and_then(status),
        Some((404, "NOT_FOUND".to_owned()))
    );
    Ok(())
}

#[tokio::test]
async fn a_period_without_a_time_is_a_failed_precondition() -> Result<()> {
    let api = start_stopped().await?;
    let client = client(&api).await?;
    created(&client).await?;
    let set = |rotation: Rotation, path: &str| {
        let secret = Secret::new().set_name(DB).set_rotation(rotation);
        let mask = FieldMask::default().set_paths([path]);
        client
            .update_secret()
            .set_secret(secret)
            .set_update_mask(mask)
            .send()
    };
    let period = Rotation::new().set_rotation_period(google_cloud_wkt::Duration::clamp(3600, 0));
    let refused = set(period, "rotation").await;
    assert_eq!(
        refused.as_ref().err().and_then(status),
        Some((400, "FAILED_PRECONDITION".to_owned()))
    );
    let time = Rotation::new().set_next_rotation_time(Timestamp::clamp(1_800_000_000, 0));
    let refused = set(time, "rotation.next_rotation_time").await;
    // Nobody would hear of it: the secret has no topics.
    assert_eq!(
        refused.as_ref().err().and_then(status),
        Some((400, "INVALID_ARGUMENT".to_owned()))
    );
    Ok(())
}
