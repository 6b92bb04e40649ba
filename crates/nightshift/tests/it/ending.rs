//! Ends that nobody planned: a signal half-way, a command line that cannot work.

use crate::bed::{Bed, said, send};
use anyhow::Result;
use nix::sys::signal::Signal;
use std::{fs, path::Path};

fn ends_with_130_and_leaves_nothing(signal: Signal, act: u8) -> Result<()> {
    let bed = Bed::new()?;
    let child = bed.start_until_act(act)?;
    send(&child, signal)?;
    let output = child.wait_with_output()?;
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert_eq!(bed.remains()?, Vec::<String>::new());
    assert!(
        said(&output).contains("error: interrupted"),
        "{}",
        said(&output)
    );
    Ok(())
}

#[test]
fn ctrl_c_while_the_shop_is_made_leaves_nothing() -> Result<()> {
    ends_with_130_and_leaves_nothing(Signal::SIGINT, 1)
}

#[test]
fn ctrl_c_during_a_backup_leaves_nothing() -> Result<()> {
    ends_with_130_and_leaves_nothing(Signal::SIGINT, 2)
}

#[test]
fn sigterm_during_a_drill_leaves_nothing() -> Result<()> {
    ends_with_130_and_leaves_nothing(Signal::SIGTERM, 5)
}

#[test]
fn killed_outright_it_leaves_nothing_after_a_moment() -> Result<()> {
    let bed = Bed::new()?;
    let mut child = bed.start_until_act(4)?;
    child.kill()?;
    child.wait()?;
    bed.wait_until_nothing_remains()
}

#[test]
fn a_backup_that_cannot_do_its_work_ends_the_story_with_one_error() -> Result<()> {
    let bed = Bed::new()?;
    let output = bed.demo_of(Path::new("/bin/false"), &[]).output()?;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.starts_with("error: `backup check"), "{errors}");
    assert_eq!(bed.remains()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_missing_backup_is_named_with_the_command_that_builds_it() -> Result<()> {
    let bed = Bed::new()?;
    let output = bed.demo_of(Path::new("/nowhere/backup"), &[]).output()?;
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    assert!(
        said.contains("error: no program /nowhere/backup; build it with `cargo build"),
        "{said}"
    );
    Ok(())
}

#[test]
fn a_folder_with_something_in_it_is_not_filled_with_backups() -> Result<()> {
    let bed = Bed::new()?;
    let used = tempfile::tempdir()?;
    fs::write(used.path().join("thesis.txt"), "the only copy")?;
    let output = bed
        .demo(&["--keep", &used.path().display().to_string()])
        .output()?;
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("is not empty; name a new folder with --keep"));
    assert_eq!(bed.remains()?, Vec::<String>::new());
    assert_eq!(fs::read_dir(used.path())?.count(), 1);
    Ok(())
}
