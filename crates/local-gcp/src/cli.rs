//! The command line.

use clap::Parser;
use jiff::Timestamp;
use local_gcp::Options;
use std::{net::IpAddr, path::PathBuf, time::Duration};

const EXAMPLES: &str = "\
Examples:
  local-gcp --port 9099
      Everything in memory, gone at the end.
  local-gcp --port 9099 --state .local-gcp --seed seed.json
      Kept in a folder; the seed is read only while the folder is empty.
  curl -d '{\"advance\":\"P7D\"}' http://127.0.0.1:9099/_local/clock
      Live through a week of schedules, rotations and retries.
  curl -N http://127.0.0.1:9099/_local/journal/stream
      Watch what the functions ask.

The README of this crate documents every API, the seed file and /_local.";

/// Google Cloud on your own machine: the APIs, events, tokens and clock that Nightshift's functions meet.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Port to listen on; 0 lets the system choose.
    #[arg(long, env = "LOCAL_GCP_PORT", default_value_t = 9099)]
    port: u16,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    address: IpAddr,
    /// Listen on an address that other machines can reach. Whoever reaches it gets tokens and all data.
    #[arg(long)]
    force_public: bool,
    /// Folder that keeps the state; in memory when not given.
    #[arg(long, value_name = "DIR", env = "LOCAL_GCP_STATE")]
    state: Option<PathBuf>,
    /// JSON file to start from, unless the state folder holds something already.
    #[arg(long, value_name = "FILE", env = "LOCAL_GCP_SEED")]
    pub(crate) seed: Option<PathBuf>,
    /// Project that the metadata server names.
    #[arg(long, default_value = "demo")]
    project: String,
    /// Region that the metadata server names.
    #[arg(long, default_value = "europe-west1")]
    region: String,
    /// Service account that the metadata server names; nightshift@PROJECT.iam.gserviceaccount.com when not given.
    #[arg(long, value_name = "EMAIL")]
    service_account: Option<String>,
    /// Start the clock at this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// Let the clock stand still until it is moved.
    #[arg(long)]
    stopped: bool,
    /// File that always shows the time here, for functions that have `NIGHTSHIFT_CLOCK_FILE` set to it.
    #[arg(long, value_name = "FILE")]
    clock_file: Option<PathBuf>,
    /// How long long-running operations are pending, in milliseconds of real time.
    #[arg(long, value_name = "MS", default_value_t = 500)]
    operation_time: u64,
}

impl Args {
    pub(crate) fn options(&self) -> Options {
        let account = || format!("nightshift@{}.iam.gserviceaccount.com", self.project);
        Options {
            address: self.address,
            port: self.port,
            force_public: self.force_public,
            state: self.state.clone(),
            project: self.project.clone(),
            region: self.region.clone(),
            service_account: self.service_account.clone().unwrap_or_else(account),
            now: self.now,
            running: !self.stopped,
            clock_file: self.clock_file.clone(),
            operation_time: Duration::from_millis(self.operation_time),
            ..Options::default()
        }
    }
}
