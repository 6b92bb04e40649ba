//! What `scheduled-scaling` is told: a shop that sleeps at night, and a stage for tests that rests with its database.

use super::Crew;
use crate::Error;
use std::fs;

/// The file of its configuration, in the folder that the programs work in.
pub(crate) const CONFIG: &str = "scaling.toml";

/// The zone of all its schedules.
pub(crate) const ZONE: &str = "Europe/Brussels";

/// Writes the configuration.
pub(crate) fn prepare(crew: &Crew) -> Result<(), Error> {
    let file = crew.folder().join(CONFIG);
    fs::write(&file, include_str!("scaling.toml"))
        .map_err(|source| Error::io(format!("write {}", file.display()), source))
}
