//! Turns what was read into a manifest.

use super::{Run, schema::StoredSchema};
use crate::{
    engine::{Finished, Outcome},
    fingerprint::Fingerprint,
    manifest::{
        Chunk, CodecFacts, FORMAT, LargeObjects, Manifest, RowFormat, Table, Totals, VERSION,
    },
    plan::{Read, What},
    snapshot::Snapshot,
    source::catalog::Relation,
};

impl Run<'_> {
    pub(super) fn manifest(
        &self,
        snapshot: &Snapshot,
        outcome: Outcome,
        stored: StoredSchema,
    ) -> Manifest {
        let (tables, large_objects) = assemble(snapshot, outcome.finished);
        let mut manifest = Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            id: self.id.clone(),
            written_by: concat!("nightshift backup ", env!("CARGO_PKG_VERSION")).to_owned(),
            started_at: self.started_at,
            snapshot_at: snapshot.taken_at,
            finished_at: self.started_at,
            source: snapshot.facts.source.clone(),
            codec: CodecFacts {
                compression: "zstd".to_owned(),
                level: self.options.codec.level,
                recipients: self
                    .options
                    .codec
                    .recipients
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            },
            client: self.tools.version.clone(),
            totals: Totals::default(),
            schema: stored.schema,
            globals: stored.globals,
            tables,
            sequences: Vec::new(),
            large_objects,
            skipped: snapshot.skipped.clone(),
            warnings: [snapshot.warnings.clone(), outcome.warnings, stored.remarks].concat(),
            suspicions: Vec::new(),
        };
        manifest.sum_totals();
        manifest
    }
}

/// Turns reads back into tables.
fn assemble(snapshot: &Snapshot, finished: Vec<Finished>) -> (Vec<Table>, Option<LargeObjects>) {
    let mut chunks: Vec<_> = snapshot.relations.iter().map(|_| Vec::new()).collect();
    let mut formats = vec![RowFormat::Text; snapshot.relations.len()];
    let (mut metadata, mut pages) = (Vec::new(), Vec::new());
    let place = |read: &Read| match read.what {
        What::Table { pages, .. } => pages.map_or(0, |(from, _)| from),
        What::LargeObjectMetadata => 0,
        What::LargeObjectPages { from, .. } => u64::from(from),
    };
    let mut finished = finished;
    finished.sort_by_key(|finished| place(&finished.read));
    for Finished {
        read,
        chunks: of_read,
    } in finished
    {
        match read.what {
            What::Table { table, .. } => {
                formats[table] = read.format;
                chunks[table].extend(of_read);
            }
            What::LargeObjectMetadata => metadata.extend(of_read),
            What::LargeObjectPages { .. } => pages.extend(of_read),
        }
    }
    let of_each = snapshot.relations.iter().zip(chunks).zip(formats);
    let tables = of_each.map(|((relation, chunks), format)| table(relation, chunks, format));
    let count = snapshot.large_objects.count;
    let large_objects = (count > 0).then_some(LargeObjects {
        count,
        metadata,
        pages,
    });
    (tables.collect(), large_objects)
}

fn table(relation: &Relation, chunks: Vec<Chunk>, format: RowFormat) -> Table {
    let mut table = Table {
        oid: relation.oid,
        schema: relation.name.schema.clone(),
        name: relation.name.name.clone(),
        columns: relation.columns.clone(),
        extension: relation.extension.clone(),
        condition: relation.condition.clone(),
        load_through: relation.load_through.clone(),
        format,
        rows: 0,
        raw_bytes: 0,
        fingerprint: Fingerprint::default(),
        indexes: relation.indexes.clone(),
        chunks: Vec::new(),
    };
    table.set_chunks(chunks);
    table
}
