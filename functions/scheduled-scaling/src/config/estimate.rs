//! What an instance is made of, for a price before anything was read.

use nightshift_runtime::config::ByteSize;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the price of an instance goes by. `plan` reads it from the target when it may; offline it is what is written here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// Processors of one instance in thousandths, over all containers: `2000` is two.
    pub milli_cpu: u32,
    /// Memory of one instance, over all containers.
    pub memory: ByteSize,
    /// How instances are billed.
    #[serde(default)]
    pub billing: Billing,
    /// The floor to compare with, instead of the largest scheduled value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<u32>,
    /// Whether a database is doubled for availability.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub highly_available: bool,
    /// Where a database is; the names of other targets tell their region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// How the instances of a service are billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Billing {
    /// While they serve requests, and at a lower rate while they are kept warm.
    #[default]
    Request,
    /// As long as they are there.
    Instance,
}

impl fmt::Display for Billing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request-based",
            Self::Instance => "instance-based",
        })
    }
}
