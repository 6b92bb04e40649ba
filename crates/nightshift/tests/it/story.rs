//! The story, from its beginning to its end.

use crate::bed::{Bed, POLL, command_lines, said};
use anyhow::{Context, Result, ensure};
use std::{fs, path::Path, process::Output, thread};

#[test]
fn the_story_shows_every_command_and_no_password_ends_well_and_leaves_nothing() -> Result<()> {
    let bed = Bed::new()?;
    let (output, password) = run_and_watch_command_lines(&bed)?;
    let said = said(&output);
    assert!(!said.contains(&password), "{said}");
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(bed.remains()?, Vec::<String>::new());
    for proof in [
        "10 of 10 checksums are those from before the damage",
        "identical",
        "rows of 13 tables compared",
        "2 of 5 backups",
        "no rule keeps it",
        "is damaged: CRC32C is",
        "one flipped bit of",
        "within bounds",
        "nothing running: PostgreSQL (process",
    ] {
        assert!(said.contains(proof), "nothing about `{proof}` in:\n{said}");
    }
    for command in [
        "backup check",
        "backup run",
        "pg_dump shop | gzip >",
        "backup restore",
        "backup drill",
        "backup prune",
        "backup verify",
        "backup status",
    ] {
        let typed = format!("\n$ {command} ");
        assert!(said.contains(&typed), "no `{command}` in:\n{said}");
    }
    // No terminal reads this: nothing may drive one.
    assert!(!said.contains(['\u{1b}', '\r']), "{said:?}");
    Ok(())
}

#[test]
fn quietly_it_says_the_summary_alone_and_leaves_only_the_backups_that_were_to_be_kept() -> Result<()>
{
    let bed = Bed::new()?;
    let kept = tempfile::tempdir()?;
    let folder = kept.path().join("new/folder");
    let name = folder.to_str().context("a readable name")?;
    let output = bed.demo(&["--quiet", "--keep", name]).output()?;
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.starts_with("\nWhat this run has shown\n"), "{said}");
    assert!(!said.contains("$ backup"), "{said}");
    assert!(said.contains("the backups stay in"), "{said}");
    assert_eq!(bed.remains()?, Vec::<String>::new());
    let mut manifests = 0;
    for backup in fs::read_dir(folder.join("backups"))? {
        manifests += usize::from(backup?.path().join("manifest.json").is_file());
    }
    assert_eq!(manifests, 3);
    Ok(())
}

/// Runs a demo to its end, and returns what it said and the password its server had; no command line of this machine may have it.
fn run_and_watch_command_lines(bed: &Bed) -> Result<(Output, String)> {
    let child = bed.demo(&[]).spawn()?;
    let (mut password, mut looks) = (None, 0);
    let watched = thread::spawn(move || child.wait_with_output());
    while !watched.is_finished() {
        password = password.or_else(|| password_of_the_server(bed.folder()));
        if let Some(secret) = &password {
            for line in command_lines()? {
                ensure!(
                    !line.contains(secret),
                    "a command line has the password: {line}"
                );
            }
            looks += 1;
        }
        thread::sleep(POLL);
    }
    ensure!(looks > 10, "only {looks} looks at the command lines");
    let output = watched.join().expect("the thread only waits")?;
    Ok((output, password.context("the server had no password file")?))
}

/// The password in the file that the server of a run keeps for its clients.
fn password_of_the_server(folder: &Path) -> Option<String> {
    let files = fs::read_dir(folder).ok()?.flatten();
    let mut files = files.map(|entry| entry.path().join("pgpass"));
    let text = files.find_map(|file| fs::read_to_string(file).ok())?;
    let password = text.trim().rsplit(':').next()?.to_owned();
    (!password.is_empty()).then_some(password)
}
