//! A contender's process: from its start to what it uses.

use super::{http::Connection, load::Prepared};
use anyhow::{Context as _, bail, ensure};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use procfs::process::{self, Process};
use std::{
    fs::File,
    net::SocketAddr,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long the first answer may take.
const STARTING: Duration = Duration::from_mins(1);
/// How often a starting server is asked: often enough not to matter to a start of some milliseconds.
const POLL: Duration = Duration::from_micros(200);
/// For so long a server has to use no processor time to count as idle.
const IDLE: Duration = Duration::from_millis(500);

/// A running contender. Ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From before its process was made until it had answered a request with the status expected.
    pub cold_start: Duration,
}

/// What its processes hold, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Resident memory, added up: what processes share counts in each.
    pub rss: u64,
    /// Proportional set size, added up: what processes share counts once.
    pub pss: u64,
}

impl Server {
    /// Starts it and waits for its first answer. What it tells goes to `log`.
    pub fn start(
        command: &mut Command,
        address: SocketAddr,
        request: &Prepared,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let log = File::create(log).context("create a log file")?;
        let begun = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("start {}", command.get_program().display()))?;
        let mut server = Self {
            child,
            address,
            cold_start: Duration::ZERO,
        };
        server.wait_for_an_answer(request, begun)?;
        server.cold_start = begun.elapsed();
        Ok(server)
    }

    fn wait_for_an_answer(&mut self, request: &Prepared, begun: Instant) -> anyhow::Result<()> {
        loop {
            match Connection::to(self.address).exchange(&request.bytes) {
                Ok(status) if status == request.expected => return Ok(()),
                Ok(status) => bail!(
                    "its first answer is {status} instead of {}",
                    request.expected
                ),
                Err(error) if begun.elapsed() > STARTING => {
                    return Err(error.context(format!("no answer within {STARTING:?}")));
                }
                Err(_) => {}
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status} before it answered");
            }
            thread::sleep(POLL);
        }
    }

    /// The process that was started.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it does nothing, and says what it holds then.
    pub fn idle_memory(&self) -> anyhow::Result<Memory> {
        let mut last = (self.ticks()?, Instant::now());
        let end = Instant::now() + STARTING;
        while last.1.elapsed() < IDLE {
            ensure!(Instant::now() < end, "it never comes to rest");
            thread::sleep(IDLE / 10);
            let ticks = self.ticks()?;
            if ticks > last.0 {
                last = (ticks, Instant::now());
            }
        }
        let mut memory = Memory { rss: 0, pss: 0 };
        for process in self.processes()? {
            let rollup = process.smaps_rollup().context("read its memory")?;
            let map = rollup.memory_map_rollup.0.first();
            let sizes = &map.context("its memory is empty")?.extension.map;
            memory.rss += sizes.get("Rss").context("no Rss")?;
            memory.pss += sizes.get("Pss").context("no Pss")?;
        }
        Ok(memory)
    }

    fn ticks(&self) -> anyhow::Result<u64> {
        let mut ticks = 0;
        for process in self.processes()? {
            let stat = process.stat()?;
            ticks += stat.utime + stat.stime;
        }
        Ok(ticks)
    }

    /// The process that was started, and its children.
    fn processes(&self) -> anyhow::Result<Vec<Process>> {
        let root = i32::try_from(self.child.id())?;
        let mut all = vec![Process::new(root).context("it has ended")?];
        let children = process::all_processes()?
            .filter_map(Result::ok)
            .filter(|process| process.stat().is_ok_and(|stat| stat.ppid == root));
        all.extend(children);
        Ok(all)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(group) = i32::try_from(self.child.id()) {
            // It may have ended by itself.
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }
}
