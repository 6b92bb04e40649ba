//! The console in headless Chromium: load, press, see the change, and hear no complaint.

use crate::{
    browser::{Browser, DESKTOP, Look, PHONE},
    up::Up,
};
use anyhow::Result;
use serde_json::json;

fn open(up: &Up, look: Look) -> Result<Browser> {
    let mut browser = Browser::start()?;
    browser.look(look)?;
    browser.open(&up.url)?;
    Ok(browser)
}

/// An expression: whether what a selector finds has this text in it.
fn shows(selector: &str, text: &str) -> String {
    format!(
        "[...document.querySelectorAll({selector:?})].some((one) => one.textContent.includes({text:?}))"
    )
}

#[test]
fn it_shows_the_project_and_what_changes_in_it() -> Result<()> {
    let up = Up::stopped()?;
    let mut browser = open(&up, DESKTOP)?;
    for name in [
        "storefront",
        "mailer",
        "shop-db-password",
        "backup-nightly",
        "budget-alerts",
        "demo-shop-backups",
        "shop-db",
    ] {
        browser.until(&shows("#resources .name", name))?;
    }
    let path = "/v2/projects/demo/locations/europe-west1/services/checkout?updateMask=scaling.minInstanceCount";
    up.ask(
        "PATCH",
        path,
        Some(json!({ "scaling": { "minInstanceCount": 7 } })),
    )?;
    browser.until(&shows("#resources summary", "min 7"))?;
    browser.until(&shows("#entries summary", "services.patch"))?;
    // Opened, a row shows the whole exchange.
    browser.press("#entries li:first-child summary")?;
    browser.until(&shows("#entries pre", "minInstanceCount"))?;
    assert_eq!(browser.complaints()?, [""; 0]);
    Ok(())
}

#[test]
fn it_shows_the_phases_of_a_rotation_and_a_client_that_notices_nothing() -> Result<()> {
    let up = Up::start()?;
    let mut browser = open(&up, DESKTOP)?;
    browser.until(&shows("#notes", "as shop_a; none failed"))?;
    browser.until(&shows("#resources summary", "1 (current) enabled"))?;
    browser.press("#rotate button")?;
    let phases = "claimed → staged → proven → promoted → rolled";
    browser.until(&shows("#resources summary", phases))?;
    let versions = "2 (current) enabled, 1 (previous) enabled";
    browser.until(&shows("#resources summary", versions))?;
    browser.until(&shows("#notes", "as shop_b; none failed"))?;
    browser.photograph("rotation")?;
    assert_eq!(browser.complaints()?, [""; 0]);
    Ok(())
}

#[test]
fn its_own_looking_is_neither_noted_nor_hit_by_faults() -> Result<()> {
    let up = Up::stopped()?;
    up.ask(
        "POST",
        "/_local/faults",
        Some(json!({ "method": "*", "status": 503, "times": 0 })),
    )?;
    let mut browser = open(&up, DESKTOP)?;
    browser.until(&shows("#resources .name", "storefront"))?;
    browser.until(&shows("#planned", "every call answers 503"))?;
    assert_eq!(up.ask("GET", "/_local/journal", None)?, json!([]));
    assert_eq!(browser.complaints()?, [""; 0]);
    Ok(())
}

#[test]
fn the_clock_moves_and_schedules_follow() -> Result<()> {
    let up = Up::start()?;
    let mut browser = open(&up, DESKTOP)?;
    let before = browser.value("document.getElementById('now').dateTime.slice(0, 13)")?;
    browser.press("[data-advance='1h']")?;
    browser.until(&shows("#said", "Forward 60 min"))?;
    browser.until(&format!(
        "document.getElementById('now').dateTime.slice(0, 13) > {before}"
    ))?;
    browser.until(&shows("#resources summary", "last"))?;
    browser.press("#pause")?;
    browser.until(&shows("#running", "stopped"))?;
    browser.value("document.getElementById('set-to').value = '2026-01-06T07:08:09'")?;
    browser.press("#set button")?;
    browser.until(&shows("#now", "Tue 2026-01-06 07:08:09 UTC"))?;
    assert_eq!(browser.complaints()?, [""; 0]);
    Ok(())
}

