//! What stops the programs when nobody else can.

use crate::Error;
use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

/// A shell that outlives us by seconds: when we are killed, it stops the programs and removes their folder.
///
/// It waits for the end of a pipe whose other end only we hold, which the kernel closes however we end. A process group of
/// its own keeps it from the Ctrl-C that is meant for us.
#[derive(Debug)]
pub(super) struct Watchdog(Child);

impl Watchdog {
    pub(super) fn new(folder: &Path) -> Result<Self, Error> {
        Command::new("/bin/sh")
            .args(["-c", include_str!("watchdog.sh"), "nightshift-watchdog"])
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map(Self)
            .map_err(|source| Error::io("start a watchdog", source))
    }

    /// Looks after this process, which works in the folder, too.
    pub(super) fn watch(&mut self, pid: u32) -> Result<(), Error> {
        self.tell(&format!("{pid}\n"))
            .map_err(|source| Error::io("tell the watchdog of a program", source))
    }

    fn tell(&mut self, line: &str) -> std::io::Result<()> {
        match &mut self.0.stdin {
            Some(pipe) => pipe.write_all(line.as_bytes()),
            None => Ok(()),
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // It may be gone already: then there is nobody to tell and nothing to wait for.
        let _ = self.tell("dismissed\n");
        self.0.stdin = None;
        let _ = self.0.wait();
    }
}
