//! The section `serviceusage` of a seed file.

use super::{limit::Limit, names::Path};
use crate::{app::App, google::json, http::ApiError, store::Tx};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    #[serde(default)]
    limits: Vec<SeededLimit>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SeededLimit {
    project: Option<String>,
    service: String,
    metric: String,
    #[serde(default = "per_project")]
    unit: String,
    #[serde(default)]
    display_name: String,
    #[serde(with = "json::int64")]
    default_limit: i64,
    /// How much of it is used, for the safety check of overrides.
    #[serde(default, with = "json::int64")]
    usage: i64,
}

fn per_project() -> String {
    "1/{project}".to_owned()
}

pub(super) fn seed(app: &App, tx: &mut Tx, section: Value) -> Result<(), ApiError> {
    let seed: Seed = json::decode_value(section)?;
    for seeded in seed.limits {
        let project = seeded.project.as_deref().unwrap_or(&app.options.project);
        let number = app.identity.project_number(project);
        let path = Path::seeded(number, &seeded.service, &seeded.metric, &seeded.unit);
        tx.put(
            &path.limit(),
            Limit {
                metric: seeded.metric,
                unit: seeded.unit,
                display_name: seeded.display_name,
                default_limit: seeded.default_limit,
                usage: seeded.usage,
            },
        );
    }
    Ok(())
}
