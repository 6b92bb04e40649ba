//! Keys of service accounts, and the tokens that are minted with them.

use crate::{
    iam::{KEYS, mint, pair, upload},
    support::{Api, Result, ensure},
};
use serde_json::json;

pub(super) async fn tour(api: &Api) -> Result<()> {
    let (key, pem) = pair()?;
    let name = upload(api, &pem).await?["name"].take();
    let kid = name.as_str().and_then(|name| name.rsplit('/').next());
    let kid = kid.unwrap_or_default();
    api.get(&format!("{KEYS}?keyTypes=USER_MANAGED"))
        .await?
        .ok()?;
    let path = format!("{KEYS}/{kid}");
    api.get(&format!("{path}?publicKeyType=TYPE_X509_PEM_FILE"))
        .await?
        .ok()?;
    api.post(&format!("{path}:disable"), json!({}))
        .await?
        .ok()?;
    api.post(&format!("{path}:enable"), json!({})).await?.ok()?;
    ensure!(mint(api, kid, &key).await? == 200, "no token");
    api.delete(&path).await?.ok()?;
    api.get(&path).await?.refused()?;
    Ok(())
}
