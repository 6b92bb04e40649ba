//! What remains of a server when the program that started it is killed: nothing.

use anyhow::{Context, Result, ensure};
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const DEADLINE: Duration = Duration::from_secs(30);

struct Program {
    child: Child,
    data: PathBuf,
}

impl Program {
    /// Starts the program `local-postgres` and waits until its server is there.
    fn start() -> Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_local-postgres"))
            .arg("18")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let stdout = child.stdout.take().context("its output")?;
        let data = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| Some(PathBuf::from(line.strip_prefix("data:")?.trim())))
            .context("no line that names the data folder")?;
        Ok(Self { child, data })
    }

    /// The process id of its server.
    fn server(&self) -> Result<Pid> {
        let text = fs::read_to_string(self.data.join("postmaster.pid"))?;
        Ok(Pid::from_raw(
            text.lines().next().context("a process id")?.parse()?,
        ))
    }
}

fn wait_until_gone(data: &Path, server: Pid) -> Result<()> {
    let home = data.parent().context("the data folder is in a home")?;
    let begun = Instant::now();
    while home.exists() || signal::kill(server, None).is_ok() {
        ensure!(
            begun.elapsed() < DEADLINE,
            "still there: {} or {server}",
            home.display()
        );
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[test]
fn a_server_ends_when_its_program_is_killed() -> Result<()> {
    let mut program = Program::start()?;
    let server = program.server()?;
    program.child.kill()?;
    program.child.wait()?;
    wait_until_gone(&program.data, server)
}

#[test]
fn a_server_ends_when_its_program_is_interrupted_at_a_terminal() -> Result<()> {
    let mut program = Program::start()?;
    let server = program.server()?;
    // A terminal signals the whole group of processes.
    signal::killpg(
        Pid::from_raw(program.child.id().cast_signed()),
        Signal::SIGINT,
    )?;
    program.child.wait()?;
    wait_until_gone(&program.data, server)
}

#[test]
fn a_server_ends_with_its_program() -> Result<()> {
    let mut program = Program::start()?;
    let server = program.server()?;
    drop(program.child.stdin.take());
    assert!(program.child.wait()?.success());
    assert!(!program.data.exists());
    wait_until_gone(&program.data, server)
}
