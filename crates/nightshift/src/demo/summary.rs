//! The last words: only what this run has measured. Pure.

use super::{
    acts::{BackedUp, Pruned, Story},
    stage::Struck,
};
use nightshift_runtime::report::{bytes, count, duration};
use std::time::Duration;

/// Headings, and what is said under each.
pub(super) fn lines(story: &Story, struck: &Struck, took: Duration) -> Vec<(&'static str, String)> {
    let Story {
        shop,
        backed_up,
        lost,
        restored,
        drilled,
        pruned,
        caught,
    } = story;
    vec![
        (
            "made",
            format!(
                "a web shop on PostgreSQL {}: {} rows, {} on disk, in {}",
                shop.version,
                count(shop.inventory.rows()),
                bytes(shop.bytes),
                duration(shop.took)
            ),
        ),
        ("backed up", backed_up_in_words(backed_up)),
        (
            "lost",
            format!(
                "{} rows, {} whole tables and views, every price",
                count(lost.rows),
                lost.relations
            ),
        ),
        (
            "restored",
            format!(
                "all of it in {}; {} of {} checksums by PostgreSQL itself are those from before",
                duration(restored.took),
                restored.checksums,
                shop.inventory.len()
            ),
        ),
        (
            "drilled",
            format!(
                "again on a server of its own, every row compared, in {}",
                duration(drilled.took)
            ),
        ),
        ("pruned", pruned_in_words(pruned)),
        (
            "caught",
            format!(
                "one flipped bit of {}, in {}",
                count(caught.of_bits),
                caught.object
            ),
        ),
        ("left", left_in_words(struck, took)),
        (
            "yours",
            "backup check --from postgres://USER@HOST/DATABASE --to file:///FOLDER\n\
             changes nothing, and says what a backup of your own database would need"
                .to_owned(),
        ),
    ]
}

fn backed_up_in_words(backed_up: &BackedUp) -> String {
    let BackedUp {
        rows,
        raw_bytes,
        ours,
        pipe,
        ..
    } = backed_up;
    format!(
        "{} rows, {}, into {} in {}\npg_dump | gzip: {} in {}, {:.1} times the time and {:.2} times the bytes, on this machine, just now",
        count(*rows),
        bytes(*raw_bytes),
        bytes(ours.bytes),
        duration(ours.took),
        bytes(pipe.bytes),
        duration(pipe.took),
        pipe.took.as_secs_f64() / ours.took.as_secs_f64(),
        ratio(pipe.bytes, ours.bytes),
    )
}

fn pruned_in_words(pruned: &Pruned) -> String {
    let (shortest, longest) = pruned.runs;
    format!(
        "{} of {} backups, {} freed, by a policy that gave its reasons\nthe nightly ones took {} to {} each",
        pruned.deleted,
        pruned.before,
        bytes(pruned.freed_bytes),
        duration(shortest),
        duration(longest)
    )
}

fn left_in_words(struck: &Struck, took: Duration) -> String {
    let server = struck
        .server
        .map_or_else(String::new, |pid| format!(" (process {pid})"));
    let kept = struck.kept.as_ref().map_or_else(String::new, |kept| {
        format!("\nthe backups stay in {}, as asked", kept.display())
    });
    format!(
        "nothing running: PostgreSQL{server} is stopped, {} removed; {} in all{kept}",
        struck.folder.display(),
        duration(took)
    )
}

#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn ratio(theirs: u64, ours: u64) -> f64 {
    theirs as f64 / ours.max(1) as f64
}
