#![doc = include_str!("../README.md")]

pub mod budget;
pub mod cli;
pub mod contenders;
pub mod cpu;
pub mod dataset;
pub mod events;
pub mod measure;
pub mod report;
pub mod rotation;
pub mod scaling;
mod service;
pub mod suite;
pub mod targets;
pub mod tools;
