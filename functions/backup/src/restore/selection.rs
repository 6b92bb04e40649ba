//! Which part of a backup is wanted.

use crate::{
    error::Error,
    manifest::{Manifest, Table},
    name::QualifiedName,
};
use std::collections::BTreeSet;

/// All of a backup, or some tables or schemas.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Tables, as `schema.name`.
    pub tables: Vec<String>,
    /// Schemas.
    pub schemas: Vec<String>,
}

/// What was chosen, as places in the manifest.
#[derive(Debug)]
pub(super) struct Chosen {
    /// Whether it is everything.
    pub(super) whole: bool,
    /// Tables.
    pub(super) tables: BTreeSet<usize>,
    /// Sequences.
    pub(super) sequences: BTreeSet<usize>,
    /// Schemas that were chosen whole.
    pub(super) schemas: BTreeSet<String>,
    /// The names of chosen tables.
    pub(super) names: BTreeSet<QualifiedName>,
}

impl Selection {
    /// Whether everything is wanted.
    pub fn is_whole(&self) -> bool {
        self.tables.is_empty() && self.schemas.is_empty()
    }

    pub(super) fn choose(&self, manifest: &Manifest) -> Result<Chosen, Error> {
        let whole = self.is_whole();
        for table in &self.tables {
            if !manifest
                .tables
                .iter()
                .any(|t| t.qualified().to_string() == *table)
            {
                return Err(missing("table", table, manifest));
            }
        }
        for schema in &self.schemas {
            if !manifest.tables.iter().any(|t| t.schema == *schema) {
                return Err(missing("schema", schema, manifest));
            }
        }
        let wanted = |table: &Table| {
            whole
                || self.schemas.contains(&table.schema)
                || self.tables.contains(&table.qualified().to_string())
        };
        let tables = places(&manifest.tables, wanted);
        let names: BTreeSet<_> = tables
            .iter()
            .map(|place| manifest.tables[*place].qualified())
            .collect();
        let sequences = places(&manifest.sequences, |sequence| {
            whole
                || self.schemas.contains(&sequence.schema)
                || sequence
                    .table
                    .as_ref()
                    .is_some_and(|table| names.contains(table))
        });
        Ok(Chosen {
            whole,
            tables,
            sequences,
            schemas: self.schemas.iter().cloned().collect(),
            names,
        })
    }
}

fn places<T>(all: &[T], wanted: impl Fn(&T) -> bool) -> BTreeSet<usize> {
    all.iter()
        .enumerate()
        .filter(|(_, item)| wanted(item))
        .map(|(place, _)| place)
        .collect()
}

fn missing(kind: &str, name: &str, manifest: &Manifest) -> Error {
    let mut there: Vec<String> = manifest
        .tables
        .iter()
        .map(|t| t.qualified().to_string())
        .collect();
    there.truncate(8);
    Error::Usage(format!(
        "backup {} has no {kind} `{name}`; it has {} …; `backup show {}` lists all",
        manifest.id,
        there.join(", "),
        manifest.id
    ))
}
