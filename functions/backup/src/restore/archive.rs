//! The schema's archive and its table of contents.
//!
//! `pg_restore --list` prints a line an entry: `215; 1259 16400 TABLE app orders owner`, that is its number, the
//! catalogue and the oid of the object in the source, its kind, schema, name and owner. Names may hold anything, so
//! entries are recognised by oid where they have one.

use super::{rows::early_indexes, selection::Chosen};
use crate::{
    error::Error,
    manifest::{Index, Manifest},
    name::QualifiedName,
    pg_tools::PgTools,
    source::session::Server,
};
use std::{collections::HashSet, io::Write as _, path::Path};
use tempfile::NamedTempFile;

/// Oid of `pg_class`: tables, indexes, sequences.
const PG_CLASS: u32 = 1259;
/// Oid of `pg_constraint`.
const PG_CONSTRAINT: u32 = 2606;

/// An unpacked archive.
pub(super) struct Archive {
    file: NamedTempFile,
    pre_data: Vec<Entry>,
    post_data: Vec<Entry>,
}

/// A line of the table of contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The line as `pg_restore --use-list` wants it back.
    pub(super) line: String,
    catalog: u32,
    oid: u32,
    /// Kind, schema, name and owner, separated by spaces.
    text: String,
}

impl Archive {
    pub(super) async fn unpack(
        plain: &[u8],
        tools: &PgTools,
        server: &Server,
    ) -> Result<Self, Error> {
        let doing = "unpack the schema's archive";
        let mut file = NamedTempFile::new().map_err(Error::io(doing))?;
        file.write_all(plain).map_err(Error::io(doing))?;
        let path = file.path().display().to_string();
        let mut sections = Vec::new();
        for section in ["--section=pre-data", "--section=post-data"] {
            let arguments = ["--list", section, path.as_str()];
            let listed = tools.run("pg_restore", server, &arguments, None).await?;
            sections.push(parse(&String::from_utf8_lossy(&listed.stdout)));
        }
        let post_data = sections.pop().unwrap_or_default();
        let pre_data = sections.pop().unwrap_or_default();
        Ok(Self {
            file,
            pre_data,
            post_data,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// What must be there before rows: everything, or what the chosen tables consist of.
    pub(super) fn pre_data(&self, chosen: &Chosen) -> Vec<&Entry> {
        const PARTS: [&str; 8] = [
            "TABLE",
            "DEFAULT",
            "SEQUENCE",
            "SEQUENCE OWNED BY",
            "COMMENT",
            "ACL",
            "TABLE ATTACH",
            "SECURITY LABEL",
        ];
        self.pre_data
            .iter()
            .filter(|e| e.is_chosen(chosen, &PARTS))
            .collect()
    }

    /// What comes after rows, without the indexes that are built as soon as their table is in.
    pub(super) fn post_data_but_indexes(
        &self,
        chosen: &Chosen,
        manifest: &Manifest,
    ) -> Vec<&Entry> {
        // Foreign keys are left out of a partial restore: what they point to may not be there.
        const PARTS: [&str; 6] = [
            "TRIGGER",
            "RULE",
            "POLICY",
            "ROW SECURITY",
            "CHECK CONSTRAINT",
            "STATISTICS",
        ];
        let built: HashSet<(u32, u32)> = chosen
            .tables
            .iter()
            .flat_map(|place| early_indexes(&manifest.tables[*place]))
            .map(key)
            .collect();
        self.post_data
            .iter()
            .filter(|e| !built.contains(&(e.catalog, e.oid)) && e.is_chosen(chosen, &PARTS))
            .collect()
    }

    /// The entry that makes an index or the constraint that owns it.
    pub(super) fn index(&self, index: &Index) -> Option<&Entry> {
        let (catalog, oid) = key(index);
        self.post_data
            .iter()
            .find(|e| e.catalog == catalog && e.oid == oid)
    }
}

fn key(index: &Index) -> (u32, u32) {
    match index.constraint {
        Some(constraint) => (PG_CONSTRAINT, constraint),
        None => (PG_CLASS, index.oid),
    }
}

impl Entry {
    /// Whether the entry belongs to what was chosen; of single tables, entries of the given kinds do.
    fn is_chosen(&self, chosen: &Chosen, parts: &[&str]) -> bool {
        if chosen.whole {
            return true;
        }
        let schema = |name: &String| {
            self.text.starts_with(&format!("SCHEMA - {name} "))
                || kinds(&self.text).any(|rest| rest.starts_with(&format!("{name} ")))
        };
        let table = |name: &QualifiedName| {
            parts.iter().any(|part| {
                let rest = self
                    .text
                    .strip_prefix(part)
                    .and_then(|rest| rest.strip_prefix(' '));
                rest.is_some_and(|rest| names(rest, name))
            })
        };
        let foreign_key = self.text.starts_with("FK CONSTRAINT ");
        !foreign_key && (chosen.schemas.iter().any(schema) || chosen.names.iter().any(table))
    }
}

/// Whether `schema name …` or `schema TABLE name …` (comments and rights), or a sequence called after the table.
fn names(rest: &str, name: &QualifiedName) -> bool {
    let Some(rest) = rest.strip_prefix(&format!("{} ", name.schema)) else {
        return false;
    };
    let rest = rest
        .strip_prefix("TABLE ")
        .or(rest.strip_prefix("COLUMN "))
        .unwrap_or(rest);
    rest.strip_prefix(&name.name)
        .is_some_and(|rest| rest.starts_with([' ', '.', '_']))
}

/// What stands behind the kind: kinds are upper-case words.
fn kinds(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices()
        .filter(|(_, c)| *c == ' ')
        .map(|(at, _)| (&text[..at], &text[at + 1..]))
        .take_while(|(kind, _)| kind.chars().all(|c| c.is_ascii_uppercase() || c == ' '))
        .map(|(_, rest)| rest)
}

fn parse(list: &str) -> Vec<Entry> {
    list.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Entry> {
    let (number, rest) = line.split_once("; ")?;
    number.parse::<u32>().ok()?;
    let mut words = rest.splitn(3, ' ');
    Some(Entry {
        line: line.to_owned(),
        catalog: words.next()?.parse().ok()?,
        oid: words.next()?.parse().ok()?,
        text: words.next()?.to_owned(),
    })
}

#[cfg(test)]
mod tests;
