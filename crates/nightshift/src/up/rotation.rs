//! What `rotate-secrets` is told: that the password of the shop's database is one of two accounts that take turns.

use super::{
    Crew, Google,
    project::{CHECKOUT, PROJECT, SHOP_PASSWORD},
};
use crate::Error;
use reqwest::Method;
use serde_json::{Value, json};
use std::{fs, path::Path};

/// The file of its configuration, in the folder that the programs work in.
pub(crate) const CONFIG: &str = "rotate-secrets.json";

/// The settings of the shop's secret.
pub(super) fn config(target: &Value, grace: &str) -> Value {
    json!({
        "target": { "postgres": target },
        "consumers": [{ "name": CHECKOUT }],
        "grace": grace,
        // People press the button twice.
        "min_gap": "0s",
    })
}

/// Writes the configuration, and takes the secret under management, as whoever deploys it would.
pub(super) async fn prepare(
    crew: &Crew,
    programs: Option<&Path>,
    google: &Google,
    secret: Value,
) -> Result<(), Error> {
    let path = format!("/v1/projects/{PROJECT}/secrets/{SHOP_PASSWORD}");
    let read = google.ask(Method::GET, &path, None).await?;
    // Events name the project by its number, and so do answers.
    let number = read["name"]
        .as_str()
        .and_then(|name| name.split('/').nth(1));
    let number: Option<u64> = number.and_then(|number| number.parse().ok());
    let config = json!({
        "project": PROJECT,
        "project_number": number,
        "secrets": { (SHOP_PASSWORD): secret },
    });
    let file = crew.folder().join(CONFIG);
    fs::write(&file, config.to_string())
        .map_err(|source| Error::io(format!("write {}", file.display()), source))?;
    let adopt = ["adopt", "--config", CONFIG];
    crew.run("rotate-secrets", programs, &adopt, google)
        .await
        .map(drop)
}
