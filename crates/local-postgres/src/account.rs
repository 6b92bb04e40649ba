//! Which account the server runs as: `initdb` and `postgres` refuse to run as root.

use crate::error::{About, Error, Result};
use nix::unistd::{Uid, User};
use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

/// Another account than ours, for the programs of the server.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    name: String,
    uid: u32,
    gid: u32,
}

impl Account {
    /// `None` when the server can run as ourselves; `postgres` or else `nobody` when we are root.
    pub(crate) fn for_the_server() -> Result<Option<Self>> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| {
                Some(Self {
                    name: user.name,
                    uid: user.uid.as_raw(),
                    gid: user.gid.as_raw(),
                })
            })
            .ok_or(Error::NoAccount)
    }

    /// Lets a program run under this account.
    pub(crate) fn assume(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Gives a file or folder, not its content, to this account.
    pub(crate) fn own(&self, path: &Path) -> Result<()> {
        chown(path, Some(self.uid), Some(self.gid)).about("change the owner of", path)
    }

    /// Says whether this account may pass every folder on the way to `path`.
    ///
    /// Looks at permission bits alone: access control lists are rare on these folders, and would
    /// only make this too strict.
    pub(crate) fn can_reach(&self, path: &Path) -> Result<()> {
        let real = fs::canonicalize(path).about("find", path)?;
        for folder in real.ancestors() {
            let metadata = fs::metadata(folder).about("look at", folder)?;
            let bit = match (metadata.uid() == self.uid, metadata.gid() == self.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if metadata.mode() & bit == 0 {
                return Err(Error::Unreachable {
                    account: self.name.clone(),
                    path: path.to_path_buf(),
                    obstacle: folder.to_path_buf(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Nobody's number, neither ours nor a member of any group.
    const STRANGER: u32 = 4_000_000;

    #[test]
    fn the_folder_that_stands_in_the_way_is_named() {
        let stranger = Account {
            name: "stranger".to_owned(),
            uid: STRANGER,
            gid: STRANGER,
        };
        let private = fs::Permissions::from_mode(0o700);
        let outer = tempfile::Builder::new()
            .permissions(private)
            .tempdir()
            .expect("a folder");
        let inner = outer.path().join("inner");
        fs::create_dir(&inner).expect("a folder");
        let error = stranger.can_reach(&inner).unwrap_err();
        let Error::Unreachable { obstacle, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(
            *obstacle,
            fs::canonicalize(outer.path()).expect("it is there")
        );

        fs::set_permissions(outer.path(), fs::Permissions::from_mode(0o711)).expect("it is ours");
        stranger.can_reach(&inner).expect("nothing is in the way");
    }
}
