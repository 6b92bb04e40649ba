//! Act 8: what an alert would ask.

use super::SHOP;
use crate::{Error, demo::stage::Stage};

pub(in crate::demo) async fn ask_status(stage: &Stage) -> Result<(), Error> {
    stage.screen.act(
        8,
        "Sleep",
        "One question for the alert that wakes people: fresh enough, and proven? Broken does not count.",
    )?;
    let target = stage.target();
    stage
        .backup(&["status", "--in", &target, "--database", SHOP])
        .await?;
    Ok(())
}
