//! The file that keeps the state: one line a transaction, each with its checksum.
//!
//! A process killed while it wrote leaves at most one torn line, the last one, which is cut off when the file is read
//! again. A line is handed to the operating system in one write before the transaction takes effect, so whatever was
//! answered survives `kill -9`; it is forced to the disk only when the file is rewritten, so a power cut can take the
//! last seconds.

use super::{
    StoreError,
    table::{Change, Schema, View},
};
use serde_json::Value;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// The file is rewritten once it has grown by this much beyond twice its last compact size.
const SLACK: u64 = 16 << 20;

type Line<'a> = Vec<(&'a str, &'a str, Option<&'a Value>)>;

pub(super) struct Log {
    path: PathBuf,
    file: File,
    length: u64,
    compact_length: u64,
    /// Held as long as the log is open: one process a folder.
    _lock: File,
}

impl Log {
    /// Opens or makes the log in `folder` and replays it into `view`.
    pub(super) fn open(
        folder: &Path,
        schema: &Schema,
        view: &mut View,
    ) -> Result<Self, StoreError> {
        fs::create_dir_all(folder).map_err(at("create", folder))?;
        let lock = lock(folder)?;
        let path = folder.join("state.log");
        if path.exists() {
            replay(&path, schema, view)?;
        }
        let (file, length) = rewrite(&path, view)?;
        Ok(Self {
            path,
            file,
            length,
            compact_length: length,
            _lock: lock,
        })
    }

    /// Keeps one transaction; `view` is the state after it.
    pub(super) fn append(&mut self, changes: &[Change], view: &View) -> Result<(), StoreError> {
        let ops: Line<'_> = changes
            .iter()
            .map(|c| (c.table, c.key.as_str(), c.value.as_ref()))
            .collect();
        let line = encode(&ops);
        if let Err(error) = self.file.write_all(&line) {
            // Half a line must not stay in front of later ones.
            let undone = self.file.set_len(self.length);
            undone
                .and_then(|()| self.file.seek(SeekFrom::Start(self.length)))
                .map_err(at("repair", &self.path))?;
            return Err(at("append to", &self.path)(error));
        }
        self.length += line.len() as u64;
        if self.length > 2 * self.compact_length + SLACK {
            (self.file, self.length) = rewrite(&self.path, view)?;
            self.compact_length = self.length;
        }
        Ok(())
    }
}

fn at<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> StoreError + 'a {
    move |source| StoreError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(at("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(StoreError::Locked(folder.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(at("lock", &path)(error)),
    }
}

fn encode(ops: &Line<'_>) -> Vec<u8> {
    let json = match serde_json::to_vec(ops) {
        Ok(json) => json,
        Err(error) => unreachable!("JSON values always have a JSON form: {error}"),
    };
    let mut line = format!("{:08x} ", crc32c::crc32c(&json)).into_bytes();
    line.extend(json);
    line.push(b'\n');
    line
}

fn decode(line: &[u8]) -> Result<Vec<(String, String, Option<Value>)>, String> {
    let body = line.strip_suffix(b"\n").ok_or("it does not end")?;
    let (sum, json) = body.split_at_checked(9).ok_or("it is too short")?;
    if sum != format!("{:08x} ", crc32c::crc32c(json)).as_bytes() {
        return Err("its checksum does not fit".to_owned());
    }
    serde_json::from_slice(json).map_err(|error| error.to_string())
}

fn replay(path: &Path, schema: &Schema, view: &mut View) -> Result<(), StoreError> {
    let mut reader = BufReader::new(File::open(path).map_err(at("open", path))?);
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        if reader
            .read_until(b'\n', &mut text)
            .map_err(at("read", path))?
            == 0
        {
            break;
        }
        let damaged = |problem| StoreError::Damaged {
            path: path.to_owned(),
            line,
            problem,
        };
        let ops = match decode(&text) {
            Ok(ops) => ops,
            Err(problem) if reader.fill_buf().map_err(at("read", path))?.is_empty() => {
                tracing::warn!(
                    line,
                    problem,
                    "the last line of the state log is torn and is left out"
                );
                break;
            }
            Err(problem) => return Err(damaged(problem)),
        };
        for (table, key, value) in ops {
            let Some(name) = schema.name(&table) else {
                return Err(damaged(format!("this version knows no table {table:?}")));
            };
            view.load(schema, name, &key, value)
                .map_err(|e| damaged(format!("{table} {key:?}: {e}")))?;
        }
    }
    Ok(())
}

/// Writes `view` beside the log and then in its place.
fn rewrite(path: &Path, view: &View) -> Result<(File, u64), StoreError> {
    let fresh = path.with_extension("new");
    // The state holds the payloads of secrets: nobody else on this machine is to read it.
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)
        .map_err(at("create", &fresh))?;
    let mut out = BufWriter::new(file);
    for (table, key, row) in view.rows() {
        let row = row.map_err(|e| at("render a row for", &fresh)(e.into()))?;
        out.write_all(&encode(&vec![(table, key, Some(&row))]))
            .map_err(at("write", &fresh))?;
    }
    let file = out
        .into_inner()
        .map_err(|e| at("write", &fresh)(e.into_error()))?;
    file.sync_all().map_err(at("sync", &fresh))?;
    fs::rename(&fresh, path).map_err(at("replace", path))?;
    if let Some(folder) = path.parent() {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(at("sync", folder))?;
    }
    let length = file.metadata().map_err(at("measure", path))?.len();
    Ok((file, length))
}
