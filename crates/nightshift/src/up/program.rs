//! The programs that `up` starts, as data.

use crate::Error;
use std::net::{Ipv4Addr, TcpListener};

/// A program that listens on a port of this machine.
#[derive(Debug)]
pub(crate) struct Program {
    /// Its file beside this program, and the name of its package.
    pub(crate) name: &'static str,
    /// What it is told. `{port}`, `{seed}` and `{database}` stand for its port, the file of the seed and the URL of the database.
    pub(crate) arguments: &'static [&'static str],
    /// The path that answers 200 once it is ready.
    pub(crate) ready: &'static str,
}

impl Program {
    /// Where it listens.
    pub(crate) fn url(port: u16) -> String {
        format!("http://127.0.0.1:{port}")
    }

    /// What it is told, with what was chosen for this run.
    pub(crate) fn arguments(&self, port: u16, seed: &str, database: &str) -> Vec<String> {
        let fill = |argument: &&str| {
            argument
                .replace("{port}", &port.to_string())
                .replace("{seed}", seed)
                .replace("{database}", database)
        };
        self.arguments.iter().map(fill).collect()
    }
}

/// In the order of their start; the first is Google, and gets the port that was asked for. A function that learns to serve
/// is one more entry, and a push subscription in the project.
pub(crate) const PROGRAMS: [Program; 4] = [
    Program {
        name: "local-gcp",
        arguments: &[
            "--port",
            "{port}",
            "--seed",
            "{seed}",
            "--operation-time",
            "800",
        ],
        ready: "/_local/clock",
    },
    Program {
        name: "backup",
        // As it is deployed: only the project's own account may wake it, with a token that is checked.
        arguments: &[
            "serve",
            "--listen",
            "127.0.0.1:{port}",
            "--from",
            "{database}",
            "--to",
            "gs://demo-shop-backups/shop",
            "--auth",
            "verify",
            "--audience",
            "http://127.0.0.1:{port}",
            "--caller",
            super::project::PUSHER,
        ],
        ready: "/ready",
    },
    Program {
        name: "rotate-secrets",
        arguments: &[
            "serve",
            "--config",
            super::rotation::CONFIG,
            "--listen",
            "127.0.0.1:{port}",
            "--auth",
            "verify",
            "--audience",
            "http://127.0.0.1:{port}",
            "--caller",
            super::project::PUSHER,
        ],
        ready: "/ready",
    },
    Program {
        name: "budget-guard",
        arguments: &[
            "serve",
            "--config",
            super::budget::CONFIG,
            "--listen",
            "127.0.0.1:{port}",
            "--auth",
            "verify",
            "--audience",
            "http://127.0.0.1:{port}",
            "--caller",
            super::project::PUSHER,
        ],
        ready: "/ready",
    },
];

/// A port for each program: the first as asked for, the others as the system chooses.
pub(crate) fn choose_ports(first: u16) -> Result<[u16; PROGRAMS.len()], Error> {
    let mut ports = [0; PROGRAMS.len()];
    ports[0] = first;
    let listen = |port| {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|source| Error::Port { port, source })
    };
    // All are held until all are chosen, so that no two are the same.
    let held: Vec<TcpListener> = ports.into_iter().map(listen).collect::<Result<_, _>>()?;
    for (port, listener) in ports.iter_mut().zip(&held) {
        let address = listener.local_addr();
        *port = address
            .map_err(|source| Error::io("choose a port", source))?
            .port();
    }
    Ok(ports)
}
