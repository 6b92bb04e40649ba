//! All state, in typed tables, changed by transactions.
//!
//! A transaction works on a copy of the tables (cheap: they share their structure) and takes their place only after it
//! was written to the log, so a change happens whole or not at all and a failed handler leaves nothing behind. Readers
//! hold a [`View`] that never changes under them. The last views are kept for stale reads.

pub(crate) mod blobs;
mod log;
mod table;

pub(crate) use table::{Record, Schema, Tx, View};

use crate::http::ApiError;
use log::Log;
use std::{
    collections::{BTreeSet, VecDeque},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// How many earlier states are kept for stale reads.
const HISTORY: usize = 256;

/// Why state could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process works on the same folder.
    #[error("{} is in use by another local-gcp; stop it or name another folder", .0.display())]
    Locked(PathBuf),
    /// Reading or writing failed.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A line in the middle of the log is not what was written.
    #[error(
        "{}, line {line}, is damaged ({problem}); move the folder away to start empty, or restore the file",
        path.display()
    )]
    Damaged {
        /// The log file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let source = std::error::Error::source(&error)
            .map(|s| format!(": {s}"))
            .unwrap_or_default();
        Self::internal(format!("state was not kept: {error}{source}"))
    }
}

/// The state and the log that keeps it.
pub(crate) struct Store {
    inner: Mutex<Inner>,
    version: watch::Sender<u64>,
}

struct Inner {
    view: View,
    log: Option<Log>,
    history: VecDeque<Past>,
}

/// The state before a commit, and whose tables that commit changed.
struct Past {
    view: View,
    changed: BTreeSet<&'static str>,
}

impl Store {
    /// In memory, or in `folder`, where what was there before is read in.
    pub(crate) fn open(schema: &Schema, folder: Option<&Path>) -> Result<Self, StoreError> {
        let mut view = View::default();
        let log = folder
            .map(|folder| Log::open(folder, schema, &mut view))
            .transpose()?;
        let inner = Inner {
            view,
            log,
            history: VecDeque::new(),
        };
        Ok(Self {
            inner: Mutex::new(inner),
            version: watch::Sender::new(0),
        })
    }

    /// The newest state.
    pub(crate) fn view(&self) -> View {
        self.lock().view.clone()
    }

    /// The state before the last `writes` commits that changed tables of `api`.
    pub(crate) fn view_before(&self, api: &str, writes: usize) -> View {
        let inner = self.lock();
        let mut past = inner
            .history
            .iter()
            .rev()
            .filter(|past| past.changed.contains(api));
        let found = writes.checked_sub(1).and_then(|skip| past.nth(skip));
        found.map_or_else(|| inner.view.clone(), |past| past.view.clone())
    }

    /// Runs a transaction. Nothing has changed when it fails.
    pub(crate) fn write<R, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&mut Tx) -> Result<R, E>,
    ) -> Result<R, E> {
        let (result, after) = {
            let mut inner = self.lock();
            let mut tx = Tx::new(inner.view.clone());
            let result = change(&mut tx)?;
            let after = inner.commit(tx)?;
            (result, after)
        };
        self.version.send_modify(|version| *version += 1);
        for effect in after {
            effect();
        }
        Ok(result)
    }

    /// Empties all tables.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.clear();
            Ok(())
        })
    }

    /// Tells of every commit.
    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic inside a transaction leaves the tables as they were: they are replaced at its very end.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn commit(&mut self, tx: Tx) -> Result<Vec<table::Effect>, StoreError> {
        let table::Finished {
            view,
            changes,
            after,
        } = tx.finish();
        if changes.is_empty() {
            return Ok(after);
        }
        if let Some(log) = &mut self.log {
            log.append(&changes, &view)?;
        }
        let changed = changes
            .iter()
            .filter_map(|c| c.table.split('.').next())
            .collect();
        let past = Past {
            view: std::mem::replace(&mut self.view, view),
            changed,
        };
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(past);
        Ok(after)
    }
}
