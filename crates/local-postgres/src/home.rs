//! The folder a server lives in, and the watchdog that clears it away when nobody else can.

use crate::{
    account::Account,
    error::{About, Error, Result},
};
use std::{
    env, fs,
    io::Write,
    os::unix::{
        fs::{OpenOptionsExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// The longest path of a socket that PostgreSQL takes, in bytes (`UNIXSOCK_PATH_BUFLEN` less one).
const SOCKET_PATH_LIMIT: usize = 107;

/// The longest name of a socket in its folder.
const SOCKET_NAME: &str = ".s.PGSQL.65535.lock";

/// Everything a server keeps on disk; gone when dropped, or when this program dies.
#[derive(Debug)]
pub(crate) struct Home {
    // Dropped in this order: the watchdog must not see the folder go.
    _watchdog: Watchdog,
    sockets: Option<TempDir>,
    folder: TempDir,
}

impl Home {
    /// Makes a folder in `parent`, or in the temporary folder, for the account of the server.
    ///
    /// `companions` are folders that go with it when this program is killed.
    pub(crate) fn new(
        parent: Option<&Path>,
        companions: &[PathBuf],
        account: Option<&Account>,
    ) -> Result<Self> {
        let parent = match (parent, account) {
            (Some(parent), Some(account)) => {
                account.can_reach(parent)?;
                parent.to_path_buf()
            }
            (Some(parent), None) => parent.to_path_buf(),
            (None, account) => temporary_folder(account),
        };
        let folder = private_folder(&parent, account)?;
        let sockets = if folder.path().as_os_str().len() + 1 + SOCKET_NAME.len() > SOCKET_PATH_LIMIT
        {
            Some(private_folder(Path::new("/tmp"), account)?)
        } else {
            None
        };
        let others = sockets.iter().map(TempDir::path);
        let others = others.chain(companions.iter().map(PathBuf::as_path));
        let watchdog = Watchdog::new(folder.path(), others)?;
        Ok(Self {
            _watchdog: watchdog,
            sockets,
            folder,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// Writes a new file in the folder that only its owner can read: the account of the server.
    pub(crate) fn write_private(
        &self,
        name: &str,
        content: &str,
        account: Option<&Account>,
    ) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(content.as_bytes()))
            .about("write", &path)?;
        if let Some(account) = account {
            account.own(&path)?;
        }
        Ok(path)
    }

    /// The folder of the sockets, whose paths have a low limit of length.
    pub(crate) fn sockets(&self) -> &Path {
        self.sockets.as_ref().unwrap_or(&self.folder).path()
    }
}

/// A new folder that only its owner, the account of the server, can enter.
fn private_folder(parent: &Path, account: Option<&Account>) -> Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("local-postgres-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(parent)
        .about("create a folder in", parent)?;
    if let Some(account) = account {
        account.own(folder.path())?;
    }
    Ok(folder)
}

/// The temporary folder, unless it is one that the account of the server cannot enter.
fn temporary_folder(account: Option<&Account>) -> PathBuf {
    let ours = env::temp_dir();
    match account.map(|account| account.can_reach(&ours)) {
        None | Some(Ok(())) => ours,
        Some(Err(_)) => PathBuf::from("/tmp"),
    }
}

/// A shell that outlives us by seconds: it stops the server and removes its folder when we die.
///
/// It waits for the end of a pipe whose other end only we hold, which the kernel closes however we
/// end. `PR_SET_PDEATHSIG` would be shorter, but it fires when the *thread* ends that started the
/// server, and threads of test runners and of tokio end early. A process group of its own keeps it
/// from the Ctrl-C and the kill that are meant for us.
#[derive(Debug)]
struct Watchdog(Child);

impl Watchdog {
    fn new<'a>(folder: &Path, others: impl Iterator<Item = &'a Path>) -> Result<Self> {
        Command::new("/bin/sh")
            .args(["-c", include_str!("watchdog.sh"), "local-postgres-watchdog"])
            .arg(folder)
            .args(others)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map(Self)
            .map_err(|source| Error::Spawn {
                program: "/bin/sh".into(),
                source,
            })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // It may be gone already: then there is nobody to tell and nothing to wait for.
        if let Some(mut pipe) = self.0.stdin.take() {
            let _ = pipe.write_all(b"dismissed\n");
        }
        let _ = self.0.wait();
    }
}
