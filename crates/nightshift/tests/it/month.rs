//! A budget that is spent: in `nightshift up` by the console's dial, and in the demo's chapter.

use crate::{
    bed::{Bed, DEADLINE, POLL, said},
    browser::{Browser, DESKTOP, PHONE},
    programs,
    up::Up,
};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::{
    process::{Command, Stdio},
    thread,
    time::Instant,
};

/// Whether the console says this of a budget.
fn says(text: &str) -> String {
    format!("document.querySelector('#guards').textContent.includes({text:?})")
}

/// Turns the dial to so much, and lets go of it.
fn turn(browser: &mut Browser, spend: u32) -> Result<()> {
    browser.value(&format!(
        "(() => {{ const dial = document.querySelector('#budget [name=dial]'); dial.value = {spend};
           dial.dispatchEvent(new Event('input', {{ bubbles: true }})); dial.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
    ))?;
    browser
        .until("document.querySelector('#said').textContent.includes('published to budget-alerts')")
}

fn search(up: &Up) -> Result<Value> {
    let path = "/v2/projects/demo/locations/us-central1/services/search";
    Ok(up.ask("GET", path, None)?["scaling"].take())
}

/// Waits until the service's scaling is so: the page shows what is decided, and Google takes a moment.
fn until(up: &Up, is_so: impl Fn(&Value) -> bool) -> Result<()> {
    let begun = Instant::now();
    loop {
        let now = search(up)?;
        if is_so(&now) {
            return Ok(());
        }
        ensure!(begun.elapsed() < DEADLINE, "{now}");
        thread::sleep(POLL);
    }
}

#[test]
fn the_dial_climbs_the_ladder_and_a_higher_budget_gives_everything_back() -> Result<()> {
    let up = Up::start()?;
    let before = search(&up)?;
    let mut browser = Browser::start()?;
    browser.look(DESKTOP)?;
    browser.open(&up.url)?;
    assert_eq!(
        browser.value("document.querySelector('#budgets').hidden")?,
        true
    );
    turn(&mut browser, 520)?;
    browser.until(&says("520.00 of 1,000.00 USD"))?;
    browser.until(&says("notified"))?;
    browser.until(&says("Nothing is held"))?;
    turn(&mut browser, 930)?;
    browser.until(&says("throttled"))?;
    browser.until(&says("run:demo/us-central1/search"))?;
    until(&up, |search| search["maxInstanceCount"] == 1)?;
    turn(&mut browser, 1010)?;
    browser.until(&says("stopped"))?;
    // What is held, by which step, and what it was.
    for text in [
        "compute:demo/us-central1-a/render-box",
        "by stop since",
        "was {\"scaling\"",
        "cost ≥ 90",
    ] {
        browser.until(&says(text))?;
    }
    until(&up, |search| search["scalingMode"] == "MANUAL")?;
    let label = "document.querySelector('.dial').getAttribute('aria-label')";
    assert_eq!(
        browser.value(label)?,
        json!("1,010.00 of 1,000.00 USD: 101 %")
    );
    browser.photograph("budget")?;
    browser.look(PHONE)?;
    assert_eq!(
        browser.value("document.documentElement.scrollWidth")?,
        PHONE.width
    );
    browser.photograph("budget-phone")?;
    browser.look(DESKTOP)?;
    browser.value("document.querySelector('#budget [name=budget]').value = 3000")?;
    turn(&mut browser, 1010)?;
    browser.until(&says("Nothing is held"))?;
    until(&up, |search| *search == before)?;
    assert_eq!(browser.complaints()?, [""; 0]);
    Ok(())
}

#[test]
fn the_chapter_climbs_every_rung_gives_everything_back_and_leaves_nothing() -> Result<()> {
    for name in ["local-gcp", "budget-guard"] {
        programs::program(name)?;
    }
    let bed = Bed::new()?;
    let output = Command::new(env!("CARGO_BIN_EXE_nightshift"))
        .args(["demo", "month"])
        .env("TMPDIR", bed.folder())
        .stdin(Stdio::null())
        .output()?;
    let said = said(&output);
    println!("{said}");
    assert_eq!(output.status.code(), Some(0), "{said}");
    for proof in [
        "budget-guard status",
        "half    told",
        "slow    search has one instance",
        "stop    search, storefront",
        "Cloud SQL's answer was lost",
        "nothing flaps",
        "by stop; was {\"state\":\"ENABLED\"}",
        "normal: nothing is held",
        "field for field as it was",
        "6 of 6 resources",
    ] {
        assert!(said.contains(proof), "nothing about `{proof}` in:\n{said}");
    }
    // No terminal reads this: nothing may drive one.
    assert!(!said.contains(['\u{1b}', '\r']), "{said:?}");
    assert_eq!(bed.remains()?, Vec::<String>::new());
    Ok(())
}
