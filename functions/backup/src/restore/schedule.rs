//! What to do next in a restore. Pure.
//!
//! Two things bound a restore: the server's cores, and the longest chain of "load a table, then build its dearest index".
//! So the work that begins the longest remaining chain goes first, an index is ready the moment its table is in, and
//! loads and builds share the same number of places.
//!
//! `CREATE INDEX` tolerates another one on the same table; `ADD CONSTRAINT`, which builds the index of a primary key,
//! tolerates nothing (`ACCESS EXCLUSIVE`). Begun beside another build it would hold a place and wait in it.

use std::cmp::Reverse;

/// About how many bytes of rows can be loaded while this index is built; from measured builds on PostgreSQL 15, where a GIN
/// index of 100 MB takes as long as loading 1.5 GB.
pub(super) fn cost(method: &str, bytes: u64) -> u64 {
    let factor = match method {
        "gin" => 12,
        "gist" | "spgist" => 8,
        "hash" => 3,
        "brin" => 1,
        _ => 2,
    };
    bytes * factor
}

/// `maintenance_work_mem` for a build, in bytes, where `most` is allowed.
///
/// A GIN build collects keys in a tree of this size. One that fits the processor's cache is faster, as long as the index
/// itself stays in the server's: of 130 MB, on PostgreSQL 15, 15.4 s with 32 MB, 17.0 s with 64 MB, 18.9 s with 256 MB. An
/// index that does not stay there is written over and over when the tree is small.
pub(super) fn memory(method: &str, bytes: u64, most: u64) -> u64 {
    const STAYS_CACHED: u64 = 512 << 20;
    if method == "gin" && bytes <= STAYS_CACHED {
        most.min(32 << 20)
    } else {
        most
    }
}

/// An index to build.
#[derive(Debug, Clone, Copy)]
pub(super) struct IndexPlan {
    /// As [`cost`] counts.
    pub(super) cost: u64,
    /// Whether nothing else may be built on the table meanwhile.
    pub(super) exclusive: bool,
}

/// A table with its loads and indexes.
#[derive(Debug, Clone)]
pub(super) struct TablePlan {
    /// Bytes of each chunk, in order.
    pub(super) chunks: Vec<u64>,
    /// What to build once they are in.
    pub(super) indexes: Vec<IndexPlan>,
    /// Whether its chunks must be loaded one after the other, before those of all other tables.
    pub(super) alone: bool,
    /// Whether statistics are gathered as soon as its indexes are there.
    pub(super) analyze: bool,
}

/// Something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Load a chunk.
    Load {
        /// Table.
        table: usize,
        /// Chunk.
        chunk: usize,
    },
    /// Build an index.
    Index {
        /// Table.
        table: usize,
        /// Index.
        index: usize,
    },
    /// Gather statistics. `ANALYZE` tolerates no build on its table.
    Analyze {
        /// Table.
        table: usize,
    },
}

impl Step {
    fn table(self) -> usize {
        let (Self::Load { table, .. } | Self::Index { table, .. } | Self::Analyze { table }) = self;
        table
    }
}

/// `ANALYZE` reads a sample, about this much of a table.
const SAMPLE: u64 = 16 << 20;

#[derive(Debug)]
struct Progress {
    next_chunk: usize,
    loaded: usize,
    /// Indexes that are not begun: the exclusive ones before all others, the dearest last.
    waiting: Vec<usize>,
    building: usize,
    /// Whether statistics are still to be begun.
    analyze: bool,
}

/// Hands out steps and learns of their end.
#[derive(Debug)]
pub(super) struct Schedule {
    tables: Vec<TablePlan>,
    progress: Vec<Progress>,
    running: usize,
}

impl Schedule {
    pub(super) fn new(tables: Vec<TablePlan>) -> Self {
        let progress = tables.iter().map(|table| {
            let mut waiting: Vec<_> = (0..table.indexes.len()).collect();
            waiting.sort_by_key(|place| {
                let index = &table.indexes[*place];
                (!index.exclusive, index.cost, Reverse(*place))
            });
            Progress {
                next_chunk: 0,
                loaded: 0,
                waiting,
                building: 0,
                analyze: table.analyze,
            }
        });
        Self {
            progress: progress.collect(),
            tables,
            running: 0,
        }
    }

