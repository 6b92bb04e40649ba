//! Rotates secrets.
pub mod password;
pub mod rotation;
pub mod scram;
