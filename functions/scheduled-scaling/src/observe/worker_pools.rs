//! Cloud Run worker pools.

use super::{Listed, PAGE, Place, Wanted, count, failure, memory, text, time};
use crate::{
    config::Kind,
    google::{Google, Refused},
    schedule::Setting,
};
use google_cloud_run_v2::model::{WorkerPool, WorkerPoolScaling};
use serde_json::Value;

/// The label that allows to stop the workers of a discovered pool in the middle of their work, with the value `ok`.
const INTERRUPT: &str = "nightshift-interrupt";

pub(super) async fn list(
    google: &Google,
    place: &Place,
    wanted: &Wanted,
) -> Result<Vec<Listed>, Refused> {
    let mut kept = Vec::new();
    let mut token = String::new();
    loop {
        let request = google.worker_pools.list_worker_pools();
        let request = request.set_parent(place.parent()).set_page_size(PAGE);
        let page = request.set_page_token(token).send().await;
        let page =
            page.map_err(|error| Refused::new(format!("list {place}"), Kind::WorkerPool, &error))?;
        let listed = page.worker_pools.into_iter().map(|pool| read(pool, wanted));
        kept.extend(listed.filter(|listed| wanted.keeps(listed)));
        token = page.next_page_token;
        if token.is_empty() {
            return Ok(kept);
        }
    }
}

pub(super) async fn get(google: &Google, name: &str, wanted: &Wanted) -> Result<Listed, Refused> {
    let answer = google
        .worker_pools
        .get_worker_pool()
        .set_name(name)
        .send()
        .await;
    answer
        .map(|pool| read(pool, wanted))
        .map_err(|error| Refused::new(format!("read {name}"), Kind::WorkerPool, &error))
}

fn read(pool: WorkerPool, wanted: &Wanted) -> Listed {
    let changed = time(pool.update_time.as_ref());
    Listed {
        kind: Kind::WorkerPool,
        label: wanted.label(&pool.labels),
        may_interrupt: pool
            .labels
            .get(INTERRUPT)
            .is_some_and(|value| value == "ok"),
        setting: setting(pool.scaling.as_ref()),
        memory: memory(Kind::WorkerPool, &pool.annotations),
        reconciling_since: changed.filter(|_| pool.reconciling),
        is_ready: true,
        revision_floor: None,
        last_error: failure(pool.terminal_condition.as_ref()),
        last_writer: text(&pool.last_modifier),
        // What a worker pool costs is not published in a form we trust.
        made_of: None,
        // Both spellings occur; the configuration has this one.
        name: pool.name.replace("/workerpools/", "/workerPools/"),
        notes: pool.annotations,
        etag: pool.etag,
    }
}

/// Pools with automatic scaling exist, and the client has no field for it yet: it shows as one that it does not know.
fn setting(scaling: Option<&WorkerPoolScaling>) -> Result<Setting, String> {
    let scaling = scaling.ok_or("it has no scaling")?;
    let all = serde_json::to_value(scaling).unwrap_or(Value::Null);
    if all["scalingMode"] == "AUTOMATIC" {
        return Err(
            "it scales automatically, which is left alone; set it to manual scaling".into(),
        );
    }
    let manual = scaling
        .manual_instance_count
        .ok_or("it has no manual count")?;
    Ok(Setting::Manual(count(manual)?))
}
