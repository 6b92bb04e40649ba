//! The tests of `infra/`, over the provider's real schema and without a cloud.
//!
//! Without `terraform` they say so in one line and pass: CI has it, and so has whoever changes HCL.

#[cfg(test)]
mod commands;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod environments;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod format;
#[cfg(test)]
mod modules;
#[cfg(test)]
mod permissions;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod terraform;
#[cfg(test)]
mod traps;
