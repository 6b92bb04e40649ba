//! An installation with more extensions than it was installed with, without touching it.
//!
//! PostgreSQL looks for its shared files relative to its own program. So a copy of `postgres` in a
//! tree of links to the real files, with ours among them, is a server that has our extensions: on
//! every version, and without being root. (`extension_control_path` does this from 18 on.)

use crate::{
    error::{About, Error, Result},
    installation::Installation,
    program,
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

/// Makes the tree in `root`, and returns the path of its `postgres`.
pub(crate) fn build(
    installation: &Installation,
    files: &[ExtensionFile],
    root: &Path,
) -> Result<PathBuf> {
    let [bin, share, library] = folders(installation)?;
    let common = bin
        .ancestors()
        .find(|folder| share.starts_with(folder) && library.starts_with(folder))
        .unwrap_or(Path::new("/"));
    // Each is below the common folder, by how that was chosen.
    let here = |folder: &Path| root.join(folder.strip_prefix(common).unwrap_or(folder));

    let extensions = here(&share).join("extension");
    fs::create_dir_all(&extensions).about("create", &extensions)?;
    link_all(&share, &here(&share))?;
    link_all(&share.join("extension"), &extensions)?;
    for file in files {
        let path = extensions.join(&file.name);
        fs::write(&path, &file.content).about("write", path)?;
    }
    create_parent(&here(&library))?;
    symlink(&library, here(&library)).about("create the link", here(&library))?;

    // A link would not do: PostgreSQL follows it before it looks for its files.
    let server = here(&bin).join("postgres");
    create_parent(&server)?;
    fs::copy(installation.program("postgres"), &server).about("copy postgres to", &server)?;
    Ok(server)
}

/// Where the server of this installation finds its programs, shared files and libraries.
fn folders(installation: &Installation) -> Result<[PathBuf; 3]> {
    let pg_config = installation.program("pg_config");
    let mut command = program::command(&pg_config);
    let output = program::run(command.args(["--bindir", "--sharedir", "--pkglibdir"]))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<_> = text.lines().map(PathBuf::from).collect();
    lines
        .try_into()
        .map_err(|lines: Vec<_>| Error::NotABinFolder {
            path: installation.bin().to_path_buf(),
            found: format!(
                "pg_config named {} folders where three were asked for",
                lines.len()
            ),
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

fn create_parent(path: &Path) -> Result<()> {
    path.parent().map_or(Ok(()), |parent| {
        fs::create_dir_all(parent).about("create", parent)
    })
}
