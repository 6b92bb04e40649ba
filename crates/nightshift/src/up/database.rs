//! The database that `backup` looks after: a web shop in a PostgreSQL that is thrown away with the rest.

use crate::{Error, programs};
use local_postgres::{Installation, LocalPostgres, fixtures};
use std::{ffi::OsString, path::PathBuf};

const SHOP: &str = "shop";

/// About 8 MB: made within a second.
const SCALE: u32 = 1;

/// A running server, and what a program needs to reach it.
#[derive(Debug)]
pub(super) struct Database {
    server: LocalPostgres,
    /// The shop's address, without a password.
    pub(super) url: String,
}

impl Database {
    /// Starts a server and fills it; `companion` goes too when this program is killed.
    pub(super) async fn open(companion: PathBuf) -> Result<Self, Error> {
        let opened = tokio::task::spawn_blocking(move || {
            let server = LocalPostgres::builder(Installation::newest()?)
                .without_durability()
                .removed_when_killed(companion)
                .start()?;
            fixtures::believable_shop(&server, SHOP, SCALE)?;
            let url = server.url(SHOP);
            Ok::<_, local_postgres::Error>(Self { server, url })
        });
        match opened.await {
            Ok(opened) => Ok(opened?),
            Err(panic) => Err(Error::io("start PostgreSQL", panic.into())),
        }
    }

    /// What clients are told by their environment: where the password lies, and the server's own `pg_dump`.
    pub(super) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let own = self.server.installation().bin();
        let password = self.server.password_file();
        let password = password.map(|file| ("PGPASSFILE", file.into()));
        let path = ("PATH", programs::path_from(own));
        password.into_iter().chain([path]).collect()
    }

    /// Stops the server and removes its data.
    pub(super) async fn close(self) -> Result<(), Error> {
        let dropped = tokio::task::spawn_blocking(move || drop(self.server)).await;
        dropped.map_err(|panic| Error::io("stop PostgreSQL", panic.into()))
    }
}
