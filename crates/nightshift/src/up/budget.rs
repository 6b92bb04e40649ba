//! What `budget-guard` is told: which rungs there are between an e-mail and a stop, and what none of them may touch.

use super::{
    Crew,
    project::{BUDGET, PROJECT},
};
use crate::Error;
use serde_json::{Value, json};
use std::fs;

/// The file of its configuration, in the folder that the programs work in.
pub(crate) const CONFIG: &str = "budget-guard.json";

/// The bucket of its memory, which the console reads too.
pub(super) const MEMORY: &str = "demo-budget-memory";

fn config() -> Value {
    let step = |id: &str, class: &str, share: &str, what: &[&str]| {
        let what: Vec<&str> = [&["notices"], what].concat();
        json!({ "id": id, "class": class, "when": { "actual": share }, "do": what })
    };
    let throttled = ["run.max_instances:demo/us-central1/search=1"];
    let stopped = [
        "run.disable:demo/us-central1/search",
        "run.disable:demo/us-central1/storefront",
        "pool.instances:demo/europe-west1/mailer=0",
    ];
    json!({
        "mode": "enforce",
        "guard_project": "finops",
        // Europe keeps selling whatever it costs.
        "protected": ["run:demo/europe-west1/storefront", "run:demo/europe-west1/checkout"],
        "state": format!("gs://{MEMORY}"),
        "feed": { "topic": format!("projects/{PROJECT}/topics/budget-alerts") },
        "channel": {
            "notices": { "kind": "pubsub", "topic": format!("projects/{PROJECT}/topics/budget-notices") },
        },
        "budget": [{
            "account": BUDGET.0,
            "id": BUDGET.1,
            "currency": "USD",
            "amount": { "min": "100", "max": "5000" },
            "step": [
                step("half", "notify", "50%", &[]),
                step("slow", "throttle", "90%", &throttled),
                step("stop", "stop", "100%", &stopped),
            ],
        }],
    })
}

/// Writes the configuration.
pub(super) fn prepare(crew: &Crew) -> Result<(), Error> {
    let file = crew.folder().join(CONFIG);
    fs::write(&file, config().to_string())
        .map_err(|source| Error::io(format!("write {}", file.display()), source))
}
