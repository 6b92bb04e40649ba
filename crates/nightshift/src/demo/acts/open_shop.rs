//! Act 1: something to lose.

use super::SHOP;
use crate::{
    Error,
    demo::{inventory::Inventory, stage::Stage},
};
use local_postgres::fixtures::BELIEVABLE_SHOP;
use nightshift_runtime::report::{bytes, count, duration};
use std::time::{Duration, Instant};

/// The shop as it was made.
#[derive(Debug)]
pub(in crate::demo) struct Shop {
    /// The server's version.
    pub(in crate::demo) version: String,
    /// What is in it.
    pub(in crate::demo) inventory: Inventory,
    /// Its size on disk.
    pub(in crate::demo) bytes: u64,
    /// How long it took to make.
    pub(in crate::demo) took: Duration,
}

pub(in crate::demo) async fn open_shop(stage: &Stage) -> Result<Shop, Error> {
    let version = stage.version();
    stage.screen.act(
        1,
        "A web shop",
        "Orders, payments with JSON, events by month, scans as large objects: what people lose sleep over.",
    )?;
    stage.screen.seen(&format!(
        "PostgreSQL {version} started, for this run alone: {}",
        stage.url(SHOP)
    ))?;
    let began = Instant::now();
    stage
        .sql("postgres", "CREATE DATABASE shop TEMPLATE template0")
        .await?;
    stage.sql(SHOP, BELIEVABLE_SHOP).await?;
    // The first reader of new rows pays for marking them as committed: nobody who is measured shall.
    stage.sql(SHOP, "VACUUM ANALYZE").await?;
    let took = began.elapsed();
    let size = stage.sql(SHOP, "SELECT pg_database_size('shop')").await?;
    let size = size
        .parse()
        .map_err(|_| Error::Unproven(format!("psql says that the shop's size is `{size}`")))?;
    let inventory = Inventory::of(stage, SHOP).await?;
    stage.screen.seen(&format!(
        "{} rows made, {} on disk, in {}",
        count(inventory.rows()),
        bytes(size),
        duration(took)
    ))?;
    stage
        .screen
        .seen("the password is in a file that PGPASSFILE names, and in no command below")?;
    Ok(Shop {
        version,
        inventory,
        bytes: size,
        took,
    })
}
