//! What `pause` and `resume` say.

use crate::{managed::Managed, secret_manager::Secret};
use nightshift_runtime::Report;
use serde::Serialize;

/// Whether a secret is frozen now.
#[derive(Debug, Serialize)]
pub struct Paused {
    secret: String,
    #[serde(rename = "paused")]
    is_frozen: bool,
    phase: &'static str,
}

impl Paused {
    /// As the secret says.
    pub fn new(managed: &Managed, secret: &Secret) -> Self {
        let state = secret.view().state;
        Self {
            secret: managed.key.clone(),
            is_frozen: secret.is_paused(),
            phase: match &state {
                Ok(Some(state)) => state.phase_name(),
                Ok(None) => "unmanaged",
                Err(_) => "unreadable",
            },
        }
    }
}

impl Report for Paused {
    fn table(&self) -> String {
        let Self { secret, phase, .. } = self;
        if self.is_frozen {
            format!("{secret} is frozen in phase {phase}")
        } else {
            format!("{secret} may be rotated; it is in phase {phase}")
        }
    }
}
