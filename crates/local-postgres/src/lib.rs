#![doc = include_str!("../README.md")]

mod account;
mod builder;
mod client;
mod cluster;
mod command;
#[cfg(feature = "fixtures")]
pub mod compare;
mod error;
#[cfg(feature = "fixtures")]
pub mod fixtures;
mod home;
mod installation;
mod password;
mod process;
mod programs;
mod server;
mod standby;
pub mod tls;

pub use builder::Builder;
pub use cluster::Auth;
pub use error::{Error, Result};
pub use installation::{BIN_DIRS_VARIABLE, Installation, Search, Version};
pub use programs::ExtensionFile;
pub use server::LocalPostgres;
