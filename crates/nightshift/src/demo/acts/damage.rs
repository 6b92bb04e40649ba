//! Act 3: a bad night.

use super::{SHOP, Shop};
use crate::{
    Error,
    demo::{inventory::Inventory, stage::Stage},
};

/// What somebody with the wrong window open does.
const MISTAKES: [&str; 4] = [
    "SELECT count(lo_unlink(oid)) FROM pg_largeobject_metadata",
    "DROP TABLE shop.payments, shop.delivery_notes CASCADE",
    "DELETE FROM shop.orders WHERE id % 2 = 0",
    "UPDATE shop.products SET price = 0.01",
];

/// What is missing afterwards.
#[derive(Debug)]
pub(in crate::demo) struct Lost {
    pub(in crate::demo) rows: u64,
    pub(in crate::demo) relations: usize,
}

pub(in crate::demo) async fn damage(stage: &Stage, shop: &Shop) -> Result<Lost, Error> {
    stage.screen.act(
        3,
        "Lose it",
        "Somebody has the wrong window open. Replication would copy each of these at once.",
    )?;
    let typed = MISTAKES.map(|mistake| format!("psql shop -c '{mistake}'"));
    stage
        .screen
        .commands(&typed.each_ref().map(String::as_str))?;
    stage.sql(SHOP, &MISTAKES.join(";\n")).await?;
    let now = Inventory::of(stage, SHOP).await?;
    let changes = shop.inventory.changes(&now);
    if changes.is_empty() {
        return Err(Error::Unproven("the damage did no damage".to_owned()));
    }
    stage.screen.block(&shop.inventory.table_of_changes(&now))?;
    Ok(Lost {
        rows: shop.inventory.rows().saturating_sub(now.rows()),
        relations: changes.iter().filter(|change| change.is_gone()).count(),
    })
}
