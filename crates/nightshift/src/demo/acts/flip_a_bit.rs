//! Act 7: the store lies, by one bit.

use super::{Proof, newest};
use crate::{
    Error,
    demo::{children::succeeded, stage::Stage},
};
use nightshift_runtime::report::{bytes, count};
use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// What was changed, and found.
#[derive(Debug)]
pub(in crate::demo) struct Caught {
    /// The object with the wrong bit, below the backup's folder.
    pub(in crate::demo) object: String,
    /// Of how many bits it was one.
    pub(in crate::demo) of_bits: u64,
}

pub(in crate::demo) async fn flip_a_bit(stage: &Stage) -> Result<Caught, Error> {
    stage.screen.act(
        7,
        "Trust nothing",
        "Disks and networks lie now and then: one bit of the newest backup is flipped.",
    )?;
    let backup = newest(stage).await?;
    let folder = stage.backups().join("backups").join(&backup.id);
    let failed = |source| Error::io(format!("flip a bit below {}", folder.display()), source);
    let (path, size) = largest_file(&folder.join("data"))
        .map_err(failed)?
        .ok_or_else(|| Error::Unproven(format!("no data below {}", folder.display())))?;
    flip_middle_bit(&path, size).map_err(failed)?;
    let object = path
        .strip_prefix(&folder)
        .unwrap_or(&path)
        .display()
        .to_string();
    stage.screen.seen(&format!(
        "flipped 1 bit in the middle of {object} ({})",
        bytes(size)
    ))?;

    let target = stage.target();
    let verify = ["verify", &backup.id, "--level", "bytes", "--in", &target];
    let (output, _) = stage.show(&verify).await?;
    if output.status.code() != Some(1) {
        succeeded(output, "backup verify")?;
    }
    let named = |proof: &Proof| !proof.passed && proof.summary.contains(&object);
    if !newest(stage).await?.proven.as_ref().is_some_and(named) {
        return Err(Error::Unproven(format!(
            "`backup verify` did not find the flipped bit in {object}"
        )));
    }
    stage.screen.seen(&format!(
        "found among {} bits, and named; exit code 1, as it should be",
        count(backup.stored_bytes * 8)
    ))?;
    Ok(Caught {
        object,
        of_bits: backup.stored_bytes * 8,
    })
}

/// The largest file below a folder, and its size in bytes.
fn largest_file(folder: &Path) -> io::Result<Option<(PathBuf, u64)>> {
    let mut largest: Option<(PathBuf, u64)> = None;
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if largest
                .as_ref()
                .is_none_or(|(_, size)| metadata.len() > *size)
            {
                largest = Some((entry.path(), metadata.len()));
            }
        }
    }
    Ok(largest)
}

/// Flips the lowest bit of the byte in the middle of a file of `size` bytes.
fn flip_middle_bit(path: &Path, size: u64) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, size / 2)?;
    file.write_all_at(&[byte[0] ^ 1], size / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_bit_of_the_largest_file_is_flipped() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("deeper")).unwrap();
        fs::write(folder.path().join("small"), [7; 3]).unwrap();
        fs::write(folder.path().join("deeper/large"), [7; 9]).unwrap();
        let (path, size) = largest_file(folder.path()).unwrap().unwrap();
        flip_middle_bit(&path, size).unwrap();
        assert_eq!(fs::read(folder.path().join("small")).unwrap(), [7; 3]);
        assert_eq!(
            fs::read(folder.path().join("deeper/large")).unwrap(),
            [7, 7, 7, 7, 6, 7, 7, 7, 7]
        );
    }
}
