//! State on disk: restarts, crashes, damage.

use crate::support::{Api, Result};
use local_gcp::{LocalGcp, Options, StartError, StoreError};
use serde_json::json;
use std::{fs, io::Write as _, path::Path};

fn kept_in(folder: &Path) -> Options {
    Options {
        state: Some(folder.to_owned()),
        ..Options::default()
    }
}

#[tokio::test]
async fn signing_keys_and_clock_survive_a_restart() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let api = Api::start(kept_in(folder.path())).await?;
    let keys = api.get("/oauth2/v3/certs").await?.ok()?;
    api.post(
        "/_local/clock",
        json!({"set": "2030-01-01T00:00:00Z", "running": false}),
    )
    .await?
    .ok()?;
    api.gcp.stop().await;
    let api = Api::start(kept_in(folder.path())).await?;
    assert_eq!(api.get("/oauth2/v3/certs").await?.ok()?, keys);
    assert_eq!(api.gcp.now(), "2030-01-01T00:00:00Z".parse()?);
    Ok(())
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_and_what_was_before_it_stays() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let api = Api::start(kept_in(folder.path())).await?;
    let keys = api.get("/oauth2/v3/certs").await?.ok()?;
    api.gcp.stop().await;
    let log = folder.path().join("state.log");
    fs::OpenOptions::new()
        .append(true)
        .open(&log)?
        .write_all(b"deadbeef [[\"identity.keys\",\"keys\",nu")?;
    let api = Api::start(kept_in(folder.path())).await?;
    assert_eq!(api.get("/oauth2/v3/certs").await?.ok()?, keys);
    Ok(())
}

#[tokio::test]
async fn damage_in_the_middle_is_refused_with_file_and_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let api = Api::start(kept_in(folder.path())).await?;
    api.get("/oauth2/v3/certs").await?.ok()?;
    api.gcp.stop().await;
    let log = folder.path().join("state.log");
    let good = fs::read(&log)?;
    fs::write(&log, [b"00000000 []\n", &*good].concat())?;
    match LocalGcp::start(kept_in(folder.path())).await.err() {
        Some(StartError::Store(StoreError::Damaged { line: 1, .. })) => Ok(()),
        other => anyhow::bail!("{other:?}"),
    }
}

#[tokio::test]
async fn nobody_else_can_read_the_state() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir()?;
    let api = Api::start(kept_in(folder.path())).await?;
    api.get("/oauth2/v3/certs").await?.ok()?;
    let mode = fs::metadata(folder.path().join("state.log"))?
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    Ok(())
}

#[tokio::test]
async fn a_folder_in_use_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let _first = Api::start(kept_in(folder.path())).await?;
    let second = LocalGcp::start(kept_in(folder.path())).await.err();
    assert!(
        matches!(second, Some(StartError::Store(StoreError::Locked(_)))),
        "{second:?}"
    );
    Ok(())
}
