//! The programs that `up` starts, as data.

use crate::Error;
use std::net::{Ipv4Addr, TcpListener};

/// A program that listens on a port of this machine.
#[derive(Debug)]
pub(super) struct Program {
    /// Its file beside this program, and the name of its package.
    pub(super) name: &'static str,
    /// What it is told. [`SEED`] stands for the file of the seed; the port comes by `PORT`, too, as on Cloud Run.
    pub(super) arguments: &'static [&'static str],
    /// The path that answers 200 once it is ready.
    pub(super) ready: &'static str,
}

pub(super) const PORT: &str = "{port}";
pub(super) const SEED: &str = "{seed}";

/// In the order of their start; the first is Google, and gets the port that was asked for. A function that learns to serve
/// is one more entry, with `ready: "/ready"`, and a push subscription in the project.
pub(super) const PROGRAMS: &[Program] = &[Program {
    name: "local-gcp",
    arguments: &["--port", PORT, "--seed", SEED, "--operation-time", "800"],
    ready: "/_local/clock",
}];

/// A port for each program: the first as asked for, the others as the system chooses.
pub(super) fn choose_ports(first: u16) -> Result<Vec<u16>, Error> {
    let wanted = PROGRAMS.iter().enumerate();
    let wanted = wanted.map(|(at, _)| if at == 0 { first } else { 0 });
    let listen = |port| {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|source| Error::Port { port, source })
    };
    // All are held until all are chosen, so that no two are the same.
    let held: Vec<TcpListener> = wanted.map(listen).collect::<Result<_, _>>()?;
    let port = |listener: &TcpListener| {
        let address = listener.local_addr();
        address.map(|address| address.port())
    };
    held.iter()
        .map(|listener| port(listener).map_err(|source| Error::io("choose a port", source)))
        .collect()
}
