//! Acts 4 and 5: it comes back, and would come back any night.

use super::{BackedUp, SHOP, Shop};
use crate::{
    Error,
    demo::{inventory::Inventory, stage::Stage},
};
use nightshift_runtime::report::count;
use std::time::Duration;

/// The database that the backup is restored into.
const RESTORED: &str = "restored";

/// What came back.
#[derive(Debug)]
pub(in crate::demo) struct Restored {
    pub(in crate::demo) took: Duration,
    /// How many checksums are the same as before.
    pub(in crate::demo) checksums: usize,
}

/// A restore on a server of its own.
#[derive(Debug)]
pub(in crate::demo) struct Drilled {
    pub(in crate::demo) took: Duration,
}

pub(in crate::demo) async fn restore(
    stage: &Stage,
    shop: &Shop,
    backed_up: &BackedUp,
) -> Result<Restored, Error> {
    stage.screen.act(
        4,
        "Get it back",
        "Into a new database, straight from the store. Then every row is compared with the backup.",
    )?;
    let (target, into) = (stage.target(), stage.url(RESTORED));
    let restore = [
        "restore",
        &backed_up.id,
        "--in",
        &target,
        "--into",
        &into,
        "--create",
    ];
    let took = stage.backup(&restore).await?;
    let now = Inventory::of(stage, RESTORED).await?;
    if now != shop.inventory {
        return Err(Error::Unproven(format!(
            "the restored shop is not what it was:\n{}",
            shop.inventory.table_of_changes(&now)
        )));
    }
    stage.screen.seen(&format!(
        "PostgreSQL's own word: {} rows, and {} of {} checksums are those from before the damage",
        count(now.rows()),
        now.len(),
        shop.inventory.len()
    ))?;
    let swap = "ALTER DATABASE shop RENAME TO damaged; ALTER DATABASE restored RENAME TO shop";
    stage
        .screen
        .command(&format!("psql postgres -c '{swap}'"))?;
    stage.sql("postgres", swap).await?;
    stage.screen.seen("the shop is open again")?;
    Ok(Restored {
        took,
        checksums: now.len(),
    })
}

pub(in crate::demo) async fn drill(stage: &Stage) -> Result<Drilled, Error> {
    stage.screen.act(
        5,
        "Know it beforehand",
        "A backup that was never restored is a hope. The drill restores the newest one, any night.",
    )?;
    let target = stage.target();
    let took = stage
        .backup(&["drill", "--in", &target, "--database", SHOP])
        .await?;
    Ok(Drilled { took })
}
