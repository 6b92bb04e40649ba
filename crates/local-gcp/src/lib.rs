#![doc = include_str!("../README.md")]

mod apis;
mod app;
mod bench;
mod billing;
mod compute;
mod console;
mod contract;
mod engine;
mod google;
mod http;
mod iam;
mod identity;
mod metadata;
mod options;
mod outbound;
mod projects;
mod pubsub;
mod run;
mod scheduler;
mod secretmanager;
mod server;
mod serviceusage;
mod sql;
mod storage;
mod store;

pub use bench::{
    faults::{Fault, Faults, Planned},
    journal::{Direction, Entry, Journal},
};
pub use contract::{Finding, Judgement, Part, judge, unvisited};
pub use http::{ApiError, Code};
pub use options::Options;
pub use server::{LocalGcp, StartError};
pub use store::StoreError;
