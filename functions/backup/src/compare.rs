//! Reads a database the way a backup does and compares what it sums with a manifest.

use crate::{
    copy_format,
    engine::statement,
    error::Error,
    fingerprint::{PartialRow, RowSum},
    manifest::{Manifest, RowFormat, Sequence, Table},
    name::QualifiedName,
    plan::{self, Read, What},
    source::{
        catalog::{self, LargeObjectFacts, Relation},
        session::{self, Server},
        wire::{RowSink, WireError, WireSession},
    },
};
use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

/// The outcome of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Comparison {
    /// Tables compared.
    pub tables: u64,
    /// Rows read.
    pub rows: u64,
    /// What differs, a sentence each.
    pub differences: Vec<String>,
}

/// What one side holds under one name.
type Sums = BTreeMap<String, RowSum>;

/// Compares the rows of `tables`; with `rest` also large objects and sequences.
pub async fn database(
    server: &Server,
    tables: &[&Table],
    rest: Option<&Manifest>,
    jobs: usize,
) -> Result<Comparison, Error> {
    let client = server.connect().await?;
    let facts = catalog::server(&client, &server.params.database).await;
    let facts = facts.map_err(Error::database("ask the server who it is"))?;
    let mut relations = catalog::relations(&client)
        .await
        .map_err(Error::database("list the tables"))?;
    catalog::measure(&client, &mut relations)
        .await
        .map_err(Error::database("measure the tables"))?;
    let expected = expected(tables, rest);
    let (relations, groups, formats) = chosen(relations, tables);
    let large_objects = match rest {
        Some(_) => catalog::large_objects(&client, 1000).await,
        None => Ok(LargeObjectFacts::default()),
    };
    let large_objects = large_objects.map_err(Error::database("list the large objects"))?;
    let major = facts.source.major();
    let mut reads = plan::plan(&relations, &large_objects, jobs, major);
    reads.retain(|read| read.what != What::LargeObjectMetadata);
    for read in &mut reads {
        if let What::Table { table, .. } = read.what {
            read.format = formats[table];
        }
    }
    let job = Arc::new(Job {
        server: server.clone(),
        major,
        encoding: facts.source.encoding,
        relations,
        groups,
        reads: Mutex::new(reads.into()),
        found: Mutex::default(),
    });
    let threads = (0..jobs.max(1)).map(|_| {
        let job = Arc::clone(&job);
        tokio::task::spawn_blocking(move || job.work())
    });
    for thread in futures::future::join_all(threads).await {
        thread.map_err(|panic| Error::io("compare rows")(io::Error::other(panic)))??;
    }
    let found = std::mem::take(&mut *job.found.lock().unwrap_or_else(PoisonError::into_inner));
    let mut comparison = judge(&expected, &found);
    if let Some(manifest) = rest {
        comparison
            .differences
            .extend(sequences(&client, manifest).await?);
    }
    Ok(comparison)
}

/// Rows that may change their leaf are compared under their root; everything else under its own name.
fn group(name: &QualifiedName, load_through: Option<&QualifiedName>) -> String {
    load_through.unwrap_or(name).to_string()
}

const LARGE_OBJECTS: &str = "large objects";

fn expected(tables: &[&Table], rest: Option<&Manifest>) -> Sums {
    let mut sums = Sums::new();
    for table in tables {
        let sum = RowSum {
            rows: table.rows,
            bytes: table.raw_bytes,
            fingerprint: table.fingerprint,
        };
        sums.entry(group(&table.qualified(), table.load_through.as_ref()))
            .or_default()
            .merge(sum);
    }
    if let Some(large) = rest.and_then(|manifest| manifest.large_objects.as_ref()) {
        let pages = sums.entry(LARGE_OBJECTS.to_owned()).or_default();
        large
            .pages
            .iter()
            .for_each(|chunk| pages.merge(chunk.sum()));
    }
    sums
}

