//! What kind of server to make.

use crate::{
    account::Account,
    cluster::{self, Auth},
    error::Result,
    home::Home,
    installation::Installation,
    overlay::{self, ExtensionFile},
    server::LocalPostgres,
};
use rand::distr::{Alphanumeric, SampleString};
use secrecy::{ExposeSecret, SecretString};
use std::{path::PathBuf, time::Duration};

/// The name of the superuser, and of the database that is always there.
pub(crate) const SUPERUSER: &str = "postgres";

/// Characters of the superuser's password: 190 bits.
const PASSWORD_LENGTH: usize = 32;

/// Describes a server before it is started; see [`LocalPostgres::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    installation: Installation,
    auth: Auth,
    settings: Vec<(String, String)>,
    durable: bool,
    tcp: bool,
    parent: Option<PathBuf>,
    extension_files: Vec<ExtensionFile>,
    deadline: Duration,
}

impl Builder {
    pub(crate) fn new(installation: Installation) -> Self {
        Self {
            installation,
            auth: Auth::Password,
            settings: Vec::new(),
            durable: true,
            tcp: true,
            parent: None,
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
        if let Some(account) = &account {
            account.can_reach(&self.installation.program("postgres"))?;
        }
        let home = Home::new(self.parent.as_deref(), account.as_ref())?;
        let password = (self.auth == Auth::Password).then(|| {
            SecretString::from(Alphanumeric.sample_string(&mut rand::rng(), PASSWORD_LENGTH))
        });
        cluster::init(
            &self.installation,
            account.as_ref(),
            &home,
            SUPERUSER,
            password.as_ref(),
        )?;
        cluster::write_access(&home.data(), self.auth, false)?;
        cluster::write_settings(&home.data(), &self.all_settings(&home))?;
        let password_file = home.folder().join("pgpass");
        if let Some(password) = &password {
            let line = format!("*:*:*:{SUPERUSER}:{}\n", password.expose_secret());
            cluster::write_private(&password_file, &line, None)?;
        }
        let program = if self.extension_files.is_empty() {
            self.installation.program("postgres")
        } else {
            let root = home.folder().join("installation");
            overlay::build(&self.installation, &self.extension_files, &root)?
        };
        let mut server = LocalPostgres::new(
            self.installation,
            program,
            home,
            account,
            password.map(|password| (password, password_file)),
            self.tcp,
            self.deadline,
        );
        server.start_again()?;
        Ok(server)
    }

    /// Our settings, and after them the caller's, which win.
    fn all_settings(&self, home: &Home) -> Vec<(String, String)> {
        let mut settings = vec![
            (
                "listen_addresses",
                if self.tcp { "127.0.0.1" } else { "" }.to_owned(),
            ),
            (
                "unix_socket_directories",
                home.sockets().display().to_string(),
            ),
            ("timezone", "UTC".to_owned()),
            ("log_timezone", "UTC".to_owned()),
        ];
        if !self.durable {
            // Not `synchronous_commit`: without it a crash of the server loses commits, and with
            // `fsync` off it costs nothing.
            settings.extend(["fsync", "full_page_writes"].map(|name| (name, "off".to_owned())));
        }
        settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .chain(self.settings.iter().cloned())
            .collect()
    }
}
