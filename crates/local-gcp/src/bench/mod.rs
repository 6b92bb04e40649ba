//! The test bench: faults on demand, the journal, and the `/_local` pages that drive them.

pub(crate) mod admin;
pub(crate) mod faults;
pub(crate) mod journal;
pub(crate) mod levels;
pub(crate) mod notes;
