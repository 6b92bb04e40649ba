//! Compute Engine.

use crate::{
    compute::ended,
    support::{Api, Result},
};
use local_gcp::{Code, Fault};
use serde_json::json;

const BOX: &str = "/compute/v1/projects/web/zones/eu-a/instances/box";

pub(super) async fn tour(api: &Api) -> Result<()> {
    api.gcp.seed(
        json!({"compute": {"instances": [{"project": "web", "zone": "eu-a", "name": "box"}]}}),
    )?;
    api.get(BOX).await?.ok()?;
    let fault = api.gcp.faults().add(Fault {
        fail_operation: Some(Code::Internal),
        ..Fault::on("compute.instances.stop")
    });
    for verb in ["stop", "stop", "start"] {
        let operation = api.post(&format!("{BOX}/{verb}"), json!({})).await?.ok()?;
        ended(api, &operation).await?;
    }
    api.gcp.faults().remove(fault);
    api.get(&BOX.replace("box", "none")).await?.refused()?;
    Ok(())
}
