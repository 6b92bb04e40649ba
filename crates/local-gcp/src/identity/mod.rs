//! Who signs: the keys behind every ID token, the tokens, and the pages that publish the keys.

mod keys;
mod pages;
pub(crate) mod token;

use crate::{
    app::App,
    http::ApiError,
    store::{Record, Tx, View},
};
use keys::{Key, SavedKey};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use pages::api;

/// The signing keys, newest last. The older ones are still published, as Google does for some days.
#[derive(Default)]
pub(crate) struct Identity(Mutex<Vec<Arc<Key>>>);

/// How many keys are published at once.
const PUBLISHED: usize = 2;

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct SavedKeys(Vec<SavedKey>);

impl Record for SavedKeys {
    const TABLE: &'static str = "identity.keys";
}

impl Identity {
    /// The keys of the last run, so that a key set that functions have cached stays good.
    pub(crate) fn load(view: &View) -> Result<Self, ApiError> {
        let saved = view.get::<SavedKeys>("keys").unwrap_or_default();
        let keys: Vec<Arc<Key>> = saved
            .0
            .iter()
            .map(|key| Key::load(key).map(Arc::new))
            .collect::<Result<_, _>>()?;
        Ok(Self(Mutex::new(keys)))
    }

    /// The key to sign with. It is made when it is first asked for: most tests never need one.
    fn signing_key(&self, app: &App) -> Result<Arc<Key>, ApiError> {
        if let Some(key) = self.lock().last() {
            return Ok(key.clone());
        }
        self.add_key(app, true)
    }

    /// Signs with a new key from now on and returns its id.
    pub(crate) fn roll(&self, app: &App) -> Result<String, ApiError> {
        Ok(self.add_key(app, false)?.kid.clone())
    }

    fn add_key(&self, app: &App, only_if_none: bool) -> Result<Arc<Key>, ApiError> {
        let key = {
            let mut keys = self.lock();
            if let (true, Some(key)) = (only_if_none, keys.last()) {
                return Ok(key.clone());
            }
            let key = Arc::new(Key::generate()?);
            keys.push(key.clone());
            let surplus = keys.len().saturating_sub(PUBLISHED);
            keys.drain(..surplus);
            key
        };
        app.store.write(|tx| {
            self.save(tx);
            Ok::<_, ApiError>(())
        })?;
        Ok(key)
    }

    pub(crate) fn save(&self, tx: &mut Tx) {
        tx.put(
            "keys",
            SavedKeys(self.lock().iter().map(|key| key.saved.clone()).collect()),
        );
    }

    /// The number of a project: made up, but always the same for the same id.
    #[expect(
        clippy::unused_self,
        reason = "asked of the identity like everything else about who is who"
    )]
    pub(crate) fn project_number(&self, project: &str) -> u64 {
        if let Ok(number) = project.parse() {
            return number;
        }
        100_000_000_000 + u64::from(crc32c::crc32c(project.as_bytes())) * 199 % 900_000_000_000
    }

    /// The numeric id of a service account, its tokens' `sub`.
    #[expect(
        clippy::unused_self,
        reason = "asked of the identity like everything else about who is who"
    )]
    pub(crate) fn account_id(&self, email: &str) -> String {
        let high = crc32c::crc32c(email.as_bytes());
        let low = crc32c::crc32c_append(high, email.as_bytes());
        format!("1{high:010}{low:010}")
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Key>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
