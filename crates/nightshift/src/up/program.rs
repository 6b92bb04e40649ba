//! The programs that `up` starts, as data.

use crate::Error;
use std::{io, net::Ipv4Addr};
use tokio::net::TcpSocket;

/// A program that listens on a port of this machine.
#[derive(Debug)]
pub(crate) struct Program {
    /// Its file beside this program, and the name of its package.
    pub(crate) name: &'static str,
    /// What it is told. `{port}` stands for its port, `{seed}` for the file of the seed, `{database}` for the URL of the
    /// database, and `{pending}` for the milliseconds that Google's operations take.
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
    pub(crate) fn arguments(&self, port: u16, chosen: &[(&str, &str)]) -> Vec<String> {
        let fill = |argument: &&str| {
            let port = argument.replace("{port}", &port.to_string());
            let fill = |text: String, (name, value): &(&str, &str)| text.replace(name, value);
            chosen.iter().fold(port, fill)
        };
        self.arguments.iter().map(fill).collect()
    }
}

/// Google.
pub(crate) const LOCAL_GCP: Program = Program {
    name: "local-gcp",
    arguments: &[
        "--port",
        "{port}",
        "--seed",
        "{seed}",
        "--operation-time",
        "{pending}",
        "--clock-file",
        CLOCK,
    ],
    ready: "/_local/clock",
};

/// What scales by Google's clock.
pub(crate) const SCHEDULED_SCALING: Program = Program {
    name: "scheduled-scaling",
    arguments: &[
        "serve",
        "--config",
        super::scaling::CONFIG,
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
};

/// What keeps a budget.
pub(crate) const BUDGET_GUARD: Program = Program {
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
};

/// In the order of their start; Google gets the port that was asked for. A function that learns to serve is one more entry,
/// and a push subscription in the project.
pub(crate) const PROGRAMS: [Program; 5] = [
    LOCAL_GCP,
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
    SCHEDULED_SCALING,
    BUDGET_GUARD,
];

/// Google's time, in the folder that the programs work in.
pub(super) const CLOCK: &str = "clock";

/// A port for each program, kept free for it while this lives: bound, so that nobody else is given it, not listened on, so that
/// the program can.
///
/// Linux lets several sockets with `SO_REUSEADDR` be bound to a port as long as none of them listens (socket(7)); those of
/// tokio have it.
#[derive(Debug)]
pub(super) struct Ports<const N: usize> {
    pub(super) numbers: [u16; N],
    _held: Vec<TcpSocket>,
}

/// Chooses them: the first as asked for, the others as the system does.
pub(super) fn choose_ports<const N: usize>(first: u16) -> Result<Ports<N>, Error> {
    let mut numbers = [0; N];
    if let Some(number) = numbers.first_mut() {
        *number = first;
    }
    let mut held = vec![];
    for number in &mut numbers {
        let socket = hold(*number).map_err(|source| Error::Port {
            port: *number,
            source,
        })?;
        let address = socket.local_addr();
        *number = address
            .map_err(|source| Error::io("choose a port", source))?
            .port();
        held.push(socket);
    }
    Ok(Ports {
        numbers,
        _held: held,
    })
}

fn hold(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}
