//! Processor time of the server and of the machine, as `/proc` tells it.

use anyhow::{Context as _, bail};
use procfs::{CurrentSI, KernelStats, process};
use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

/// How long backends may take to end after their clients did.
const SETTLING: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);

/// What had been used up to a moment when the server was idle.
#[derive(Debug)]
pub struct Reading {
    children: BTreeSet<i32>,
    server: u64,
    machine: u64,
}

/// What was used between two readings, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// By the server and all processes it started.
    pub server: f64,
    /// By everything on this machine.
    pub machine: f64,
}

impl Reading {
    /// The present state of the server with this process id.
    pub fn now(server: u32) -> anyhow::Result<Self> {
        let pid = i32::try_from(server)?;
        let mut children = BTreeSet::new();
        let mut ticks = 0;
        for stat in process::all_processes()?
            .filter_map(|process| process.ok()?.stat().ok())
            .filter(|stat| stat.ppid == pid)
        {
            children.insert(stat.pid);
            ticks += own(&stat) + reaped(&stat)?;
        }
        // Last: it adds to its own account what a child used the moment that child is gone. One that goes now is counted
        // twice, but it is among `children`, for which `spent` waits.
        let root = process::Process::new(pid)
            .and_then(|server| server.stat())
            .context("read the server's processor time")?;
        ticks += own(&root) + reaped(&root)?;
        Ok(Self {
            children,
            server: ticks,
            machine: busy(&KernelStats::current()?.total),
        })
    }

    /// What has been used since, once the server is as idle as it was: no child that was not there then.
    pub fn spent(&self, server: u32) -> anyhow::Result<Spent> {
        let begun = Instant::now();
        loop {
            let now = Self::now(server)?;
            if now.children.is_subset(&self.children) {
                return Ok(Spent {
                    server: seconds(now.server.saturating_sub(self.server)),
                    machine: seconds(now.machine.saturating_sub(self.machine)),
                });
            }
            if begun.elapsed() > SETTLING {
                bail!("the server still serves {SETTLING:?} after its clients ended");
            }
            thread::sleep(POLL);
        }
    }
}

fn own(stat: &process::Stat) -> u64 {
    stat.utime + stat.stime
}

fn reaped(stat: &process::Stat) -> anyhow::Result<u64> {
    Ok(u64::try_from(stat.cutime)? + u64::try_from(stat.cstime)?)
}

/// Ticks in which some processor worked for somebody here.
fn busy(total: &procfs::CpuTime) -> u64 {
    // `user` and `nice` hold `guest` and `guest_nice` already.
    total.user
        + total.nice
        + total.system
        + total.irq.unwrap_or_default()
        + total.softirq.unwrap_or_default()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "ticks of a few days are exact in a double"
)]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / procfs::ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use local_postgres::LocalPostgres;

    #[test]
    fn the_work_of_a_backend_that_ended_is_the_servers() {
        let server = LocalPostgres::for_tests(15).unwrap().start().unwrap();
        let pid = server.process_id().unwrap();
        let before = Reading::now(pid).unwrap();
        let begun = Instant::now();
        server
            .psql(
                "postgres",
                "SELECT sum(n) FROM generate_series(1, 3000000) n",
            )
            .unwrap();
        let wall = begun.elapsed().as_secs_f64();
        let spent = before.spent(pid).unwrap();
        assert!(spent.server > 0.1, "{spent:?}");
        // One backend, alone: it cannot have used more than the time that passed, and a tick or two.
        assert!(spent.server < wall + 0.1, "{spent:?} in {wall}");
        assert!(spent.machine + 0.1 > spent.server, "{spent:?}");
    }
}
