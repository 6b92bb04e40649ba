#![doc = include_str!("../README.md")]

pub mod cli;
pub mod demo;
mod error;

pub use error::Error;
