//! The acts, one file each. Each returns what it measured.

mod back_up;
mod damage;
mod flip_a_bit;
mod open_shop;
mod prune;
mod restore;
mod status;

pub(super) use back_up::{BackedUp, back_up};
pub(super) use damage::{Lost, damage};
pub(super) use flip_a_bit::{Caught, flip_a_bit};
pub(super) use open_shop::{Shop, open_shop};
pub(super) use prune::{Pruned, prune};
pub(super) use restore::{Drilled, Restored, drill, restore};
pub(super) use status::ask_status;

use super::stage::Stage;
use crate::Error;
use serde::Deserialize;

/// The database of the story.
const SHOP: &str = "shop";

/// What was measured, act by act.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) shop: Shop,
    pub(super) backed_up: BackedUp,
    pub(super) lost: Lost,
    pub(super) restored: Restored,
    pub(super) drilled: Drilled,
    pub(super) pruned: Pruned,
    pub(super) caught: Caught,
}

/// What `backup list --output json` says, as far as the story needs it.
#[derive(Debug, Deserialize)]
struct List {
    /// Newest first.
    backups: Vec<Backup>,
}

/// One backup of the list.
#[derive(Debug, Clone, Deserialize)]
struct Backup {
    id: String,
    rows: u64,
    raw_bytes: u64,
    stored_bytes: u64,
    proven: Option<Proof>,
}

/// How its last look was.
#[derive(Debug, Clone, Deserialize)]
struct Proof {
    passed: bool,
    summary: String,
}

/// The backups there are, newest first.
async fn list(stage: &Stage) -> Result<Vec<Backup>, Error> {
    let list: List = stage.ask(&["list", "--in", &stage.target()]).await?;
    Ok(list.backups)
}

/// The newest backup.
async fn newest(stage: &Stage) -> Result<Backup, Error> {
    let first = list(stage).await?.into_iter().next();
    first.ok_or_else(|| Error::Unproven("`backup list` lists nothing after a backup".to_owned()))
}
