//! The metadata server of the machine that functions believe to run on.

use crate::{
    http::{Answer, Api, ApiError, Call, Reply},
    identity::token,
};
use axum::http::HeaderName;
use serde_json::json;

const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

pub(crate) fn api() -> Api {
    let api = Api::new("metadata", "metadata.google.internal").errors(plain);
    project_and_instance(api)
        .get("metadata.ping", "/", ping)
        .get(
            "metadata.accounts",
            "/computeMetadata/v1/instance/service-accounts",
            account_list,
        )
        .get(
            "metadata.account",
            "/computeMetadata/v1/instance/service-accounts/{account}",
            account,
        )
        .get(
            "metadata.email",
            "/computeMetadata/v1/instance/service-accounts/{account}/email",
            email,
        )
        .get(
            "metadata.scopes",
            "/computeMetadata/v1/instance/service-accounts/{account}/scopes",
            scopes,
        )
        .get(
            "metadata.token",
            "/computeMetadata/v1/instance/service-accounts/{account}/token",
            access_token,
        )
        .get(
            "metadata.identity",
            "/computeMetadata/v1/instance/service-accounts/{account}/identity",
            identity,
        )
}

fn project_and_instance(api: Api) -> Api {
    api.get(
        "metadata.project",
        "/computeMetadata/v1/project/project-id",
        project_id,
    )
    .get(
        "metadata.project",
        "/computeMetadata/v1/project/numeric-project-id",
        project_number,
    )
    .get(
        "metadata.universe",
        "/computeMetadata/v1/universe/universe-domain",
        universe,
    )
    .get(
        "metadata.universe",
        "/computeMetadata/v1/universe/universe_domain",
        universe,
    )
    .get(
        "metadata.instance",
        "/computeMetadata/v1/instance",
        instance,
    )
    .get(
        "metadata.instance",
        "/computeMetadata/v1/instance/{attribute}",
        instance_attribute,
    )
}

/// The metadata server's errors are pages of text.
fn plain(error: &ApiError) -> Reply {
    flavored(
        Reply::text("text/plain; charset=UTF-8", error.message.clone())
            .with_status(error.http_status()),
    )
}

fn flavored(reply: Reply) -> Reply {
    reply
        .header(FLAVOR, "Google")
        .header(axum::http::header::SERVER, "Metadata Server for VM")
}

fn text(call: &Call, text: impl Into<String>) -> Answer {
    require_flavor(call)?;
    Ok(flavored(Reply::text("application/text", text)))
}

/// The header proves that the request was not made by a browser or a careless proxy.
fn require_flavor(call: &Call) -> Result<(), ApiError> {
    match call.header("metadata-flavor") {
        Some("Google") => Ok(()),
        _ => Err(ApiError::status(
            403,
            "Missing required header: Metadata-Flavor: Google",
        )),
    }
}

async fn ping(call: Call) -> Answer {
    text(&call, "computeMetadata/\n")
}

async fn project_id(call: Call) -> Answer {
    text(&call, call.app.options.project.clone())
}

async fn project_number(call: Call) -> Answer {
    text(&call, number(&call).to_string())
}

fn number(call: &Call) -> u64 {
    call.app.identity.project_number(&call.app.options.project)
}

async fn universe(call: Call) -> Answer {
    text(&call, "googleapis.com")
}

async fn instance(call: Call) -> Answer {
    text(&call, "id\nregion\nservice-accounts/\nzone\n")
}

async fn instance_attribute(call: Call) -> Answer {
    let region = &call.app.options.region;
    match call.param("attribute")? {
        "region" => text(
            &call,
            format!("projects/{}/regions/{region}", number(&call)),
        ),
        "zone" => text(
            &call,
            format!("projects/{}/zones/{region}-1", number(&call)),
        ),
        "id" => text(&call, format!("{:032x}", u128::from(number(&call)))),
        other => Err(ApiError::not_found(format!(
            "instance/{other} is not served"
        ))),
    }
}

async fn account_list(call: Call) -> Answer {
    text(
        &call,
        format!("default/\n{}/\n", call.app.options.service_account),
    )
}

/// `default` or an e-mail address. Any account may be asked for, so that one machine can play several functions.
fn address(call: &Call) -> Result<String, ApiError> {
    Ok(match call.param("account")? {
        "default" => call.app.options.service_account.clone(),
        email if email.contains('@') => email.to_owned(),
        other => {
            return Err(ApiError::not_found(format!(
                "there is no service account {other:?}"
            )));
        }
    })
}

async fn account(call: Call) -> Answer {
    let email = address(&call)?;
    if !call.query.flag("recursive") {
        return text(&call, "aliases\nemail\nidentity\nscopes\ntoken\n");
    }
    require_flavor(&call)?;
    let account = json!({ "aliases": ["default"], "email": email, "scopes": [SCOPE] });
    Ok(flavored(Reply::json(&account)?))
}

async fn email(call: Call) -> Answer {
    text(&call, address(&call)?)
}

async fn scopes(call: Call) -> Answer {
    address(&call)?;
    text(&call, format!("{SCOPE}\n"))
}

async fn access_token(call: Call) -> Answer {
    require_flavor(&call)?;
    address(&call)?;
    Ok(flavored(Reply::json(&json!({
        "access_token": token::access_token(),
        "expires_in": token::LIFETIME - 1,
        "token_type": "Bearer",
    }))?))
}

async fn identity(call: Call) -> Answer {
    require_flavor(&call)?;
    let email = address(&call)?;
    let Some(audience) = call
        .query
        .get("audience")
        .filter(|audience| !audience.is_empty())
    else {
        return Err(ApiError::invalid("non-empty audience parameter required"));
    };
    let full = call.query.get("format") == Some("full");
    let token = token::id_token(&call.app, &email, audience, full)?;
    text(&call, token)
}
