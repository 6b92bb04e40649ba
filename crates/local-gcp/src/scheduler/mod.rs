//! Cloud Scheduler: jobs that call an HTTP target or publish a message when it is time.
//!
//! ```text
//! schedule ─► run ─► attempt ─► 2xx
//!               ▲       │ anything else, or no answer in time
//!               └ pause ┘  until retries are used up or the next run is due
//! ```
//!
//! A run of a job begins when the one before has ended. What a stop interrupted is attempted again at the next start, so
//! targets see runs at least once, as from Google.

mod cron;
mod job;
mod methods;
mod retry;
mod run;
mod target;

use crate::{
    app::App,
    google::{json, schema::Schema},
    http::{Api, ApiError},
    store::Tx,
};
use job::Job;
use serde::Deserialize;
use serde_json::Value;
use std::sync::LazyLock;

/// Prefixes tables, timers and method names.
const NAME: &str = "cloudscheduler";

/// Google's definitions of the messages.
fn schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> =
        LazyLock::new(|| Schema::parse(include_str!("../../schemas/cloudscheduler.v1.json")));
    &SCHEMA
}

pub(crate) fn api() -> Api {
    let one = "/v1/{name=projects/*/locations/*/jobs/*}";
    let all = "/v1/{parent=projects/*/locations/*}/jobs";
    Api::new(NAME, "cloudscheduler.googleapis.com")
        .table::<Job>()
        .table::<run::Run>()
        .post(
            "cloudscheduler.projects.locations.jobs.create",
            all,
            methods::create,
        )
        .get(
            "cloudscheduler.projects.locations.jobs.list",
            all,
            methods::list,
        )
        .get(
            "cloudscheduler.projects.locations.jobs.get",
            one,
            methods::get,
        )
        .patch(
            "cloudscheduler.projects.locations.jobs.patch",
            one,
            methods::patch,
        )
        .delete(
            "cloudscheduler.projects.locations.jobs.delete",
            one,
            methods::delete,
        )
        .post(
            "cloudscheduler.projects.locations.jobs.pause",
            "/v1/{name=projects/*/locations/*/jobs/*}:pause",
            methods::pause,
        )
        .post(
            "cloudscheduler.projects.locations.jobs.resume",
            "/v1/{name=projects/*/locations/*/jobs/*}:resume",
            methods::resume,
        )
        .post(
            "cloudscheduler.projects.locations.jobs.run",
            "/v1/{name=projects/*/locations/*/jobs/*}:run",
            methods::run,
        )
        .on_timer(run::on_timer)
        .on_start(run::resume)
        .on_seed(seed)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Seed {
    jobs: Vec<Value>,
}

fn seed(app: &App, tx: &mut Tx, section: Value) -> Result<(), ApiError> {
    let seed: Seed = json::decode_value(section)?;
    for job in seed.jobs {
        let spec = schema().read("Job", job)?;
        let name = spec.get("name").and_then(Value::as_str).unwrap_or_default();
        let name = name.to_owned();
        job::check_name(&name)?;
        methods::keep(app, tx, &Job::new(name, spec, app.clock.now())?)?;
    }
    Ok(())
}
