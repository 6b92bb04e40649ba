//! The programs that `nightshift` starts, built from what lies here now.

use crate::bed::said;
use anyhow::{Context, Result, bail, ensure};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

/// The folders whose files programs are made from.
const SOURCES: [&str; 2] = ["crates", "functions"];

/// A program beside `nightshift`.
///
/// Cargo builds them with all tests of the workspace, but not with the tests of this crate alone.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_nightshift")).with_file_name(name);
    if !is_fresh(&program) {
        let folder = program.parent().context("a folder of programs")?;
        let built = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--quiet", "--package", name])
            .args(profile(folder))
            .arg("--target-dir")
            .arg(folder.parent().context("the target folder")?)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()?;
        ensure!(
            built.status.success(),
            "cargo cannot build {name}: {}",
            said(&built)
        );
    }
    Ok(program)
}

fn profile(folder: &Path) -> Option<&'static str> {
    folder.ends_with("release").then_some("--release")
}

/// Whether a program is newer than everything that it was made from.
fn is_fresh(program: &Path) -> bool {
    let fresh = || -> Result<()> {
        let made = changed(program)?;
        for source in sources(program)? {
            if changed(&source)? > made {
                bail!("{} is newer", source.display());
            }
        }
        Ok(())
    };
    fresh().is_ok()
}

fn changed(path: &Path) -> Result<SystemTime> {
    Ok(fs::metadata(path)?.modified()?)
}

/// What cargo says the program was made from. After a build of tests it says nothing, and then everything counts: to build
/// once more, with the features of the program alone, takes minutes.
fn sources(program: &Path) -> Result<Vec<PathBuf>> {
    if let Ok(list) = fs::read_to_string(program.with_extension("d")) {
        let (_, sources) = list.split_once(": ").context("a list of sources")?;
        return Ok(sources.split_whitespace().map(PathBuf::from).collect());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = vec![root.join("Cargo.lock")];
    for folder in SOURCES {
        walk(&root.join(folder), &mut found)?;
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || ["tests", "target"].contains(&name.as_str()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), found)?;
        } else {
            found.push(entry.path());
        }
    }
    Ok(())
}
