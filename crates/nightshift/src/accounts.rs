//! Two accounts of the shop's database that take turns, the role that may change them, and what is published of them first.
//!
//! It is what somebody sets up who wants passwords that change without a failed login: see the README of `rotate-secrets`.

use crate::Error;
use local_postgres::LocalPostgres;
use rand::distr::{Alphanumeric, SampleString};
use serde_json::{Value, json};
use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// The accounts, in the order of their turns.
pub(crate) const USERS: [&str; 2] = ["shop_a", "shop_b"];

/// What both are members of and act as.
const OWNER: &str = "shop_owner";

/// Who changes their passwords, and nothing else.
const ROTATOR: &str = "rotator";

/// 190 bits each.
const LENGTH: usize = 32;

/// The accounts of a database that exist, with what is known of them.
#[derive(Debug)]
pub(crate) struct Accounts {
    database: &'static str,
    port: u16,
    rotator_password: PathBuf,
}

impl Accounts {
    /// Makes the roles in a database that has a schema `shop`; returns the first value to publish too. The rotator's
    /// password goes into a file in `folder` that nobody else reads.
    pub(crate) fn make(
        server: &LocalPostgres,
        database: &'static str,
        folder: &Path,
    ) -> Result<(Self, String), Error> {
        let [rotator, first, unknown] =
            std::array::from_fn(|_| Alphanumeric.sample_string(&mut rand::rng(), LENGTH));
        let sql = roles(server.installation().major(), [&rotator, &first, &unknown]);
        server.psql(database, &sql)?;
        let accounts = Self {
            database,
            port: server.port(),
            rotator_password: folder.join("rotator-password"),
        };
        write_private(&accounts.rotator_password, &rotator)?;
        let port = accounts.port;
        let value = json!({
            "username": USERS[0],
            "password": first,
            "host": "127.0.0.1",
            "url": format!("postgres://{}:{first}@127.0.0.1:{port}/{database}", USERS[0]),
        });
        Ok((accounts, value.to_string()))
    }

    /// The settings of `target.postgres` for them.
    pub(crate) fn target(&self) -> Value {
        json!({
            "host": "127.0.0.1",
            "port": self.port,
            "database": self.database,
            "tls": { "mode": "disable" },
            "users": USERS,
            "owner_role": OWNER,
            "admin": { "password": {
                "user": ROTATOR, "password": { "file": self.rotator_password },
            } },
            "payload": { "json": { "user": "username", "host": "host", "urls": ["url"] } },
            "rights": [{ "table": "shop.orders", "rights": ["select", "insert"] }],
        })
    }
}

/// A rotator that may change these two accounts and no others, and two accounts that differ in nothing but their names.
fn roles(major: u32, [rotator, first, unknown]: [&str; 3]) -> String {
    let [a, b] = USERS;
    // Since 16 it need not be a member to be an administrator.
    let only_admin = match major {
        ..16 => "WITH ADMIN OPTION",
        _ => "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
    };
    format!(
        "CREATE ROLE {ROTATOR} LOGIN CREATEROLE PASSWORD '{rotator}';
         CREATE ROLE {OWNER} NOLOGIN;
         CREATE ROLE {a} LOGIN PASSWORD '{first}' IN ROLE {OWNER};
         CREATE ROLE {b} LOGIN PASSWORD '{unknown}' IN ROLE {OWNER};
         ALTER ROLE {a} SET role = {OWNER};
         ALTER ROLE {b} SET role = {OWNER};
         GRANT {a}, {b} TO {ROTATOR} {only_admin};
         GRANT USAGE ON SCHEMA shop TO {OWNER};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop TO {OWNER};"
    )
}

fn write_private(file: &Path, text: &str) -> Result<(), Error> {
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file);
    opened
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .map_err(|source| Error::io(format!("write {}", file.display()), source))
}
