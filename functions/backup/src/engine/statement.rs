//! The `COPY` statement of a read, and where its chunks are stored.

use crate::{
    manifest::RowFormat,
    name::quote_identifier,
    plan::{Read, What},
    source::catalog::Relation,
};
use std::fmt::Write as _;

/// Owners, rights and comments of all large objects.
pub const LARGE_OBJECT_METADATA: &str = "\
    SELECT m.oid, pg_catalog.pg_get_userbyid(m.lomowner), m.lomacl, \
           pg_catalog.obj_description(m.oid, 'pg_largeobject') \
    FROM pg_catalog.pg_largeobject_metadata m ORDER BY m.oid";

/// The statement that sends the rows of `read` in the database's own `encoding`, so that nothing is converted.
pub fn copy_out(read: &Read, relations: &[Relation], encoding: &str) -> String {
    let what = match &read.what {
        What::Table { table, pages: None } if is_plain(&relations[*table]) => {
            whole(&relations[*table])
        }
        What::Table { table, pages } => format!("({})", select(&relations[*table], *pages)),
        What::LargeObjectMetadata => format!("({LARGE_OBJECT_METADATA})"),
        What::LargeObjectPages { from, to } => format!("({})", large_object_pages(*from, *to)),
    };
    format!("COPY {what} TO STDOUT {}", options(read.format, encoding))
}

/// The options of a `COPY` in either direction.
pub fn options(format: RowFormat, encoding: &str) -> String {
    let format = match format {
        RowFormat::Text => "text",
        RowFormat::Binary => "binary",
    };
    format!(
        "(FORMAT {format}, ENCODING '{}')",
        encoding.replace('\'', "''")
    )
}

/// Whether the table's own rows are all that is wanted of it; one without columns has no list of them.
fn is_plain(relation: &Relation) -> bool {
    relation.condition.is_empty() && !relation.columns.is_empty()
}

/// The table itself, without its children: nothing is planned, so nothing of the database's own code runs.
fn whole(relation: &Relation) -> String {
    format!("{} ({})", relation.name.sql(), columns(relation))
}

fn columns(relation: &Relation) -> String {
    let columns: Vec<_> = relation
        .columns
        .iter()
        .map(|c| quote_identifier(c))
        .collect();
    columns.join(", ")
}

/// Selects the rows of a table: always `ONLY` it, since children are read as tables of their own, and always by column,
/// since `COPY` refuses generated ones.
pub fn select(relation: &Relation, pages: Option<(u64, Option<u64>)>) -> String {
    let mut query = format!(
        "SELECT {} FROM ONLY {}",
        columns(relation),
        relation.name.sql()
    );
    match pages {
        None if relation.condition.is_empty() => {}
        None => query.extend([" ", &relation.condition]),
        Some((from, None)) => {
            let _ = write!(query, " WHERE ctid >= '({from},0)'");
        }
        Some((from, Some(to))) => {
            let _ = write!(query, " WHERE ctid >= '({from},0)' AND ctid < '({to},0)'");
        }
    }
    query
}

fn large_object_pages(from: u32, to: Option<u32>) -> String {
    let end = to.map(|to| format!(" AND loid < {to}")).unwrap_or_default();
    format!(
        "SELECT loid, pageno, data FROM pg_catalog.pg_largeobject WHERE loid >= {from}{end} \
         ORDER BY loid, pageno"
    )
}

/// What the objects of `read` are called, up to the chunk's number: a person who looks into the bucket should see which
/// table is where.
pub fn object_stem(read: &Read, relations: &[Relation]) -> String {
    match &read.what {
        What::Table { table, .. } => {
            format!(
                "data/{table:05}-{}/{:05}",
                slug(&relations[*table].name.to_string()),
                read.number
            )
        }
        What::LargeObjectMetadata => format!("large-objects/metadata/{:05}", read.number),
        What::LargeObjectPages { .. } => format!("large-objects/pages/{:05}", read.number),
    }
}

/// Keeps what every store takes in a name.
fn slug(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' || c == '_' {
            c
        } else {
            '-'
        }
    };
    name.chars().take(80).map(plain).collect()
}
