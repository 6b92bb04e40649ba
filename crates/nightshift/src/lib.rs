#![doc = include_str!("../README.md")]

mod accounts;
pub mod cli;
pub mod demo;
mod error;
mod programs;
mod screen;
pub mod up;

pub use error::Error;
