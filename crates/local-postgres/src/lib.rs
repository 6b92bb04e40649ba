#![doc = include_str!("../README.md")]

mod account;
mod builder;
mod client;
mod cluster;
mod error;
mod home;
mod installation;
mod program;
mod server;

pub use builder::Builder;
pub use cluster::Auth;
pub use error::{Error, Result};
pub use installation::{BIN_DIRS_VARIABLE, Installation, Search, Version};
pub use server::LocalPostgres;
