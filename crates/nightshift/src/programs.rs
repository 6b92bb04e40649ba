//! Where the programs are that we start.

use crate::Error;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

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
