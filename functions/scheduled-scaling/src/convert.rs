//! Schedules written out of what other tools are told.

mod cloud_scheduler;
mod keda;
mod kube_downscaler;
mod pair;

pub use cloud_scheduler::from_cloud_scheduler;
pub use keda::from_keda;
pub use kube_downscaler::from_uptime;

use crate::{config::Target, schedule::Schedule};
use serde::Serialize;
use std::collections::BTreeMap;

/// A configuration in the making: complete where it could be, with what a person has to look at.
#[derive(Debug, Default, PartialEq)]
pub struct Converted {
    /// Schedules by name.
    pub schedules: BTreeMap<String, Schedule>,
    /// What they are for, where that could be told.
    pub targets: Vec<Target>,
    /// What was left out, and what means something else here.
    pub warnings: Vec<String>,
}

/// Why nothing was converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotConvert {
    /// Not the document that was expected.
    #[error("this is not {expected}: {why}")]
    NotThat {
        /// What was expected.
        expected: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// There is nothing in it that could be converted.
    #[error("there is nothing to convert: {0}")]
    Nothing(String),
    /// A part of it has no counterpart.
    #[error("{what}: {why}")]
    Refused {
        /// Which part.
        what: String,
        /// Why, and what to do.
        why: String,
    },
}

impl Converted {
    /// The configuration as it is written, the warnings as comments above it.
    pub fn document(&self) -> Result<String, CannotConvert> {
        #[derive(Serialize)]
        struct Document<'a> {
            version: u32,
            schedules: &'a BTreeMap<String, Schedule>,
            #[serde(skip_serializing_if = "<[Target]>::is_empty")]
            targets: &'a [Target],
        }
        let written = toml::to_string(&Document {
            version: 1,
            schedules: &self.schedules,
            targets: &self.targets,
        });
        let written = written.map_err(|why| CannotConvert::NotThat {
            expected: "a configuration that can be written as TOML",
            why: why.to_string(),
        })?;
        let comments = self.warnings.iter().map(|warning| {
            let warning = warning.replace(char::is_control, " ");
            format!("# {warning}\n")
        });
        Ok(comments.chain([written]).collect())
    }
}

/// `name` as the name of a schedule, which labels must be able to hold.
fn schedule_name(name: &str) -> String {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let lower = name.to_lowercase();
    let kept = lower.chars().take(63);
    kept.map(|c| if fits(c) { c } else { '-' }).collect()
}
