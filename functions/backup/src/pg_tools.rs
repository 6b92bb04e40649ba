//! `pg_dump`, `pg_restore` and friends as child processes.
//!
//! A child gets an environment of its own and the password in a file that only it can read; never by argument. Its
//! standard error is kept, its exit status always looked at, and it dies with us.

use crate::{
    name::QualifiedName,
    source::{params::Host, passfile, session::Server},
};
use nightshift_runtime::postgres_tls::{SslMode, TlsParams};
use secrecy::ExposeSecret;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
};
use tempfile::NamedTempFile;
use tokio::process::Command;

/// Where Debian keeps the authorities it trusts; libpq before 16 does not look there by itself.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Why a tool did not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// No tool of the server's major version.
    #[error(
        "no {tool} of PostgreSQL {major} found in {}; install postgresql-client-{major}, or say where with --pg-bin-dir",
        looked.join(", ")
    )]
    Missing {
        /// `pg_dump` or `pg_restore`.
        tool: &'static str,
        /// The server's major version.
        major: u32,
        /// Where it was looked for, with what was found there.
        looked: Vec<String>,
    },
    /// It could not be started, or its files not be made.
    #[error("run {tool}")]
    Start {
        /// Which.
        tool: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It ended with an error.
    #[error("{tool} ended with {status}: {stderr}")]
    Failed {
        /// Which.
        tool: String,
        /// Its exit status.
        status: String,
        /// What it said.
        stderr: String,
    },
}

/// The client programs of one major version.
#[derive(Debug, Clone)]
pub struct PgTools {
    folder: PathBuf,
    /// The version they say they are, such as `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// Their major version.
    pub major: u32,
}

/// What a tool printed.
#[derive(Debug)]
pub struct Output {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl PgTools {
    /// Finds the tools of `major` in `folder`, or where Debian keeps them, or in the `PATH`.
    ///
    /// The server's own major is wanted, no other: an older `pg_dump` cannot read the server, and what a newer one
    /// writes sets parameters that the server does not know.
    pub async fn find(major: u32, folder: Option<&Path>) -> Result<Self, ToolError> {
        let mut folders: Vec<PathBuf> = match folder {
            Some(folder) => vec![folder.to_owned()],
            None => vec![format!("/usr/lib/postgresql/{major}/bin").into()],
        };
        if folder.is_none() {
            let path = std::env::var_os("PATH").unwrap_or_default();
            folders.extend(std::env::split_paths(&path));
        }
        let mut looked = Vec::new();
        for folder in folders
            .into_iter()
            .filter(|folder| folder.join("pg_dump").exists())
        {
            match version_of(&folder.join("pg_dump")).await {
                Some((version, found)) if found == major => {
                    return Ok(Self {
                        folder,
                        version,
                        major,
                    });
                }
                Some((version, _)) => looked.push(format!("{} ({version})", folder.display())),
                None => looked.push(format!("{} (does not run)", folder.display())),
            }
        }
        if looked.is_empty() {
            looked.push(match folder {
                Some(folder) => folder.display().to_string(),
                None => format!("/usr/lib/postgresql/{major}/bin and PATH"),
            });
        }
        Err(ToolError::Missing {
            tool: "pg_dump",
            major,
            looked,
        })
    }

    /// The folder with `postgres` and `initdb`, when a server of this version is installed too.
    pub fn server_folder(&self) -> Option<&Path> {
        self.folder
            .join("initdb")
            .exists()
            .then_some(self.folder.as_path())
    }

