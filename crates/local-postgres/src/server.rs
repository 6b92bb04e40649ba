//! A server that runs, from its start to its end.

use crate::{
    account::Account,
    builder::Builder,
    cluster::Auth,
    command,
    error::{About, Error, Result},
    home::Home,
    installation::Installation,
    password::Password,
    process::{POLL, Running, Shutdown},
    programs::ServerPrograms,
};
use secrecy::SecretString;
use std::{
    fs::{self, File, OpenOptions},
    io,
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

/// How many ports are tried when others take them between our asking and our listening.
const PORT_ATTEMPTS: u32 = 8;

/// How many lines of the log an error shows.
const LOG_LINES: usize = 20;

/// A PostgreSQL server of our own, on this machine, that is gone when this value is.
///
/// Its data live in a temporary folder. When the value is dropped the server is stopped at once
/// and the folder removed; when this program is killed, a watchdog does the same.
#[derive(Debug)]
pub struct LocalPostgres {
    // First, so that the server is stopped before its folder goes.
    pub(crate) running: Option<Running>,
    pub(crate) installation: Installation,
    pub(crate) programs: ServerPrograms,
    pub(crate) account: Option<Account>,
    pub(crate) password: Option<Password>,
    pub(crate) tcp: bool,
    pub(crate) port: Option<u16>,
    pub(crate) deadline: Duration,
    pub(crate) home: Home,
}

impl LocalPostgres {
    /// Begins the description of a server.
    pub fn builder(installation: Installation) -> Builder {
        Builder::new(installation)
    }

    /// A server for a test: no passwords, no durability, found by [`Installation::for_tests`].
    pub fn for_tests(major: u32) -> Result<Builder> {
        Ok(Self::builder(Installation::for_tests(major)?)
            .auth(Auth::Trust)
            .without_durability())
    }

    /// The installation this server comes from; its programs fit this server.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The port on 127.0.0.1, and part of the name of the socket.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or_default()
    }

    /// The folder that holds the unix socket, as libpq's `host`.
    pub fn socket_folder(&self) -> &Path {
        self.home.sockets()
    }

    /// The folder of the data (`PGDATA`).
    pub fn data_folder(&self) -> PathBuf {
        self.home.data()
    }

    /// The superuser's password; `None` where nobody is asked for one.
    pub fn password(&self) -> Option<&SecretString> {
        self.password.as_ref().map(|password| &password.secret)
    }

    /// A file for `PGPASSFILE` that holds the superuser's password.
    pub fn password_file(&self) -> Option<&Path> {
        self.password
            .as_ref()
            .map(|password| password.file.as_path())
    }

    /// Everything the server has logged so far.
    pub fn log(&self) -> Result<String> {
        let path = self.home.log();
        match fs::read(&path) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error).about("read", path),
        }
    }

    /// The server's process id while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.running.as_ref().map(Running::id)
    }

    /// Starts the server after [`stop`](Self::stop) or [`crash`](Self::crash), on the same port.
    ///
    /// Does nothing to one that runs.
    pub fn start_again(&mut self) -> Result<()> {
        if let Some(running) = &mut self.running
            && running.ended()?.is_none()
        {
            return Ok(());
        }
        self.running = None;
        for attempt in 1.. {
            let port = self.port.map_or_else(free_port, Ok)?;
            let logged_before = self.log()?.len();
            match self.launch(port) {
                Ok(running) => {
                    self.port = Some(port);
                    self.running = Some(running);
                    break;
                }
                Err(Error::EndedWhileStarting { .. })
                    if attempt < PORT_ATTEMPTS
                        && self.log()?[logged_before..].contains("Address already in use") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Stops the server in an orderly way and keeps its data: clients are cut off, what was
    /// committed is written out.
    pub fn stop(&mut self) -> Result<()> {
        self.end(Shutdown::Fast)
    }

    /// [`stop`](Self::stop) and [`start_again`](Self::start_again).
    pub fn restart(&mut self) -> Result<()> {
        self.stop()?;
        self.start_again()
    }

    /// Ends the server as a crash would: nothing is written out, the next start has to recover.
    pub fn crash(&mut self) -> Result<()> {
        self.end(Shutdown::Immediate)
    }

    fn end(&mut self, how: Shutdown) -> Result<()> {
        match self
            .running
            .take()
            .map(|mut running| running.end(how, self.deadline))
        {
            None | Some(Ok(true)) => Ok(()),
            Some(Ok(false)) => Err(self.late("stopped")),
            Some(Err(error)) => Err(error),
        }
    }

    /// Starts the process and waits until it takes connections.
    fn launch(&self, port: u16) -> Result<Running> {
        let postgres = &self.programs.postgres;
        let mut command = command::of(postgres);
        command
            .arg("-D")
            .arg(self.home.data())
            .args(["-p", &port.to_string()]);
        if let Some(account) = &self.account {
            account.assume(&mut command);
        }
        let log = self.open_log()?;
        let child = command
            .current_dir(self.home.folder())
            .stdin(Stdio::null())
            .stdout(log.try_clone().about("open", self.home.log())?)
            .stderr(log)
            // Away from the Ctrl-C that is meant for us.
            .process_group(0)
            .spawn()
            .map_err(|source| Error::Spawn {
                program: postgres.clone(),
                source,
            })?;
        let mut running = Running::new(child);
        let begun = Instant::now();
        while !self.is_ready(running.id()) {
            if let Some(status) = running.ended()? {
                return Err(Error::EndedWhileStarting {
                    version: self.installation.version().to_string(),
                    status,
                    log: self.end_of_log(),
                });
            }
            if begun.elapsed() > self.deadline {
                return Err(self.late("ready"));
            }
            thread::sleep(POLL);
        }
        Ok(running)
    }

    /// Reads what the server says of itself, as `pg_ctl` does: the eighth line of its pid file.
    fn is_ready(&self, pid: u32) -> bool {
        let Ok(text) = fs::read_to_string(self.home.data().join("postmaster.pid")) else {
            return false;
        };
        let mut lines = text.lines().map(str::trim);
        lines.next() == Some(&pid.to_string()) && matches!(lines.nth(6), Some("ready" | "standby"))
    }

    fn open_log(&self) -> Result<File> {
        let path = self.home.log();
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .about("open", path)
    }

    fn late(&self, wanted: &'static str) -> Error {
        Error::Late {
            version: self.installation.version().to_string(),
            wanted,
            waited: self.deadline,
            log: self.end_of_log(),
        }
    }

    pub(crate) fn end_of_log(&self) -> String {
        let log = self.log().unwrap_or_else(|error| error.to_string());
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .about("find a free port on", "127.0.0.1")
}
