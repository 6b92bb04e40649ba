//! What a database holds, asked of its catalogues.

use crate::{
    manifest::{Index, Sequence, Source},
    name::QualifiedName,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tokio_postgres::{Client, Error, Row};

/// A table whose rows are to be copied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// Its oid in the source.
    pub oid: u32,
    /// Its name.
    pub name: QualifiedName,
    /// Whether it is unlogged: a standby cannot read it.
    pub unlogged: bool,
    /// Whether it is stored as a heap, so that a range of its pages can be read.
    pub heap: bool,
    /// Whether planning a query on it runs functions of its owner, which may not find what they name without his search
    /// path. `COPY` of the table itself is not planned.
    pub planning_runs_functions: bool,
    /// The extension whose configuration it is.
    pub extension: Option<String>,
    /// That extension's `WHERE …`.
    pub condition: String,
    /// The root to load its rows through.
    pub load_through: Option<QualifiedName>,
    /// Its columns without generated ones.
    pub columns: Vec<String>,
    /// Pages of the heap.
    pub pages: u64,
    /// Bytes of heap and TOAST.
    pub bytes: u64,
    /// `reltuples`; negative when never analysed.
    pub estimated_rows: f64,
    /// Whether our role may select from it.
    pub readable: bool,
    /// Whether our role may use the schema it is in.
    pub schema_usable: bool,
    /// Whether a policy would hide rows from our role.
    pub row_security: bool,
    /// Its indexes.
    pub indexes: Vec<Index>,
}

/// What the server says of itself.
#[derive(Debug, Clone)]
pub struct ServerFacts {
    /// What goes into the manifest.
    pub source: Source,
    /// `pg_postmaster_start_time()`: tells one server from another behind the same address.
    pub started: String,
    /// The server's clock.
    pub clock: Timestamp,
    /// On a standby, the instant up to which it has replayed.
    pub replayed: Option<Timestamp>,
    /// Our backend.
    pub pid: i32,
}

/// Asks the server who it is.
pub async fn server(client: &Client, database: &str) -> Result<ServerFacts, Error> {
    let row = client
        .query_one(include_str!("../sql/server.sql"), &[])
        .await?;
    let names: Vec<String> = row.get("extensions");
    let versions: Vec<String> = row.get("extension_versions");
    let version_num: i32 = row.get("version_num");
    Ok(ServerFacts {
        source: Source {
            system_identifier: row.get("system_identifier"),
            database: database.to_owned(),
            database_oid: row.get("database_oid"),
            server_version_num: version_num.unsigned_abs(),
            server_version: row.get("version"),
            encoding: row.get("encoding"),
            collate: row.get("collate"),
            ctype: row.get("ctype"),
            locale_provider: row.get("locale_provider"),
            locale: row.get("locale"),
            collation_version: row.get("collation_version"),
            lc_monetary: row.get("lc_monetary"),
            standby: row.get("standby"),
            extensions: names.into_iter().zip(versions).collect(),
        },
        started: row.get("started"),
        clock: row.get("clock"),
        replayed: row.get("replayed"),
        pid: row.get("pid"),
    })
}

/// Every table whose rows belong into a backup, by name. Takes no locks; [`measure`] adds what needs them.
pub async fn relations(client: &Client) -> Result<Vec<Relation>, Error> {
    let rows = client
        .query(include_str!("../sql/relations.sql"), &[])
        .await?;
    let relation = |row: &Row| Relation {
        oid: row.get("oid"),
        name: QualifiedName {
            schema: row.get("schema"),
            name: row.get("name"),
        },
        unlogged: row.get("unlogged"),
        heap: row.get("heap"),
        planning_runs_functions: row.get("planning_runs_functions"),
        extension: row.get("extension"),
        condition: row.get("condition"),
        load_through: qualified(row, "root_schema", "root_name"),
        columns: row.get("columns"),
        pages: 0,
        bytes: 0,
        estimated_rows: row.get("estimated_rows"),
        readable: row.get("readable"),
        schema_usable: row.get("schema_usable"),
        row_security: row.get("row_security"),
        indexes: Vec::new(),
    };
    Ok(rows.iter().map(relation).collect())
}

/// Fills in the sizes of `relations` and their indexes. They must be locked: this waits behind others otherwise.
pub async fn measure(client: &Client, relations: &mut [Relation]) -> Result<(), Error> {
    let oids: Vec<u32> = relations.iter().map(|relation| relation.oid).collect();
    let rows = client
        .query(include_str!("../sql/sizes.sql"), &[&oids])
        .await?;
    let sizes: HashMap<u32, (u64, u64)> = rows
        .iter()
        .map(|row| {
            let sizes = (unsigned(row.get("pages")), unsigned(row.get("bytes")));
            (row.get("oid"), sizes)
        })
        .collect();
    let mut indexes = indexes(client, &oids).await?;
    for relation in relations {
        (relation.pages, relation.bytes) = sizes.get(&relation.oid).copied().unwrap_or_default();
        relation.indexes = indexes.remove(&relation.oid).unwrap_or_default();
    }
    Ok(())
}

