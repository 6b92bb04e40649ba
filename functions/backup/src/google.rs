//! Google's clients, built when the first one is asked for: a backup into a folder needs no credentials.

use nightshift_runtime::gcp::{Gcp, GcpError, Options};
use std::sync::{Arc, OnceLock};

/// How Google is reached. Clones share one cache of credentials.
#[derive(Debug, Clone, Default)]
pub struct Google {
    options: Options,
    built: Arc<OnceLock<Gcp>>,
}

impl Google {
    /// As the command line and the environment say.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            built: Arc::default(),
        }
    }

    /// What every client is built from. Must be called within a tokio runtime.
    pub fn clients(&self) -> Result<&Gcp, GcpError> {
        if let Some(gcp) = self.built.get() {
            return Ok(gcp);
        }
        let gcp = Gcp::from_options(&self.options)?;
        Ok(self.built.get_or_init(|| gcp))
    }
}
