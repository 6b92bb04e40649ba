//! The tests of `infra/`, over the provider's real schema and without a cloud.
//!
//! Without `terraform` they say so in one line and pass: CI has it, and so has whoever changes HCL.

mod documents;
mod environments;
mod facts;
mod format;
mod modules;
mod plan;
mod policy;
mod scripts;
mod terraform;
