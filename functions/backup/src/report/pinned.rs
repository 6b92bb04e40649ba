//! What `pin` and `unpin` say.

use crate::{backup_id::BackupId, repository::Pin};
use nightshift_runtime::Report;
use serde::Serialize;

/// Whether a backup is pinned now.
#[derive(Debug, Serialize)]
pub struct Pinned {
    /// Which.
    pub id: BackupId,
    /// Its pin, if it has one.
    pub pin: Option<Pin>,
}

impl Report for Pinned {
    fn table(&self) -> String {
        match &self.pin {
            Some(pin) => format!("{} is pinned: {}", self.id, pin.reason),
            None => format!("{} is not pinned: the retention policy decides", self.id),
        }
    }
}