/// The relations to read, the group of each, and the format its rows were summed in.
fn chosen(
    relations: Vec<Relation>,
    tables: &[&Table],
) -> (Vec<Relation>, Vec<String>, Vec<RowFormat>) {
    let by_name: BTreeMap<_, _> = tables
        .iter()
        .map(|table| (table.qualified(), *table))
        .collect();
    let (mut kept, mut groups, mut formats) = (Vec::new(), Vec::new(), Vec::new());
    for mut relation in relations {
        if let Some(table) = by_name.get(&relation.name) {
            // The manifest's columns: another database may have added some.
            relation.columns.clone_from(&table.columns);
            groups.push(group(&relation.name, table.load_through.as_ref()));
            formats.push(table.format);
            kept.push(relation);
        }
    }
    (kept, groups, formats)
}

fn judge(expected: &Sums, found: &Sums) -> Comparison {
    let mut comparison = Comparison::default();
    for (name, want) in expected {
        let have = found.get(name).copied().unwrap_or_default();
        if name != LARGE_OBJECTS {
            comparison.tables += 1;
            comparison.rows += have.rows;
        }
        if have.rows != want.rows {
            let difference = format!("{name} has {} rows, the backup {}", have.rows, want.rows);
            comparison.differences.push(difference);
        } else if have.fingerprint != want.fingerprint {
            comparison.differences.push(format!(
                "{name} has other rows than the backup: fingerprint {} instead of {}",
                have.fingerprint, want.fingerprint
            ));
        }
    }
    comparison
}

async fn sequences(
    client: &tokio_postgres::Client,
    manifest: &Manifest,
) -> Result<Vec<String>, Error> {
    let name = |s: &Sequence| catalog::SequenceName {
        name: QualifiedName {
            schema: s.schema.clone(),
            name: s.name.clone(),
        },
        readable: true,
        schema_usable: true,
        unlogged: false,
        table: s.table.clone(),
    };
    let names: Vec<_> = manifest.sequences.iter().map(name).collect();
    let found = catalog::positions(client, &names)
        .await
        .map_err(Error::database("read sequences"))?;
    let differs = manifest
        .sequences
        .iter()
        .zip(&found)
        .filter(|(want, have)| {
            (want.last_value, want.is_called) != (have.last_value, have.is_called)
        });
    Ok(differs
        .map(|(want, have)| {
            format!(
                "sequence {}.{} stands at {}, the backup at {}",
                want.schema, want.name, have.last_value, want.last_value
            )
        })
        .collect())
}

struct Job {
    server: Server,
    major: u32,
    encoding: String,
    relations: Vec<Relation>,
    groups: Vec<String>,
    reads: Mutex<VecDeque<Read>>,
    found: Mutex<Sums>,
}

impl Job {
    fn work(&self) -> Result<(), Error> {
        let wire = |source: WireError| Error::Wire {
            doing: "compare rows".into(),
            source,
        };
        let server = &self.server;
        let never = Arc::new(AtomicBool::new(false));
        let mut session =
            WireSession::connect(&server.params, &server.host, server.tls.clone(), never)
                .map_err(wire)?;
        session
            .execute(&session::settings(self.major))
            .map_err(wire)?;
        loop {
            let next = self
                .reads
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            let Some(read) = next else { return Ok(()) };
            let (sum, partial) = (RowSum::default(), PartialRow::default());
            let mut sink = SumSink {
                format: read.format,
                sum,
                partial,
            };
            let sql = statement::copy_out(&read, &self.relations, &self.encoding);
            session.copy_out(&sql, &mut sink).map_err(wire)?;
            let name = match read.what {
                What::Table { table, .. } => self.groups[table].clone(),
                _ => LARGE_OBJECTS.to_owned(),
            };
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            found.entry(name).or_default().merge(sink.sum);
        }
    }
}

/// Sums rows and forgets them.
struct SumSink {
    format: RowFormat,
    sum: RowSum,
    partial: PartialRow,
}

impl RowSink for SumSink {
    fn row(&mut self, row: &[u8]) -> io::Result<()> {
        match self.format {
            RowFormat::Text => self.sum.add_row(row),
            RowFormat::Binary => match copy_format::without_framing(row) {
                [] => {}
                row => self.sum.add_row(row),
            },
        }
        Ok(())
    }

    fn row_piece(&mut self, piece: &[u8], last: bool) -> io::Result<()> {
        let first = self.partial.is_empty() && self.format == RowFormat::Binary;
        self.partial.update(if first {
            copy_format::without_framing(piece)
        } else {
            piece
        });
        if last {
            self.partial.finish(&mut self.sum);
        }
        Ok(())
    }
}
