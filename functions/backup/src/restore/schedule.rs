//! What to do next in a restore. Pure.
//!
//! Two things bound a restore: the server's cores, and the longest chain of "load a table, then build its dearest index".
//! So the work that begins the longest remaining chain goes first, an index is ready the moment its table is in, and
//! loads and builds share the same number of places.

use std::cmp::Reverse;

/// About how many bytes of index a second is worth as many bytes of rows; from measured builds on PostgreSQL 15, where a GIN
/// index of 100 MB takes as long as loading 1.5 GB.
fn cost(method: &str, bytes: u64) -> u64 {
    let factor = match method {
        "gin" => 12,
        "gist" | "spgist" => 8,
        "hash" => 3,
        "brin" => 1,
        _ => 2,
    };
    bytes * factor
}

/// A table with its loads and indexes.
#[derive(Debug, Clone)]
pub(super) struct TablePlan {
    /// Bytes of each chunk, in order.
    pub(super) chunks: Vec<u64>,
    /// Access method and size in the source of each index.
    pub(super) indexes: Vec<(String, u64)>,
    /// Whether its chunks must be loaded one after the other, before those of all other tables.
    pub(super) alone: bool,
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
}

#[derive(Debug)]
struct Progress {
    next_chunk: usize,
    loaded: usize,
    /// Indexes that are not begun, the dearest last.
    waiting: Vec<(u64, usize)>,
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
            let mut waiting: Vec<_> = (table.indexes.iter().enumerate())
                .map(|(place, (method, bytes))| (cost(method, *bytes), place))
                .collect();
            waiting.sort_by_key(|(cost, place)| (*cost, Reverse(*place)));
            Progress {
                next_chunk: 0,
                loaded: 0,
                waiting,
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
        let (_, step) = candidates.max_by_key(|(worth, step)| {
            let (Step::Load { table, .. } | Step::Index { table, .. }) = *step;
            // Equal worth goes to the earlier table, so that a plan is the same every time.
            (*worth, Reverse(table))
        })?;
        match step {
            Step::Load { table, .. } => self.progress[table].next_chunk += 1,
            Step::Index { table, .. } => {
                self.progress[table].waiting.pop();
            }
        }
        self.running += 1;
        Some(step)
    }

    /// A step has ended.
    pub(super) fn done(&mut self, step: Step) {
        self.running -= 1;
        if let Step::Load { table, .. } = step {
            self.progress[table].loaded += 1;
        }
    }

    /// Whether nothing is left to hand out and nothing runs.
    pub(super) fn is_finished(&self) -> bool {
        self.running == 0
            && (0..self.tables.len()).all(|table| {
                self.progress[table].loaded == self.tables[table].chunks.len()
                    && self.progress[table].waiting.is_empty()
            })
    }

    /// What could be done for a table now, and the length of the chain behind it.
    fn candidate(&self, table: usize) -> Option<(u64, Step)> {
        let (plan, progress) = (&self.tables[table], &self.progress[table]);
        let dearest = progress.waiting.last();
        if progress.next_chunk < plan.chunks.len() {
            let left: u64 = plan.chunks[progress.next_chunk..].iter().sum();
            let chain = left + dearest.map_or(0, |(cost, _)| *cost);
            let worth = if plan.alone { u64::MAX } else { chain };
            return Some((
                worth,
                Step::Load {
                    table,
                    chunk: progress.next_chunk,
                },
            ));
        }
        let (cost, index) = *dearest?;
        (progress.loaded == plan.chunks.len()).then_some((cost, Step::Index { table, index }))
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
            indexes: indexes.iter().map(|(m, b)| ((*m).to_owned(), *b)).collect(),
            alone: false,
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
