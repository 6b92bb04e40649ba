//! Rotates secrets.
pub mod rotation;
