//! Events: our way in against the one that Python functions have, doing the same work.

pub mod budget;
pub mod contenders;
pub mod hostile;
pub mod http;
pub mod load;
pub mod report;
pub mod requests;
pub mod server;

use crate::{cli::Choices, cpu::Reading};
use anyhow::{Context as _, ensure};
use contenders::{Contender, Programs};
use load::Prepared;
use local_gcp::LocalGcp;
use nightshift_runtime::Shutdown;
use nix::sys::resource::{UsageWho, getrusage};
use report::{Events, Load, Turn};
use requests::Requests;
use server::Server;
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tracing::info;

/// How often each is started in each round, to see how long its first answer takes.
const STARTS: u32 = 5;
/// Pushes before anything else is measured, as a service in use has had.
const WARM_UP: usize = 500;
/// How long each rate is held.
const HELD: Duration = Duration::from_secs(6);
/// The rates that each is asked for, in pushes a second, and as fast as it goes.
const RATES: [Option<u32>; 5] = [Some(100), Some(250), Some(500), Some(1_000), None];
/// How many are sent as fast as it goes.
const AT_FULL_SPEED: usize = 20_000;

/// Runs what was asked for.
pub fn run(
    choices: &Choices,
    shutdown: &Shutdown,
    runtime: &tokio::runtime::Handle,
) -> anyhow::Result<Events> {
    let start = || runtime.block_on(LocalGcp::start(local_gcp::Options::default()));
    let (google, stranger) = (start()?, start()?);
    let folder = TempDir::with_prefix("nightshift-bench-")?;
    let programs = Programs::find(folder.path(), google.url())?;
    let requests = Requests::new(&google)?;
    let bench = Bench {
        programs,
        push: requests.push(),
        folder: &folder,
        shutdown,
    };
    let contenders = bench.programs.contenders(choices);
    let mut events = Events::default();
    for round in 1..=choices.rounds {
        for contender in &contenders {
            let turn = bench.turn(*contender, round)?;
            info!(
                round,
                rounds = choices.rounds,
                "events: {} done",
                contender.name()
            );
            events.turns.push(turn);
        }
    }
    if contenders.contains(&Contender::Ours) {
        info!("events: {} of them, half hostile", hostile::EVENTS);
        let server = bench.start(Contender::Ours)?;
        let (valid, hostile) = (requests.valid(), requests.hostile(&google, &stranger)?);
        events.siege = Some(hostile::besiege(&server, &valid, &hostile, &bench.log())?);
    }
    Ok(events)
}

struct Bench<'a> {
    programs: Programs,
    push: Prepared,
    folder: &'a TempDir,
    shutdown: &'a Shutdown,
}

impl Bench<'_> {
    fn turn(&self, contender: Contender, round: u32) -> anyhow::Result<Turn> {
        let mut starts = Vec::new();
        for _ in 1..STARTS {
            starts.push(self.start(contender)?.cold_start.as_secs_f64());
        }
        let server = self.start(contender)?;
        starts.push(server.cold_start.as_secs_f64());
        let idle = server.idle_memory()?;
        let warming = load::at_full_speed(server.address, WARM_UP, |_| &self.push)?;
        ensure!(warming.wrong.is_empty(), "{:?}", warming.wrong);
        let loads: anyhow::Result<Vec<Load>> = RATES
            .into_iter()
            .map(|rate| self.load(&server, rate))
            .collect();
        Ok(Turn {
            contender: contender.name().to_owned(),
            round,
            starts,
            idle_rss: idle.rss,
            idle_pss: idle.pss,
            loads: loads.with_context(|| format!("load {}", contender.name()))?,
        })
    }

    fn start(&self, contender: Contender) -> anyhow::Result<Server> {
        ensure!(!self.shutdown.requested(), "stopped on request");
        // Free now; neither can be told to choose a port and say which.
        let free = TcpListener::bind("127.0.0.1:0")?;
        let address: SocketAddr = free.local_addr()?;
        drop(free);
        let mut command = self.programs.command(contender, address);
        Server::start(&mut command, address, &self.push, &self.log())
            .with_context(|| format!("measure {}", contender.name()))
    }

    fn log(&self) -> std::path::PathBuf {
        Path::join(self.folder.path(), "log")
    }

    /// One rate, between two readings of the processor time of the server, of this process and of the machine.
    fn load(&self, server: &Server, rate: Option<u32>) -> anyhow::Result<Load> {
        ensure!(!self.shutdown.requested(), "stopped on request");
        let before = (Reading::now(server.id())?, own_cpu()?);
        let begun = Instant::now();
        let answers = match rate {
            None => load::at_full_speed(server.address, AT_FULL_SPEED, |_| &self.push)?,
            Some(rate) => {
                let count = usize::try_from(u64::from(rate) * HELD.as_secs())?;
                let interval = Duration::from_secs(1) / rate;
                load::steadily(server.address, &self.push, count, interval)?
            }
        };
        let wall = begun.elapsed().as_secs_f64();
        let spent = before.0.spent(server.id())?;
        let own = own_cpu()? - before.1;
        let at = |share| {
            let latency = answers.percentile(share);
            latency.unwrap_or_default().as_secs_f64()
        };
        let count = answers.latencies.len();
        Ok(Load {
            rate,
            sent: count,
            wrong: answers.wrong.values().sum(),
            p50: at(0.5),
            p99: at(0.99),
            most: at(1.0),
            cpu_per_push: spent.server / f64::from(u32::try_from(count)?),
            wall,
            others: ((spent.machine - spent.server - own) / wall).max(0.0),
        })
    }
}

/// Processor time of this process, in seconds.
fn own_cpu() -> anyhow::Result<f64> {
    let used = getrusage(UsageWho::RUSAGE_SELF).context("ask what this process used")?;
    Ok(crate::measure::cpu_seconds(&used))
}
