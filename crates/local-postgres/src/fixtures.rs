//! Databases to try things on.

mod accounts;

pub use accounts::{Accounts, USERS};

use crate::{Builder, ExtensionFile, LocalPostgres, Result, command, error::Error};

/// An extension some of whose tables hold the user's configuration; `nightshift_fixture` in SQL.
const EXTENSION: [(&str, &str); 2] = [
    (
        "nightshift_fixture.control",
        include_str!("../fixtures/extension/nightshift_fixture.control"),
    ),
    (
        "nightshift_fixture--1.0.sql",
        include_str!("../fixtures/extension/nightshift_fixture--1.0.sql"),
    ),
];

/// The roles that own, read and set things in [`every_kind_of_object`].
const ROLES: &str = include_str!("../fixtures/every_kind_of_object/roles.sql");

/// A part of [`every_kind_of_object`], and what a server must have to take it.
struct Topic {
    name: &'static str,
    sql: &'static str,
    needs: Needs,
}

enum Needs {
    Nothing,
    Version(u32),
    Xml,
    Extension(&'static str),
}

macro_rules! topics {
    ($($file:literal $needs:expr),* $(,)?) => {
        [$(Topic {
            name: $file,
            sql: include_str!(concat!("../fixtures/every_kind_of_object/", $file, ".sql")),
            needs: $needs,
        }),*]
    };
}

const TOPICS: [Topic; 12] = topics![
    "10_schemas_and_types" Needs::Nothing,
    "20_values" Needs::Nothing,
    "21_xml_values" Needs::Xml,
    "30_columns" Needs::Nothing,
    "40_partitions_and_inheritance" Needs::Nothing,
    "50_sequences" Needs::Nothing,
    "60_views_rules_triggers" Needs::Nothing,
    "70_constraints_and_indexes" Needs::Nothing,
    "80_large_objects" Needs::Nothing,
    "90_extensions_and_foreign_data" Needs::Nothing,
    "91_extension_with_configuration" Needs::Extension("nightshift_fixture"),
    "98_from_version_18" Needs::Version(18),
];

/// A part of a fixture that this server cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The name of the part.
    pub topic: &'static str,
    /// What the server lacks.
    pub because: String,
}

/// A server for a test that has everything [`every_kind_of_object`] asks for.
pub fn server(major: u32) -> Result<Builder> {
    let builder = LocalPostgres::for_tests(major)?;
    Ok(EXTENSION
        .into_iter()
        .fold(builder, |builder, (name, content)| {
            builder.extension_file(ExtensionFile {
                name: name.to_owned(),
                content: content.to_owned(),
            })
        }))
}

/// Makes the roles that objects of [`every_kind_of_object`] belong to, where they do not exist.
///
/// A server that the fixture is restored into needs them too: roles are no part of a database.
pub fn roles(server: &LocalPostgres) -> Result<()> {
    server.psql(server.superuser(), ROLES).map(drop)
}

/// Makes a database with at least one of each kind of object that a backup must carry, with values
/// at the ends of their ranges and names that have to be quoted.
///
/// What the server cannot hold, by its version or by how it was built, is left out and returned.
/// Tablespaces, subscriptions and security labels are not in it: they need more than a database.
pub fn every_kind_of_object(server: &LocalPostgres, database: &str) -> Result<Vec<LeftOut>> {
    roles(server)?;
    server.create_database(database)?;
    let mut left_out = Vec::new();
    for topic in &TOPICS {
        if let Some(because) = missing(server, &topic.needs)? {
            let topic = topic.name;
            left_out.push(LeftOut { topic, because });
        } else {
            server.psql(database, topic.sql)?;
        }
    }
    Ok(left_out)
}

/// Why a server cannot hold a topic; `None` when it can.
fn missing(server: &LocalPostgres, needs: &Needs) -> Result<Option<String>> {
    let version = server.installation().version();
    Ok(match needs {
        Needs::Nothing => None,
        Needs::Version(major) => (version.major < *major)
            .then(|| format!("it is new in PostgreSQL {major}, the server is {version}")),
        Needs::Xml => match server.psql(server.superuser(), "SELECT xml '<a/>'") {
            Ok(_) => None,
            Err(Error::Program { stderr, .. }) if stderr.contains("unsupported XML feature") => {
                Some(format!(
                    "PostgreSQL {version} was built without libxml here"
                ))
            }
            Err(error) => return Err(error),
        },
        Needs::Extension(name) => {
            let sql = format!("SELECT count(*) FROM pg_available_extensions WHERE name = '{name}'");
            (server.psql(server.superuser(), &sql)? == "0").then(|| {
                format!("the server was started without the files of the extension `{name}`")
            })
        }
    })
}

/// The SQL of [`believable_shop`], for a `psql` that knows the variable `scale`.
pub const BELIEVABLE_SHOP: &str = include_str!("../fixtures/believable_shop.sql");

/// Makes a database of a web shop: customers, products, orders, payments, events by month.
///
/// A scale of 1 is about 1,000 customers, 5,000 orders, 20,000 events and 8 MB beside an empty database; all but
/// products grow in proportion. The rows are the same each time but for their dates, which end now.
pub fn believable_shop(server: &LocalPostgres, database: &str, scale: u32) -> Result<()> {
    server.create_database(database)?;
    let mut command = server.psql_command(database)?;
    command.args(["-v", &format!("scale={scale}")]);
    command::run_with_input(&mut command, BELIEVABLE_SHOP).map(drop)
}

/// Makes a database with the tables of `pgbench`: 100,000 accounts, about 15 MB, for each `scale`.
pub fn pgbench(server: &LocalPostgres, database: &str, scale: u32) -> Result<()> {
    server.create_database(database)?;
    let mut command = server.client("pgbench", database)?;
    command::run(command.args(["--initialize", "--quiet", "--scale", &scale.to_string()])).map(drop)
}
