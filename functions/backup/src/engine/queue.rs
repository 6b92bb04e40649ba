//! Where workers get their next read.

use crate::{error::Error, plan::Read};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// Hands out each read once.
pub trait ReadQueue: Send + Sync + 'static {
    /// The next read; none when there is nothing left to take. Called from worker threads, may block.
    fn next(&self) -> Result<Option<Read>, Error>;
}

/// The queue of a run in one process.
#[derive(Debug)]
pub struct LocalQueue(Mutex<VecDeque<Read>>);

impl LocalQueue {
    /// Hands out `reads` in their order.
    pub fn new(reads: Vec<Read>) -> Self {
        Self(Mutex::new(reads.into()))
    }
}

impl ReadQueue for LocalQueue {
    fn next(&self) -> Result<Option<Read>, Error> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front())
    }
}
