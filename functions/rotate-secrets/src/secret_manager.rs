//! Secret Manager: where secrets, candidates and the state of their rotation are kept.

mod name;

pub use name::{BadSecretName, SecretName};