    /// The next step; none when everything that is left waits for what is running.
    pub(super) fn next(&mut self) -> Option<Step> {
        if self.alone_is_running() {
            return None;
        }
        let candidates = (0..self.tables.len()).filter_map(|table| self.candidate(table));
        // Equal worth goes to the earlier table, so that a plan is the same every time.
        let (_, step) = candidates.max_by_key(|(worth, step)| (*worth, Reverse(step.table())))?;
        let progress = &mut self.progress[step.table()];
        match step {
            Step::Load { .. } => progress.next_chunk += 1,
            Step::Index { .. } => {
                progress.waiting.pop();
                progress.building += 1;
            }
            Step::Analyze { .. } => progress.analyze = false,
        }
        self.running += 1;
        Some(step)
    }

    /// A step has ended.
    pub(super) fn done(&mut self, step: Step) {
        self.running -= 1;
        match step {
            Step::Load { table, .. } => self.progress[table].loaded += 1,
            Step::Index { table, .. } => self.progress[table].building -= 1,
            Step::Analyze { .. } => {}
        }
    }

    /// Whether nothing is left to hand out and nothing runs.
    pub(super) fn is_finished(&self) -> bool {
        self.running == 0
            && (0..self.tables.len()).all(|table| {
                self.progress[table].loaded == self.tables[table].chunks.len()
                    && self.progress[table].waiting.is_empty()
                    && !self.progress[table].analyze
            })
    }

    /// What could be done for a table now, and the length of the chain that it begins.
    fn candidate(&self, table: usize) -> Option<(u64, Step)> {
        let (plan, progress) = (&self.tables[table], &self.progress[table]);
        let chain = self.after_rows(table);
        if progress.next_chunk < plan.chunks.len() {
            let chunk = progress.next_chunk;
            let left: u64 = plan.chunks[chunk..].iter().sum();
            let worth = if plan.alone { u64::MAX } else { left + chain };
            return Some((worth, Step::Load { table, chunk }));
        }
        let quiet = progress.building == 0;
        let (free, step) = match progress.waiting.last() {
            // What is exclusive comes last of its table: when it runs, nothing of the table waits but its like.
            Some(&index) => (
                quiet || !plan.indexes[index].exclusive,
                Step::Index { table, index },
            ),
            None => (quiet && progress.analyze, Step::Analyze { table }),
        };
        (free && progress.loaded == plan.chunks.len()).then_some((chain, step))
    }

    /// The dearest of the builds that can run side by side, those that cannot one after the other, and statistics.
    fn after_rows(&self, table: usize) -> u64 {
        let last_first = self.progress[table].waiting.iter().rev();
        let builds = last_first.fold(0, |chain, place| {
            let index = self.tables[table].indexes[*place];
            if index.exclusive {
                chain + index.cost
            } else {
                chain.max(index.cost)
            }
        });
        builds + u64::from(self.progress[table].analyze) * SAMPLE
    }

