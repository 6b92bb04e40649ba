//! What a command used: time, processor, memory.
//!
//! The kernel adds up what *all* children of a process used, and cannot be told to begin again. So each command gets a
//! process of its own to be the child of: this program, started as `bench measure SCRIPT`.

use anyhow::{Context as _, bail};
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};
use std::{
    env,
    io::{Write, stdout},
    process::{Command, Stdio},
    time::Instant,
};

/// What a script and everything it started used.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub struct Usage {
    /// From start to end, in seconds.
    pub wall: f64,
    /// Processor time in the script's processes and in the kernel for them, in seconds.
    pub cpu: f64,
    /// Peak resident memory of the largest single process, in bytes.
    ///
    /// Never less than the few MB of the measuring process, whose memory a child shares until it becomes its program.
    pub peak_rss: u64,
}

/// Runs a bash script to its end in a process of its own and says what it used.
pub fn of(script: &str, environment: &[(&str, String)]) -> anyhow::Result<Usage> {
    let output = Command::new(env::current_exe().context("find this program")?)
        .args(["measure", script])
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .context("start the measuring process")?;
    if !output.status.success() {
        bail!(
            "`{script}` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    serde_json::from_slice(&output.stdout).context("read what the measuring process said")
}

/// The other side of [`of`]: runs the script, and writes its [`Usage`] to standard output.
pub fn this_process(script: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    let status = Command::new("bash")
        .args(["-o", "pipefail", "-c", script])
        .stdout(Stdio::null())
        .status()
        .context("run bash")?;
    let wall = begun.elapsed().as_secs_f64();
    if !status.success() {
        bail!("it ended with {status}");
    }
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).context("ask what the children used")?;
    let usage = Usage {
        wall,
        cpu: cpu_seconds(&used),
        // Linux counts in KiB.
        peak_rss: u64::try_from(used.max_rss())? * 1024,
    };
    serde_json::to_writer(stdout().lock(), &usage)?;
    stdout().flush().context("say what the script used")
}

/// Processor time in processes and in the kernel for them, in seconds.
pub fn cpu_seconds(used: &nix::sys::resource::Usage) -> f64 {
    let seconds = |time: nix::sys::time::TimeVal| {
        std::time::Duration::from_micros(
            u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap_or_default(),
        )
        .as_secs_f64()
    };
    seconds(used.user_time()) + seconds(used.system_time())
}
