//! Act 6: more nights, and the end of old backups.

use super::{Backup, SHOP, list, newest};
use crate::{
    Error,
    demo::{children::succeeded, stage::Stage},
};
use std::{fs, time::Duration};

/// What a day in the shop changes.
const A_DAY: &str = "
INSERT INTO shop.orders (customer_id, status, note, placed_at)
SELECT 1 + n % 1000, 'placed', 'Ring twice.', now() FROM generate_series(1, 250) n;
INSERT INTO shop.events
SELECT now(), 1 + n % 1000, 'view', jsonb_build_object('path', '/lamps/' || n, 'ms', n % 900) FROM generate_series(1, 1000) n;
UPDATE shop.customers SET newsletter = NOT newsletter WHERE id % 50 = 0;
";

/// How many days pass.
const DAYS: usize = 3;

/// Which backups stay.
const POLICY: &str = "\
[retention]
last = 2        # the two newest, whenever they were made
daily = 7       # and the newest of each of seven days";

/// What became of the backups.
#[derive(Debug)]
pub(in crate::demo) struct Pruned {
    pub(in crate::demo) before: usize,
    pub(in crate::demo) deleted: usize,
    pub(in crate::demo) freed_bytes: u64,
    /// How long the shortest and the longest of the later backups took.
    pub(in crate::demo) runs: (Duration, Duration),
}

pub(in crate::demo) async fn prune(stage: &Stage) -> Result<Pruned, Error> {
    stage.screen.act(
        6,
        "Keep what matters",
        "More nights, and a policy: old backups go, but never the newest good or the newest proven one.",
    )?;
    let target = stage.target();
    let prune = ["prune", "--config", "backup.toml", "--in", &target];
    let suspicious = first_night(stage).await?;
    write_policy(stage)?;
    stage
        .backup(&[&prune[..], &["--accept", &suspicious]].concat())
        .await?;
    let runs = more_nights(stage).await?;
    let before = list(stage).await?;
    stage.backup(&[&prune[..], &["--dry-run"]].concat()).await?;
    stage.backup(&prune).await?;
    let after = list(stage).await?;
    let stays = |backup: &&Backup| after.iter().any(|kept| kept.id == backup.id);
    let gone: Vec<_> = before.iter().filter(|backup| !stays(backup)).collect();
    if gone.is_empty() {
        return Err(Error::Unproven("`backup prune` deleted nothing".to_owned()));
    }
    Ok(Pruned {
        before: before.len(),
        deleted: gone.len(),
        freed_bytes: gone.iter().map(|backup| backup.stored_bytes).sum(),
        runs,
    })
}

fn write_policy(stage: &Stage) -> Result<(), Error> {
    let config = stage.file("backup.toml");
    fs::write(&config, format!("{POLICY}\n"))
        .map_err(|source| Error::io(format!("write {}", config.display()), source))?;
    stage.screen.command("cat backup.toml")?;
    stage.screen.block(POLICY)
}

/// The first backup after a restore: the shop is another database under its old name, and `backup` says so by failing.
async fn first_night(stage: &Stage) -> Result<String, Error> {
    let (url, target) = (stage.url(SHOP), stage.target());
    stage.sql(SHOP, A_DAY).await?;
    let (output, _) = stage
        .show(&["run", "--from", &url, "--to", &target])
        .await?;
    if output.status.code() != Some(1) {
        succeeded(output, "backup run")?;
        return Err(Error::Unproven(
            "`backup run` took the restored database for the one it was restored from".to_owned(),
        ));
    }
    stage.screen.seen(
        "right: it is a new database under the old name; nothing is pruned until somebody has looked",
    )?;
    Ok(newest(stage).await?.id)
}

/// Days of trade, and a backup after each.
async fn more_nights(stage: &Stage) -> Result<(Duration, Duration), Error> {
    let (url, target) = (stage.url(SHOP), stage.target());
    let (mut shortest, mut longest) = (Duration::MAX, Duration::ZERO);
    for _ in 0..DAYS {
        stage.sql(SHOP, A_DAY).await?;
        let took = stage
            .backup(&["run", "--from", &url, "--to", &target])
            .await?;
        (shortest, longest) = (shortest.min(took), longest.max(took));
    }
    Ok((shortest, longest))
}