    fn alone_is_running(&self) -> bool {
        self.tables
            .iter()
            .zip(&self.progress)
            .any(|(plan, progress)| plan.alone && progress.next_chunk > progress.loaded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(chunks: &[u64], indexes: &[(&str, u64)]) -> TablePlan {
        TablePlan {
            chunks: chunks.to_vec(),
            indexes: (indexes.iter().copied())
                .map(|(method, bytes)| IndexPlan {
                    cost: cost(method, bytes),
                    exclusive: false,
                })
                .collect(),
            alone: false,
            analyze: false,
        }
    }

    fn run(tables: Vec<TablePlan>, places: usize) -> Vec<Step> {
        let mut schedule = Schedule::new(tables);
        let (mut order, mut running) = (Vec::new(), std::collections::VecDeque::new());
        while !schedule.is_finished() {
            while running.len() < places
                && let Some(step) = schedule.next()
            {
                order.push(step);
                running.push_back(step);
            }
            schedule.done(
                running
                    .pop_front()
                    .expect("a schedule that is not finished runs something"),
            );
        }
        order
    }

    #[test]
    fn the_table_with_the_dearest_index_is_loaded_first_and_its_index_built_at_once() {
        let order = run(
            vec![
                table(&[100, 100], &[("btree", 10)]),
                table(&[10, 10], &[("gin", 100)]),
            ],
            2,
        );
        assert_eq!(order[0], Step::Load { table: 1, chunk: 0 });
        assert_eq!(order[1], Step::Load { table: 1, chunk: 1 });
        let gin = order
            .iter()
            .position(|s| *s == Step::Index { table: 1, index: 0 })
            .unwrap();
        assert!(gin <= 3, "{order:?}");
    }

    #[test]
    fn everything_is_done_exactly_once() {
        let order = run(
            vec![
                table(&[1, 2, 3], &[("btree", 5), ("gin", 5)]),
                table(&[], &[("btree", 1)]),
                table(&[7], &[]),
            ],
            3,
        );
        assert_eq!(order.len(), 7);
        for (place, step) in order.iter().enumerate() {
            assert!(!order[place + 1..].contains(step));
        }
    }

    #[test]
    fn an_index_waits_for_the_last_chunk_of_its_table() {
        let mut schedule = Schedule::new(vec![table(&[1], &[("btree", 1)])]);
        let load = schedule.next().unwrap();
        assert_eq!(schedule.next(), None);
        schedule.done(load);
        assert!(matches!(schedule.next(), Some(Step::Index { .. })));
    }

    #[test]
    fn a_primary_key_is_built_when_no_other_index_of_its_table_is() {
        let mut keyed = table(&[1], &[("btree", 900), ("gin", 100), ("btree", 10)]);
        keyed.indexes[0].exclusive = true;
        let mut schedule = Schedule::new(vec![keyed, table(&[5], &[])]);
        let [load, other] = [(); 2].map(|()| schedule.next().unwrap());
        assert_eq!(load, Step::Load { table: 0, chunk: 0 });
        schedule.done(load);
        let plain = [(); 2].map(|()| schedule.next().unwrap());
        assert_eq!(
            plain,
            [1, 2].map(|index| Step::Index { table: 0, index }),
            "the dearest first, and the key last although it is dear"
        );
        schedule.done(other);
        schedule.done(plain[1]);
        assert_eq!(schedule.next(), None);
        schedule.done(plain[0]);
        assert_eq!(schedule.next(), Some(Step::Index { table: 0, index: 0 }));
    }

    #[test]
    fn statistics_come_when_the_last_index_of_their_table_is_built() {
        let mut table = table(&[1], &[("btree", 1), ("btree", 2)]);
        table.analyze = true;
        let mut schedule = Schedule::new(vec![table]);
        let load = schedule.next().unwrap();
        schedule.done(load);
        let builds = [(); 2].map(|()| schedule.next().unwrap());
        for build in builds {
            assert_eq!(schedule.next(), None);
            schedule.done(build);
        }
        assert!(!schedule.is_finished());
        assert_eq!(schedule.next(), Some(Step::Analyze { table: 0 }));
        schedule.done(Step::Analyze { table: 0 });
        assert!(schedule.is_finished());
    }

    #[test]
    fn a_small_gin_index_is_built_in_little_memory_and_everything_else_in_what_is_allowed() {
        const MIB: u64 = 1 << 20;
        assert_eq!(memory("gin", 130 * MIB, 256 * MIB), 32 * MIB);
        assert_eq!(memory("gin", 130 * MIB, 16 * MIB), 16 * MIB);
        assert_eq!(memory("gin", 5000 * MIB, 256 * MIB), 256 * MIB);
        assert_eq!(memory("btree", 130 * MIB, 256 * MIB), 256 * MIB);
    }

    #[test]
    fn keys_of_one_table_wait_for_each_other() {
        let mut keyed = table(&[], &[("btree", 1), ("btree", 2)]);
        keyed.indexes.iter_mut().for_each(|i| i.exclusive = true);
        let mut schedule = Schedule::new(vec![keyed]);
        let first = schedule.next().unwrap();
        assert_eq!(schedule.next(), None);
        schedule.done(first);
        assert!(schedule.next().is_some());
    }

    #[test]
    fn configuration_tables_go_first_and_alone() {
        let mut config = table(&[1, 1], &[]);
        config.alone = true;
        let mut schedule = Schedule::new(vec![table(&[100], &[]), config]);
        let first = schedule.next().unwrap();
        assert_eq!(first, Step::Load { table: 1, chunk: 0 });
        assert_eq!(schedule.next(), None);
        schedule.done(first);
        assert_eq!(schedule.next(), Some(Step::Load { table: 1, chunk: 1 }));
    }
}
