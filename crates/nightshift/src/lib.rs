#![doc = include_str!("../README.md")]

pub mod cli;
pub mod demo;
mod error;
mod programs;
mod screen;
pub mod up;

pub use error::Error;
