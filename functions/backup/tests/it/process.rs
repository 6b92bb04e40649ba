//! The program itself as a process, run and killed as a person, a machine or Cloud Run would.

use crate::bed::{Bed, bin_dir};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Configurations so far.
static NUMBER: AtomicU32 = AtomicU32::new(0);
/// After this long a test has failed.
const DEADLINE: Duration = Duration::from_secs(50);

/// Polls until `look` finds something.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "it never came: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The same for what has to be asked.
pub(crate) async fn until_async<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "it never came: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// `backup` with `arguments`, and with nothing in its environment that the test has not put there.
pub(crate) fn backup(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backup"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("NO_COLOR", "1");
    command
}

impl Bed {
    /// A server of `major` whose database `app` takes a moment to back up, and becomes about a hundred chunks.
    pub(crate) fn with_many_chunks(major: u32) -> Self {
        let bed = Self::empty(major);
        let sql = "DO $$ BEGIN FOR t IN 1..6 LOOP
                     EXECUTE format('CREATE TABLE t%s AS SELECT g AS a, md5((g * %s)::text) || md5((g + %s)::text) AS b
                                     FROM generate_series(1, 26000) g', t, t, t);
                   END LOOP; END $$";
        bed.server.psql("app", sql).unwrap();
        bed
    }

    /// What the configuration file says: the target, chunks as small as they may be, so that a run has many moments,
    /// and `more`.
    pub(crate) fn configuration(&self, more: &str) -> PathBuf {
        // A name of its own: a process that was started before may not have read its file yet.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let file = self
            .server
            .data_folder()
            .with_file_name(format!("{number}.toml"));
        let text = format!(
            "[source]\npg_bin_dir = {:?}\n[target]\nurl = \"file://{}\"\nretry_for = \"1s\"\n[run]\nchunk_size = \"64 KiB\"\n{more}\n",
            bin_dir(&self.server),
            self.folder.path().display()
        );
        std::fs::write(&file, text).unwrap();
        file
    }

    /// `backup` with `arguments`, its target set by a configuration that has `more` under `[run]`.
    pub(crate) fn backup(&self, more: &str, arguments: &[&str]) -> Command {
        let mut command = backup(arguments);
        command.arg("--config").arg(self.configuration(more));
        command
    }

    /// `backup run` of the database `app`.
    pub(crate) fn backup_run(&self, more: &str) -> Command {
        let url = self.server.socket_url("app");
        let mut command = self.backup(more, &["run", "--from", &url]);
        if let Some(file) = self.server.password_file() {
            command.env("PGPASSFILE", file);
        }
        command
    }

    /// The files of the target below `folder`, staging files of unfinished writes left out, as names below the target.
    pub(crate) fn objects(&self, folder: &str) -> Vec<String> {
        let (mut names, mut folders) = (Vec::new(), vec![self.folder.path().join(folder)]);
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(folder) else {
                continue;
            };
            for entry in entries.map(Result::unwrap) {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.to_string_lossy().contains('#') {
                    let name = path.strip_prefix(self.folder.path()).unwrap();
                    names.push(name.to_str().unwrap().to_owned());
                }
            }
        }
        names.sort_unstable();
        names
    }

    /// The chunks of rows that are stored, of whatever run.
    pub(crate) fn chunks(&self) -> usize {
        let objects = self.objects("backups");
        objects
            .iter()
            .filter(|name| name.contains("/data/"))
            .count()
    }

    /// The backups that have a manifest.
    pub(crate) fn manifests(&self) -> Vec<String> {
        let mut objects = self.objects("backups");
        objects.retain(|name| name.ends_with("/manifest.json"));
        objects
    }

    /// Whether a manifest is on its way: written under another name, to be renamed when it is whole.
    pub(crate) fn writes_a_manifest(&self) -> bool {
        let backups = std::fs::read_dir(self.folder.path().join("backups")).unwrap();
        backups
            .filter_map(|backup| std::fs::read_dir(backup.unwrap().path()).ok())
            .flatten()
            .any(|file| {
                file.unwrap()
                    .file_name()
                    .to_string_lossy()
                    .starts_with("manifest.json#")
            })
    }

    /// Waits until the server has no session of ours any more.
    pub(crate) fn until_no_session_is_left(&self) {
        let sql = "SELECT count(*) FROM pg_stat_activity
                   WHERE application_name LIKE 'nightshift%' OR application_name LIKE 'pg_dump%'";
        until("the server's sessions end", || {
            (self.server.psql("postgres", sql).unwrap() == "0").then_some(())
        });
    }
}

/// A process that is killed when the test ends before it does.
pub(crate) struct Running {
    child: Child,
    begun: Instant,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
    said: Arc<Mutex<String>>,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let piped = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let said = Arc::<Mutex<String>>::default();
        Self {
            begun: Instant::now(),
            stdout: Some(reader(stdout, Arc::default())),
            stderr: Some(reader(stderr, Arc::clone(&said))),
            said,
            child,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
    }

    /// Standard error up to whenever it is looked at.
    pub(crate) fn said_so_far(&self) -> Arc<Mutex<String>> {
        Arc::clone(&self.said)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Polls until `look` finds something; the program must not end before.
    pub(crate) fn until<T>(&mut self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        until(what, || {
            let found = look();
            if found.is_none() && self.child.try_wait().unwrap().is_some() {
                let said = self.stderr.take().map(JoinHandle::join);
                panic!("the program ended before {what}: {said:?}");
            }
            found
        })
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        let status = until("the program ends", || self.child.try_wait().unwrap());
        let text = |reader: &mut Option<JoinHandle<String>>| reader.take().unwrap().join().unwrap();
        Ended {
            code: status.code(),
            took: self.begun.elapsed(),
            stdout: text(&mut self.stdout),
            stderr: text(&mut self.stderr),
        }
    }

    /// Kills it as the kernel does when memory is short.
    pub(crate) fn kill(self) -> Ended {
        self.signal(Signal::SIGKILL);
        self.end()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Ended well.
    #[track_caller]
    pub(crate) fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// Ended with `code` and exactly one line that begins with `error:`, which is returned. It says what to do next.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        let lines: Vec<_> = self
            .stderr
            .lines()
            .filter_map(|l| l.strip_prefix("error: "))
            .collect();
        let [line] = lines[..] else {
            panic!("not one line of error but {}: {}", lines.len(), self.stderr);
        };
        assert_eq!(
            self.stderr.lines().last(),
            Some(&*format!("error: {line}")),
            "{}",
            self.stderr
        );
        assert!(
            line.contains("; next: "),
            "it does not say what to do next: {line}"
        );
        line
    }
}

pub(crate) fn run(command: Command) -> Ended {
    Running::start(command).end()
}

/// Reads to the end, and keeps what has come by then in `said`.
fn reader(from: impl Read + Send + 'static, said: Arc<Mutex<String>>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = String::new();
        while from.read_line(&mut line).unwrap() > 0 {
            said.lock().unwrap().push_str(&line);
            line.clear();
        }
        said.lock().unwrap().clone()
    })
}
