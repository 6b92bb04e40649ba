//! The last words: only what this run has measured. Pure.

use super::{
    acts::{BackedUp, Caught, Drilled, Lost, Pruned, Restored, Shop, Story},
    stage::Struck,
};
use nightshift_runtime::report::{bytes, count, duration};
use std::time::Duration;

/// What is said when all is over, for whoever liked it.
const YOURS: &str = "\
backup check --from postgres://USER@HOST/DATABASE --to file:///FOLDER
changes nothing, and says what a backup of your own database would need";

/// Headings, and what is said under each.
pub(super) fn lines(story: &Story, struck: &Struck, took: Duration) -> Vec<(&'static str, String)> {
    vec![
        ("made", made_in_words(&story.shop)),
        ("backed up", backed_up_in_words(&story.backed_up)),
        ("lost", lost_in_words(&story.lost)),
        ("restored", restored_in_words(&story.restored)),
        ("drilled", drilled_in_words(&story.drilled)),
        ("pruned", pruned_in_words(&story.pruned)),
        ("caught", caught_in_words(&story.caught)),
        ("left", left_in_words(struck, took)),
        ("yours", YOURS.to_owned()),
    ]
}

fn made_in_words(shop: &Shop) -> String {
    format!(
        "a web shop on PostgreSQL {}: {} rows, {} on disk, in {}",
        shop.version,
        count(shop.inventory.rows()),
        bytes(shop.bytes),
        duration(shop.took)
    )
}

fn backed_up_in_words(backed_up: &BackedUp) -> String {
    let BackedUp { ours, pipe, .. } = backed_up;
    format!(
        "{} rows, {}, into {} in {}\n\
         pg_dump | gzip: into {} in {} ({:.1} times the time, {:.2} times the bytes, just now)",
        count(backed_up.rows),
        bytes(backed_up.raw_bytes),
        bytes(ours.bytes),
        duration(ours.took),
        bytes(pipe.bytes),
        duration(pipe.took),
        pipe.took.as_secs_f64() / ours.took.as_secs_f64(),
        ratio(pipe.bytes, ours.bytes),
    )
}

fn lost_in_words(lost: &Lost) -> String {
    format!(
        "{} rows, {} whole tables and views, every price",
        count(lost.rows),
        lost.relations
    )
}

fn restored_in_words(restored: &Restored) -> String {
    let checksums = restored.checksums;
    format!(
        "all of it in {}; {checksums} of {checksums} checksums by PostgreSQL itself are as before",
        duration(restored.took)
    )
}

fn drilled_in_words(drilled: &Drilled) -> String {
    format!(
        "once more on a server of its own, every row compared, in {}",
        duration(drilled.took)
    )
}

fn caught_in_words(caught: &Caught) -> String {
    format!(
        "one flipped bit of {}, in {}",
        count(caught.of_bits),
        caught.object
    )
}

fn pruned_in_words(pruned: &Pruned) -> String {
    let (shortest, longest) = pruned.runs;
    format!(
        "{} of {} backups, {} freed, by a policy that gave its reasons\nthe nightly ones took {} to {}",
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
        "nothing running: PostgreSQL{server} is stopped, {} is removed\n{} in all{kept}",
        struck.folder.display(),
        duration(took)
    )
}

#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn ratio(theirs: u64, ours: u64) -> f64 {
    theirs as f64 / ours.max(1) as f64
}
