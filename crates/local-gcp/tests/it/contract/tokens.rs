//! Metadata server, keys and tokens, which no discovery document describes.

use crate::support::{Api, Result, ensure, send};
use reqwest::Method;

pub(super) async fn tour(api: &Api) -> Result<()> {
    let server = "/computeMetadata/v1";
    let account = format!("{server}/instance/service-accounts/default");
    for path in [
        "/".to_owned(),
        format!("{server}/instance"),
        format!("{server}/instance/region"),
        format!("{server}/instance/service-accounts"),
        account.clone(),
        format!("{account}/email"),
        format!("{account}/scopes"),
        format!("{account}/token"),
        format!("{account}/identity?audience=a"),
        format!("{server}/project/project-id"),
        format!("{server}/project/numeric-project-id"),
        format!("{server}/universe/universe-domain"),
        format!("{server}/universe/universe_domain"),
        "/oauth2/v3/certs".to_owned(),
        "/oauth2/v1/certs".to_owned(),
        "/.well-known/openid-configuration".to_owned(),
    ] {
        let request = api.request(Method::GET, &path);
        let answer = send(request.header("Metadata-Flavor", "Google")).await?;
        ensure!(answer.status == 200, "{path}: {answer:?}");
    }
    Ok(())
}
