//! Resource Manager.

use crate::support::{Api, Result};
use serde_json::json;

pub(super) async fn tour(api: &Api) -> Result<()> {
    let project = "/v3/projects/sandbox-7";
    api.get(project).await?.ok()?;
    let labels = json!({"labels": {"budget-guard-cap": "armed"}});
    api.patch(&format!("{project}?updateMask=labels"), labels.clone())
        .await?
        .ok()?;
    api.patch(&format!("{project}?updateMask=displayName"), labels)
        .await?
        .refused()?;
    let permissions = json!({"permissions": ["resourcemanager.projects.get"]});
    api.post(&format!("{project}:testIamPermissions"), permissions)
        .await?
        .ok()?;
    Ok(())
}
