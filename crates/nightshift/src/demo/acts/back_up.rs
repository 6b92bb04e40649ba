//! Act 2: a backup, beside what most people do today.

use super::{Backup, SHOP, newest};
use crate::{
    Error,
    demo::{children::succeeded, stage::Stage},
};
use nightshift_runtime::report::{bytes, duration};
use std::{
    fs::{self, File},
    time::{Duration, Instant},
};
use tokio::process::Command;

/// The pipe that most people have.
const PIPE: &str = "pg_dump shop | gzip > shop.sql.gz";

/// Two ways to the same rows.
#[derive(Debug)]
pub(in crate::demo) struct BackedUp {
    /// The backup, by its id.
    pub(in crate::demo) id: String,
    pub(in crate::demo) rows: u64,
    pub(in crate::demo) raw_bytes: u64,
    pub(in crate::demo) ours: Cost,
    pub(in crate::demo) pipe: Cost,
}

/// What a way costs.
#[derive(Debug, Clone, Copy)]
pub(in crate::demo) struct Cost {
    pub(in crate::demo) took: Duration,
    pub(in crate::demo) bytes: u64,
}

pub(in crate::demo) async fn back_up(stage: &Stage) -> Result<BackedUp, Error> {
    stage.screen.act(
        2,
        "Back it up",
        "Ask whether it would work; then one snapshot, read in parallel, straight into the store.",
    )?;
    let (url, target) = (stage.url(SHOP), stage.target());
    stage
        .backup(&["check", "--from", &url, "--to", &target])
        .await?;
    let took = stage
        .backup(&["run", "--from", &url, "--to", &target])
        .await?;
    let Backup {
        id,
        rows,
        raw_bytes,
        stored_bytes,
        ..
    } = newest(stage).await?;
    let ours = Cost {
        took,
        bytes: stored_bytes,
    };
    let pipe = pipe(stage).await?;
    stage.screen.seen(&format!(
        "it took {} and {}; the backup above took {} and {}",
        duration(pipe.took),
        bytes(pipe.bytes),
        duration(ours.took),
        bytes(ours.bytes)
    ))?;
    Ok(BackedUp {
        id,
        rows,
        raw_bytes,
        ours,
        pipe,
    })
}

/// The same database through `pg_dump | gzip`, measured in the same way: from start to end of the processes.
async fn pipe(stage: &Stage) -> Result<Cost, Error> {
    stage.screen.command(PIPE)?;
    let path = stage.file("shop.sql.gz");
    let doing = |source| Error::io(format!("write {}", path.display()), source);
    let mut dump = stage.client("pg_dump", SHOP)?;
    let mut gzip = Command::new("gzip");
    gzip.stdout(File::create(&path).map_err(doing)?);
    let began = Instant::now();
    for output in stage.children.pipe(&mut dump, &mut gzip, PIPE).await? {
        succeeded(output, PIPE)?;
    }
    let took = began.elapsed();
    let bytes = fs::metadata(&path).map_err(doing)?.len();
    fs::remove_file(&path).map_err(doing)?;
    Ok(Cost { took, bytes })
}