/// A size; null for something that is gone, which has none.
fn unsigned(value: Option<i64>) -> u64 {
    value.unwrap_or_default().max(0).unsigned_abs()
}

fn qualified(row: &Row, schema: &str, name: &str) -> Option<QualifiedName> {
    let (schema, name): (Option<String>, Option<String>) = (row.get(schema), row.get(name));
    Some(QualifiedName {
        schema: schema?,
        name: name?,
    })
}

async fn indexes(client: &Client, tables: &[u32]) -> Result<HashMap<u32, Vec<Index>>, Error> {
    let mut found: HashMap<u32, Vec<Index>> = HashMap::new();
    for row in client
        .query(include_str!("../sql/indexes.sql"), &[&tables])
        .await?
    {
        found.entry(row.get("table")).or_default().push(Index {
            oid: row.get("oid"),
            name: row.get("name"),
            method: row.get("method"),
            bytes: unsigned(row.get("bytes")),
            constraint: row.get("constraint"),
        });
    }
    Ok(found)
}

/// A sequence, and whether our role may read its position.
#[derive(Debug, Clone)]
pub struct SequenceName {
    /// Its name.
    pub name: QualifiedName,
    /// Whether our role may select from it.
    pub readable: bool,
    /// Whether our role may use the schema it is in.
    pub schema_usable: bool,
    /// Whether it is unlogged: a standby cannot read it.
    pub unlogged: bool,
    /// The table that one of its columns counts with it.
    pub table: Option<QualifiedName>,
}

/// The names of every sequence whose position is data.
pub async fn sequences(client: &Client) -> Result<Vec<SequenceName>, Error> {
    let rows = client
        .query(include_str!("../sql/sequences.sql"), &[])
        .await?;
    let name = |row: &Row| SequenceName {
        name: QualifiedName {
            schema: row.get("schema"),
            name: row.get("name"),
        },
        readable: row.get("readable"),
        schema_usable: row.get("schema_usable"),
        unlogged: row.get("unlogged"),
        table: qualified(row, "table_schema", "table_name"),
    };
    Ok(rows.iter().map(name).collect())
}

/// Where each sequence stands now. No snapshot covers this; a later position is a safe one.
pub async fn positions(client: &Client, names: &[SequenceName]) -> Result<Vec<Sequence>, Error> {
    let mut positions = Vec::with_capacity(names.len());
    for batch in names.chunks(100) {
        let select = |(place, sequence): (usize, &SequenceName)| {
            format!(
                "SELECT {place} AS place, last_value, is_called FROM {}",
                sequence.name.sql()
            )
        };
        let selects: Vec<_> = batch.iter().enumerate().map(select).collect();
        let sql = format!("{} ORDER BY place", selects.join(" UNION ALL "));
        let rows = client.query(&sql, &[]).await?;
        positions.extend(batch.iter().zip(rows).map(|(name, row)| Sequence {
            schema: name.name.schema.clone(),
            name: name.name.name.clone(),
            table: name.table.clone(),
            last_value: row.get("last_value"),
            is_called: row.get("is_called"),
        }));
    }
    Ok(positions)
}

/// The large objects of a database, as far as the catalogue shows them.
#[derive(Debug, Clone, Default)]
pub struct LargeObjectFacts {
    /// How many.
    pub count: u64,
    /// The bytes of `pg_largeobject`.
    pub bytes: u64,
    /// Whether our role may read their pages.
    pub readable: bool,
    /// Oids that split them into runs of similar size; the first of each run.
    pub starts: Vec<u32>,
}

/// Counts large objects and splits them into runs of `per_run`.
pub async fn large_objects(client: &Client, per_run: i64) -> Result<LargeObjectFacts, Error> {
    let row = client
        .query_one(
            "SELECT count(*) AS count, pg_catalog.pg_relation_size('pg_catalog.pg_largeobject') AS bytes,
                    pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'SELECT') AS readable
             FROM pg_catalog.pg_largeobject_metadata",
            &[],
        )
        .await?;
    let starts = client
        .query(
            "SELECT oid FROM (SELECT oid, pg_catalog.row_number() OVER (ORDER BY oid) - 1 AS place
                              FROM pg_catalog.pg_largeobject_metadata) numbered
             WHERE place % $1 = 0 ORDER BY oid",
            &[&per_run],
        )
        .await?;
    Ok(LargeObjectFacts {
        count: unsigned(row.get("count")),
        bytes: unsigned(row.get("bytes")),
        readable: row.get("readable"),
        starts: starts.iter().map(|row| row.get(0)).collect(),
    })
}
