//! The database that `backup` looks after and whose password `rotate-secrets` changes: a web shop in a PostgreSQL that is
//! thrown away with the rest.

use crate::{Error, programs};
use local_postgres::{
    Installation, LocalPostgres,
    fixtures::{self, Accounts},
};
use std::{ffi::OsString, path::PathBuf};

const SHOP: &str = "shop";

/// About 8 MB: made within a second.
const SCALE: u32 = 1;

/// A running server, and what a program needs to reach it.
#[derive(Debug)]
pub(crate) struct Database {
    server: LocalPostgres,
    /// The shop's address, without a password.
    pub(crate) url: String,
    /// Who logs in to it.
    pub(crate) accounts: Accounts,
    /// What the shop's secret holds at first.
    pub(crate) first: String,
}

impl Database {
    /// Starts a server and fills it; `companion` goes too when this program is killed.
    pub(crate) async fn open(companion: PathBuf) -> Result<Self, Error> {
        let folder = companion.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let server = LocalPostgres::builder(Installation::newest()?)
                .without_durability()
                .removed_when_killed(companion)
                .start()?;
            fixtures::believable_shop(&server, SHOP, SCALE)?;
            let (accounts, first) = Accounts::make(&server, SHOP, &folder)?;
            Ok::<_, local_postgres::Error>(Self {
                url: server.url(SHOP),
                server,
                accounts,
                first,
            })
        });
        match opened.await {
            Ok(opened) => Ok(opened?),
            Err(panic) => Err(Error::io("start PostgreSQL", panic.into())),
        }
    }

    /// What clients are told by their environment: where the password lies, and the server's own `pg_dump`.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let own = self.server.installation().bin();
        let password = self.server.password_file();
        let password = password.map(|file| ("PGPASSFILE", file.into()));
        let path = ("PATH", programs::path_from(own));
        password.into_iter().chain([path]).collect()
    }

    /// Stops the server and removes its data.
    pub(crate) async fn close(self) -> Result<(), Error> {
        let dropped = tokio::task::spawn_blocking(move || drop(self.server)).await;
        dropped.map_err(|panic| Error::io("stop PostgreSQL", panic.into()))
    }
}
