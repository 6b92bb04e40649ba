//! `gcloud auth`, against the metadata server.

use super::gcloud;
use crate::support::{Context as _, Result, ensure, start};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

#[tokio::test]
async fn gcloud_prints_a_token_for_a_push_by_hand() -> Result<()> {
    let api = start().await?;
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let print = [
        "auth",
        "print-identity-token",
        "--audiences=http://function",
    ];
    let mut command = gcloud.command(&print);
    command
        .env_remove("CLOUDSDK_AUTH_DISABLE_CREDENTIALS")
        .env("GCE_METADATA_ROOT", api.gcp.address().to_string());
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{errors}");
    let token = String::from_utf8(output.stdout)?;
    let claims = token.split('.').nth(1).context("no token")?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
    assert_eq!(claims["aud"], "http://function");
    assert_eq!(claims["iss"], "https://accounts.google.com");
    Ok(())
}
