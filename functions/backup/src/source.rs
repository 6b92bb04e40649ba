//! The database that is read or restored into: how to reach it and how a session must be set up.

pub mod catalog;
pub mod params;
pub mod passfile;
pub mod session;
pub mod wire;
