//! What can be chosen at the start.

use jiff::Timestamp;
use serde_json::Value;
use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    time::Duration,
};

/// How to start a [`LocalGcp`](crate::LocalGcp). The defaults are those of a test: in memory, on a free port.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address to listen on. Anything but loopback is refused unless `force_public` is set.
    pub address: IpAddr,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// Listen on an address that others can reach, although anybody who can call this server gets tokens.
    pub force_public: bool,
    /// The folder that keeps the state; in memory when absent.
    pub state: Option<PathBuf>,
    /// What a seed file says (see the README): what there is at the start, where nothing was kept yet.
    pub seed: Option<Value>,
    /// The project that the metadata server names.
    pub project: String,
    /// The region that the metadata server names.
    pub region: String,
    /// The default service account's e-mail address.
    pub service_account: String,
    /// Where the clock stands at the start; in a kept state the clock goes on where it was.
    pub now: Option<Timestamp>,
    /// Whether the clock runs.
    pub running: bool,
    /// A file that always shows the time here, for functions that are to go by it: they find it by their environment
    /// variable `NIGHTSHIFT_CLOCK_FILE`.
    pub clock_file: Option<PathBuf>,
    /// How long (real time) a long-running operation is pending.
    pub operation_time: Duration,
    /// Cloud Run's quota: how many writes a project may make in one region within a minute (of the clock here). Google
    /// gives 60, and some new projects 30; without a limit when absent.
    pub run_writes_per_minute: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            force_public: false,
            state: None,
            seed: None,
            project: "demo".to_owned(),
            region: "europe-west1".to_owned(),
            service_account: "nightshift@demo.iam.gserviceaccount.com".to_owned(),
            now: None,
            running: true,
            clock_file: None,
            operation_time: Duration::from_millis(100),
            run_writes_per_minute: Some(60),
        }
    }
}

impl Options {
    /// The defaults, with the clock stopped at `now`.
    pub fn stopped_at(now: Timestamp) -> Self {
        Self {
            now: Some(now),
            running: false,
            ..Self::default()
        }
    }
}
