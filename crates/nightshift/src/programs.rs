//! Where the programs are that we start, and what they are told by their environment.

use crate::Error;
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};
use tokio::process::Command;

/// The program that was named with `option`, or the one of this name beside this program.
pub(crate) fn find(
    name: &'static str,
    named: Option<&Path>,
    option: &'static str,
) -> Result<PathBuf, Error> {
    let program = match named {
        Some(named) => named.to_path_buf(),
        None => env::current_exe()
            .map_err(|source| Error::io("find this program", source))?
            .with_file_name(name),
    };
    // Absolute: it is started in another folder.
    fs::canonicalize(&program).map_err(|_| Error::NoProgram {
        program,
        package: name,
        option,
    })
}

/// A command without the configuration, server or password that the caller uses elsewhere.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("PG") || text.starts_with("NIGHTSHIFT_CONFIG") {
            command.env_remove(&name);
        }
    }
    command
}

/// `PATH` with this folder first.
pub(crate) fn path_from(folder: &Path) -> OsString {
    let before = env::var_os("PATH").unwrap_or_default();
    let folder = folder.to_path_buf();
    // A folder with a colon in its name cannot stand in a PATH.
    env::join_paths([folder].into_iter().chain(env::split_paths(&before))).unwrap_or(before)
}