#[test]
fn its_buttons_publish_what_google_would() -> Result<()> {
    let up = Up::stopped()?;
    let mut browser = open(&up, DESKTOP)?;
    browser.press("#budget button")?;
    browser.until(&shows("#said", "published to budget-alerts"))?;
    browser.press("#rotate button")?;
    browser.until(&shows(
        "#said",
        "SECRET_ROTATE of shop-db-password published",
    ))?;
    browser.value("document.querySelector('#schedule select').value = 'projects/demo/locations/europe-west1/jobs/backup-nightly'")?;
    browser.press("#schedule button")?;
    browser.until(&shows("#said", "backup-nightly was started"))?;
    let pulled = |topic: &str| -> Result<serde_json::Value> {
        let path = format!("/v1/projects/demo/subscriptions/{topic}-pull:pull");
        let answer = up.ask("POST", &path, Some(json!({ "maxMessages": 1 })))?;
        Ok(answer["receivedMessages"][0]["message"].clone())
    };
    let budget = pulled("budget-alerts")?;
    assert_eq!(
        budget["attributes"]["billingAccountId"],
        "01D4EE-079462-DFD6EC"
    );
    let body = browser.value(&format!("JSON.parse(atob({}))", budget["data"]))?;
    assert_eq!(
        (&body["costAmount"], &body["alertThresholdExceeded"]),
        (&json!(520), &json!(0.5))
    );
    let rotation = pulled("secret-rotations")?;
    assert_eq!(rotation["attributes"]["eventType"], "SECRET_ROTATE");
    let tick = pulled("backup-runs")?;
    let command = browser.value(&format!("atob({})", tick["data"]))?;
    assert_eq!(command, r#"{"command":"run"}"#);
    assert_eq!(browser.complaints()?, [""; 0]);
    Ok(())
}

#[test]
fn a_switch_breaks_a_method_and_mends_it() -> Result<()> {
    let up = Up::stopped()?;
    let mut browser = open(&up, DESKTOP)?;
    let secret = "/v1/projects/demo/secrets/stripe-api-key/versions/1:access";
    up.ask("GET", secret, None)?;
    browser.press("#switch-0")?;
    browser.until(&shows("#planned", "every call answers 503"))?;
    assert!(up.ask("GET", secret, None).is_err());
    browser.until(&shows("#planned", "hit once"))?;
    browser.until(&shows("#entries .badge", "503"))?;
    browser.press("#switch-0")?;
    browser.until("document.querySelector('#planned').children.length === 0")?;
    up.ask("GET", secret, None)?;
    // A lost answer: what was asked is done all the same.
    browser.press("#switch-1")?;
    browser.until(&shows("#planned", "loses its answer"))?;
    let path = "/v2/projects/demo/locations/us-central1/services/search?updateMask=scaling.minInstanceCount";
    assert!(
        up.ask(
            "PATCH",
            path,
            Some(json!({ "scaling": { "minInstanceCount": 4 } }))
        )
        .is_err()
    );
    browser.until(&shows("#resources summary", "min 4"))?;
    assert_eq!(browser.complaints()?, [""; 0]);
    Ok(())
}

#[test]
fn the_keyboard_alone_reaches_and_works_everything() -> Result<()> {
    let up = Up::stopped()?;
    let mut browser = open(&up, DESKTOP)?;
    let mut reached = vec![];
    // Until the focus leaves the page at its end.
    loop {
        browser.key("Tab")?;
        let focused = browser.value(
            "(() => { const one = document.activeElement; return [one.id || one.dataset.advance || one.name || one.tagName, getComputedStyle(one).outlineStyle !== 'none']; })()",
        )?;
        if focused[0] == "BODY" {
            break;
        }
        assert_eq!(focused[1], true, "nobody sees the focus on {focused}");
        reached.push(focused[0].as_str().unwrap_or_default().to_owned());
    }
    for control in [
        "1h", "1d", "pause", "set-to", "SUMMARY", "topic", "secret", "job", "switch-0", "method",
        "filter", "clear",
    ] {
        assert!(
            reached.iter().any(|one| one == control),
            "{control} is not among {reached:?}"
        );
    }
    browser.value("document.querySelector('#rotate button').focus()")?;
    browser.key("Enter")?;
    browser.until(&shows("#said", "SECRET_ROTATE of"))?;
    browser.value("document.querySelector('#switch-2').focus()")?;
    browser.key(" ")?;
    browser.until(&shows("#planned", "pubsub.projects.topics.publish"))?;
    browser.value("document.querySelector('#resources summary').focus()")?;
    browser.key("Enter")?;
    browser.until(&shows("#resources pre", "terminalCondition"))?;
    // What was open and focused stays so when the list is read again.
    up.ask("PUT", "/v1/projects/demo/topics/another", Some(json!({})))?;
    browser.until(&shows("#resources .name", "another"))?;
    assert_eq!(browser.value("document.activeElement.tagName")?, "SUMMARY");
    assert_eq!(
        browser.value("document.querySelectorAll('#resources details[open]').length")?,
        1
    );
    assert_eq!(browser.complaints()?, [""; 0]);
    Ok(())
}

#[test]
fn it_fits_phone_and_desk_by_day_and_by_night_and_names_its_controls() -> Result<()> {
    let up = Up::start()?;
    let mut browser = open(&up, DESKTOP)?;
    browser.press("#budget button")?;
    browser.press("[data-advance='1h']")?;
    browser.press("#switch-0")?;
    browser.until(&shows("#planned", "every call answers 503"))?;
    let access = "/v1/projects/demo/secrets/shop-db-password/versions/1:access";
    assert!(up.ask("GET", access, None).is_err());
    browser.until(&shows("#entries .badge", "503"))?;
    for (name, look) in [("desk", DESKTOP), ("phone", PHONE)] {
        for dark in [false, true] {
            browser.look(Look { dark, ..look })?;
            let wide = browser.value("document.documentElement.scrollWidth")?;
            browser.photograph(&format!("{name}-{}", if dark { "dark" } else { "light" }))?;
            assert_eq!(wide, look.width, "{name} scrolls sideways");
        }
    }
    // As a screen reader has it: nothing that can be worked is without a name.
    let nameless = browser.value(
        "[...document.querySelectorAll('button, input, select, summary, a')].filter((one) => \
           !(one.ariaLabel || one.textContent.trim() || one.labels?.[0]?.textContent.trim())).map((one) => one.outerHTML)",
    )?;
    assert_eq!(nameless, json!([]));
    assert_eq!(browser.complaints()?, [""; 0]);
    Ok(())
}