    /// The schema as `snapshot` sees it, as an archive. None when somebody waits for an exclusive lock on a table: behind
    /// him `pg_dump` would wait for its own lock until we, whom he waits for, are done.
    pub async fn dump_schema(
        &self,
        server: &Server,
        snapshot: &str,
        excluded: &[QualifiedName],
    ) -> Result<Option<Vec<u8>>, ToolError> {
        let snapshot = format!("--snapshot={snapshot}");
        // A quoted pattern is a name, whatever letters are in it.
        let excluded: Vec<_> = excluded
            .iter()
            .map(|table| format!("--exclude-table={}", table.sql()))
            .collect();
        let mut arguments = vec![
            // Not --schema-only: that leaves out the refreshing of materialized views.
            "--section=pre-data",
            "--section=post-data",
            "--format=custom",
            "--compress=0",
            // Large objects are copied by ourselves; older releases would put their empty shells into pre-data.
            "-B",
            "--lock-wait-timeout=2000",
            &snapshot,
        ];
        arguments.extend(excluded.iter().map(String::as_str));
        match self.run("pg_dump", server, &arguments, None).await {
            Ok(output) => Ok(Some(output.stdout)),
            // It is the statement time-out that pg_dump sets for its LOCK TABLE; ours is off in every session.
            Err(ToolError::Failed { stderr, .. })
                if stderr.contains("due to statement timeout") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Runs a tool against `server` and waits for its end.
    pub async fn run(
        &self,
        tool: &str,
        server: &Server,
        arguments: &[&str],
        options: Option<&str>,
    ) -> Result<Output, ToolError> {
        let output = self.run_unchecked(tool, server, arguments, options).await?;
        match output {
            (Output { stdout, stderr }, None) => Ok(Output { stdout, stderr }),
            (Output { stderr, .. }, Some(status)) => Err(ToolError::Failed {
                tool: tool.to_owned(),
                status,
                stderr: one_line(&stderr),
            }),
        }
    }

    /// Runs a tool and hands its failing status back beside what it printed.
    pub async fn run_unchecked(
        &self,
        tool: &str,
        server: &Server,
        arguments: &[&str],
        options: Option<&str>,
    ) -> Result<(Output, Option<String>), ToolError> {
        let start = |source| ToolError::Start {
            tool: tool.to_owned(),
            source,
        };
        let (mut command, password) = self.command(tool, server, options).map_err(start)?;
        command.args(arguments).stdin(Stdio::null());
        let done = command.output().await.map_err(start)?;
        drop(password);
        let output = Output {
            stdout: done.stdout,
            stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
        };
        let failed = (!done.status.success()).then(|| done.status.to_string());
        Ok((output, failed))
    }

    /// A command with nothing in its environment but what the tool needs; the file must outlive it.
    fn command(
        &self,
        tool: &str,
        server: &Server,
        options: Option<&str>,
    ) -> std::io::Result<(Command, Option<NamedTempFile>)> {
        let mut command = Command::new(self.folder.join(tool));
        command.env_clear().env("LC_ALL", "C").kill_on_drop(true);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        let params = &server.params;
        match &server.host {
            Host::Tcp(name, port) => {
                command.env("PGHOST", name).env("PGPORT", port.to_string());
            }
            Host::Unix(folder, port) => {
                command
                    .env("PGHOST", folder)
                    .env("PGPORT", port.to_string());
            }
        }
        let patience = params.connect_timeout.as_secs().to_string();
        command
            .env("PGUSER", &params.user)
            .env("PGDATABASE", &params.database)
            .env("PGAPPNAME", crate::source::session::APPLICATION_NAME)
            .env("PGCONNECT_TIMEOUT", patience);
        tls(&mut command, &params.tls);
        let all_options: Vec<&str> = params
            .options
            .as_deref()
            .into_iter()
            .chain(options)
            .collect();
        if !all_options.is_empty() {
            command.env("PGOPTIONS", all_options.join(" "));
        }
        let Some(password) = &params.password else {
            return Ok((command, None));
        };
        // NamedTempFile makes it readable by its owner only, which libpq insists on.
        let mut file = NamedTempFile::new()?;
        file.write_all(passfile::wildcard_line(password.expose_secret()).as_bytes())?;
        command.env("PGPASSFILE", file.path());
        Ok((command, Some(file)))
    }
}

/// What libpq must know to encrypt as we do.
fn tls(command: &mut Command, tls: &TlsParams) {
    let mode = match tls.mode {
        SslMode::Disable => "disable",
        SslMode::Prefer => "prefer",
        SslMode::Require => "require",
        SslMode::VerifyCa => "verify-ca",
        SslMode::VerifyFull => "verify-full",
    };
    command.env("PGSSLMODE", mode);
    // With a root certificate at hand libpq would verify under `require` too; we do so only when told whom to trust.
    if matches!(tls.mode, SslMode::VerifyCa | SslMode::VerifyFull) {
        command.env("PGSSLROOTCERT", SYSTEM_ROOTS);
    }
    for (variable, file) in [
        ("PGSSLROOTCERT", &tls.root_certificates),
        ("PGSSLCERT", &tls.certificate),
        ("PGSSLKEY", &tls.key),
    ] {
        if let Some(file) = file {
            command.env(variable, file);
        }
    }
}

async fn version_of(program: &Path) -> Option<(String, u32)> {
    let output = Command::new(program)
        .arg("--version")
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split_once(") ")?.1.trim().to_owned();
    let major = version
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()?;
    Some((version, major))
}

/// A tool's many lines as one, the last ones kept when there are too many.
fn one_line(stderr: &str) -> String {
    const MOST: usize = 2000;
    let line = stderr
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>()
        .join("; ");
    let cut = line.len().saturating_sub(MOST);
    let cut = (cut..=line.len())
        .find(|at| line.is_char_boundary(*at))
        .unwrap_or(0);
    line[cut..].to_owned()
}
