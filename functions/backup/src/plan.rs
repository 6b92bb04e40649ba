//! What is read in which pieces. Pure: the catalogue's facts in, a list of reads out, the largest first.

use crate::{
    manifest::RowFormat,
    source::catalog::{LargeObjectFacts, Relation},
};
use serde::{Deserialize, Serialize};

/// No piece is planned smaller: a `COPY` of less costs more to start than to run.
const SMALLEST_RANGE: u64 = 16 << 20;
/// No piece is planned larger: it is what is read again when a chunk has to be.
const LARGEST_RANGE: u64 = 512 << 20;
/// Pieces per worker, so that the last ones to finish are small beside the whole.
const RANGES_PER_WORKER: u64 = 8;
/// The first release that reads a range of pages without reading the whole table (`Tid Range Scan`).
const FIRST_WITH_RANGES: u32 = 14;

/// One `COPY`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// Its number in the plan.
    pub number: u32,
    /// What it reads.
    pub what: What,
    /// About how many bytes: the largest are read first.
    pub weight: u64,
    /// In which format.
    pub format: RowFormat,
}

/// What one `COPY` reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Pages of a table.
    Table {
        /// Its place in the list of tables.
        table: usize,
        /// From this page up to but without that one; none is the whole table, an open end is the rest.
        pages: Option<(u64, Option<u64>)>,
    },
    /// Owners, rights and comments of large objects.
    LargeObjectMetadata,
    /// Pages of large objects, from this oid up to but without that one.
    LargeObjectPages {
        /// The first oid.
        from: u32,
        /// The first oid of the next read.
        to: Option<u32>,
    },
}

/// Plans the reads of a whole database, the largest first.
pub fn plan(
    relations: &[Relation],
    large_objects: &LargeObjectFacts,
    workers: usize,
    major: u32,
) -> Vec<Read> {
    let total: u64 = relations.iter().map(|r| r.bytes).sum::<u64>() + large_objects.bytes;
    let pieces = RANGES_PER_WORKER * workers.max(1) as u64;
    let range = (total / pieces).clamp(SMALLEST_RANGE, LARGEST_RANGE);
    let mut reads = Vec::new();
    for (table, relation) in relations.iter().enumerate() {
        for (pages, weight) in page_ranges(relation, range, major) {
            reads.push((What::Table { table, pages }, weight));
        }
    }
    reads.extend(large_object_reads(large_objects));
    reads.sort_by(|(_, a), (_, b)| b.cmp(a));
    let number = |(number, (what, weight)): (usize, (What, u64))| Read {
        number: u32::try_from(number).unwrap_or(u32::MAX),
        what,
        weight,
        format: RowFormat::Text,
    };
    reads.into_iter().enumerate().map(number).collect()
}

type PageRange = Option<(u64, Option<u64>)>;

/// Splits a table by heap and TOAST together: a small heap can drag terabytes along.
fn page_ranges(relation: &Relation, range: u64, major: u32) -> Vec<(PageRange, u64)> {
    let whole = vec![(None, relation.bytes)];
    let splittable = relation.heap
        && !relation.planning_runs_functions
        && relation.condition.is_empty()
        && major >= FIRST_WITH_RANGES;
    let parts = relation.bytes.div_ceil(range).min(relation.pages);
    if !splittable || parts < 2 {
        return whole;
    }
    let first_page = |part: u64| {
        u64::try_from(u128::from(relation.pages) * u128::from(part) / u128::from(parts))
            .unwrap_or(relation.pages)
    };
    (0..parts)
        .map(|part| {
            let end = (part + 1 < parts).then(|| first_page(part + 1));
            (Some((first_page(part), end)), relation.bytes / parts)
        })
        .collect()
}

fn large_object_reads(facts: &LargeObjectFacts) -> Vec<(What, u64)> {
    if facts.count == 0 {
        return Vec::new();
    }
    let runs = facts.starts.len().max(1) as u64;
    let pages = facts.starts.iter().enumerate().map(|(run, from)| {
        let what = What::LargeObjectPages {
            from: *from,
            to: facts.starts.get(run + 1).copied(),
        };
        (what, facts.bytes / runs)
    });
    pages.chain([(What::LargeObjectMetadata, 0)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::QualifiedName;
    use proptest::prelude::*;

    fn relation(pages: u64, toast: u64) -> Relation {
        Relation {
            oid: 1,
            name: QualifiedName {
                schema: "s".into(),
                name: "t".into(),
            },
            unlogged: false,
            heap: true,
            planning_runs_functions: false,
            extension: None,
            condition: String::new(),
            load_through: None,
            columns: vec!["a".into()],
            pages,
            bytes: pages * 8192 + toast,
            estimated_rows: 0.0,
            readable: true,
            schema_usable: true,
            row_security: false,
            indexes: vec![],
        }
    }

    fn ranges(relations: &[Relation], major: u32) -> Vec<PageRange> {
        plan(relations, &LargeObjectFacts::default(), 2, major)
            .into_iter()
            .map(|read| match read.what {
                What::Table { pages, .. } => pages,
                _ => panic!("only tables were planned"),
            })
            .collect()
    }

    #[test]
    fn toast_counts_when_a_table_is_split() {
        assert_eq!(ranges(&[relation(10, 0)], 15), [None]);
        assert_eq!(ranges(&[relation(10, 1 << 30)], 15).len(), 10);
    }

    #[test]
    fn old_servers_other_storage_and_conditions_are_read_whole() {
        let large = relation(1 << 20, 0);
        assert_eq!(ranges(std::slice::from_ref(&large), 13), [None]);
        assert_eq!(
            ranges(
                &[Relation {
                    heap: false,
                    ..large.clone()
                }],
                15
            ),
            [None]
        );
        assert_eq!(
            ranges(
                &[Relation {
                    condition: "WHERE a".into(),
                    ..large
                }],
                15
            ),
            [None]
        );
    }

    #[test]
    fn the_largest_is_read_first() {
        let reads = plan(
            &[relation(10, 0), relation(1000, 0), relation(100, 0)],
            &LargeObjectFacts::default(),
            2,
            15,
        );
        assert!(reads.is_sorted_by(|a, b| a.weight >= b.weight));
    }

    #[test]
    fn large_objects_are_covered_without_gap() {
        let facts = LargeObjectFacts {
            count: 2500,
            bytes: 1 << 20,
            readable: true,
            starts: vec![5, 1005, 2005],
        };
        let reads = large_object_reads(&facts);
        assert_eq!(
            reads[0].0,
            What::LargeObjectPages {
                from: 5,
                to: Some(1005)
            }
        );
        assert_eq!(
            reads[2].0,
            What::LargeObjectPages {
                from: 2005,
                to: None
            }
        );
        assert_eq!(reads[3].0, What::LargeObjectMetadata);
    }

    proptest! {
        #[test]
        fn ranges_cover_every_page_exactly_once(pages in 0_u64..5_000_000, toast in 0_u64..1 << 40) {
            let mut next = 0;
            let mut all = ranges(&[relation(pages, toast)], 15);
            all.sort_by_key(|range| range.map(|(from, _)| from));
            for (place, range) in all.iter().enumerate() {
                match range {
                    None => prop_assert_eq!(all.len(), 1),
                    Some((from, to)) => {
                        prop_assert_eq!(*from, next);
                        prop_assert_eq!(to.is_none(), place + 1 == all.len());
                        next = to.unwrap_or(u64::MAX);
                    }
                }
            }
        }
    }
}
