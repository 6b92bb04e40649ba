//! Local-gcp, asked over real HTTP and by Google's own clients.

mod bench;
mod identity;
mod persistence;
mod support;
