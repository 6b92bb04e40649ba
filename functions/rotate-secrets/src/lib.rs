//! Rotates secrets: a credential changes and nobody notices.
//!
//! `main → cli → commands → rotation (decide) → apply (secret_manager, target, consumers) → report`

pub mod password;
pub mod payload;
pub mod rotation;
pub mod scram;
pub mod secret_manager;
pub mod target;
