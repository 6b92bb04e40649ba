//! A week of scaling by the clock: in `nightshift up` as the console draws it, and in the demo's chapter.

use crate::{
    bed::{Bed, said},
    browser::{Browser, DESKTOP},
    programs,
    up::Up,
};
use anyhow::Result;
use serde_json::json;
use std::process::{Command, Stdio};

const CHECKOUT: &str = "/v2/projects/demo/locations/europe-west1/services/checkout";

/// Whether the console's timeline has this text.
fn draws(text: &str) -> String {
    format!("document.querySelector('#week')?.textContent.includes({text:?}) ?? false")
}

#[test]
fn the_console_draws_what_was_kept_as_the_clock_moves() -> Result<()> {
    let up = Up::start()?;
    let mut browser = Browser::start()?;
    browser.look(DESKTOP)?;
    browser.open(&up.url)?;
    let raise = json!({ "scaling": { "minInstanceCount": 7 } });
    let path = format!("{CHECKOUT}?updateMask=scaling.minInstanceCount");
    up.ask("PATCH", &path, Some(raise))?;
    browser.until(&draws("checkout"))?;
    let bars = "document.querySelectorAll('#week rect').length";
    let before = browser.value(bars)?;
    up.ask("POST", "/_local/clock", Some(json!({ "advance": "13h" })))?;
    // Whatever the hour was, thirteen later some schedule has changed something; the picture has it.
    browser.until(&format!("{bars} > {before}"))?;
    browser.until(&draws("UTC: min "))?;
    let label = "document.querySelector('#week svg').getAttribute('aria-label')";
    browser.until(&format!("{label}.includes('checkout min ')"))?;
    browser.photograph("week")?;
    assert_eq!(browser.complaints()?, [""; 0]);
    Ok(())
}

#[test]
fn the_chapter_holds_every_change_against_the_plan_and_leaves_nothing() -> Result<()> {
    for name in ["local-gcp", "scheduled-scaling"] {
        programs::program(name)?;
    }
    let bed = Bed::new()?;
    let output = Command::new(env!("CARGO_BIN_EXE_nightshift"))
        .args(["demo", "week"])
        .env("TMPDIR", bed.folder())
        .stdin(Stdio::null())
        .output()?;
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for proof in [
        "scheduled-scaling plan --offline",
        "Mon 06:50  checkout    min 0 → min 3",
        "Mon 08:00  staging-db  off → on",
        "'late sale'",
        "Tue 22:30  checkout    min 5 → min 0",
        "Thu 23:00  storefront  min 9 → min 1",
        "decides which windows start",
        "57 changes of the plan, each found at Google by the next tick",
        "of which none made a revision",
        "instance-hours, and 504 without a schedule",
    ] {
        assert!(said.contains(proof), "nothing about `{proof}` in:\n{said}");
    }
    assert!(!said.contains("Fri 06:50"), "{said}");
    // No terminal reads this: nothing may drive one.
    assert!(!said.contains(['\u{1b}', '\r']), "{said:?}");
    assert_eq!(bed.remains()?, Vec::<String>::new());
    Ok(())
}
