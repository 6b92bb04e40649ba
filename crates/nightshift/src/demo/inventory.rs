//! What is in the shop: rows and checksums of everything, counted by PostgreSQL itself and not by what is to be proven.

use super::stage::Stage;
use crate::Error;
use nightshift_runtime::report::{Column, Table, count};

/// For each table, materialized view and kind of other thing: how many, and a sum over their contents.
const QUESTION: &str = r"
SELECT format('SELECT %L, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM %s t', relname, oid::regclass)
FROM pg_class
WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('r', 'p', 'm') AND NOT relispartition
ORDER BY relname
\gexec
SELECT '(large objects)', count(*), coalesce(sum(hashtextextended(encode(lo_get(oid), 'hex'), oid::bigint)), 0)
FROM pg_largeobject_metadata;
SELECT '(sequences)', count(*), coalesce(sum(hashtextextended(sequencename || ' ' || coalesce(last_value, 0), 0)), 0)
FROM pg_sequences WHERE schemaname = 'shop';
";

/// What was in a database at one moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inventory(Vec<Item>);

#[derive(Debug, PartialEq, Eq)]
struct Item {
    name: String,
    count: u64,
    checksum: String,
}

impl Inventory {
    pub(super) async fn of(stage: &Stage, database: &str) -> Result<Self, Error> {
        let answer = stage.sql(database, QUESTION).await?;
        Self::read(&answer)
            .ok_or_else(|| Error::Unproven(format!("psql answered otherwise than asked: {answer}")))
    }

    fn read(answer: &str) -> Option<Self> {
        let item = |line: &str| {
            let mut parts = line.split('|');
            Some(Item {
                name: parts.next()?.to_owned(),
                count: parts.next()?.parse().ok()?,
                checksum: parts.next()?.to_owned(),
            })
        };
        answer.lines().map(item).collect::<Option<_>>().map(Self)
    }

    /// How many checksums it has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Rows of all tables, without what is no table.
    pub(super) fn rows(&self) -> u64 {
        let tables = self.0.iter().filter(|item| !item.name.starts_with('('));
        tables.map(|item| item.count).sum()
    }

    /// What became of each thing since: gone, fewer, more, changed; nothing about what is as it was.
    pub(super) fn changes<'a>(&'a self, now: &'a Self) -> Vec<Change<'a>> {
        let change = |before: &'a Item| {
            let now = now.0.iter().find(|item| item.name == before.name);
            (now != Some(before)).then_some(Change { before, now })
        };
        self.0.iter().filter_map(change).collect()
    }

    /// The changes as a table.
    pub(super) fn table_of_changes(&self, now: &Self) -> String {
        let mut table = Table::new([
            Column::text("WHAT"),
            Column::number("BEFORE"),
            Column::number("NOW"),
            Column::text("DAMAGE"),
        ]);
        for change in self.changes(now) {
            table.row([
                change.before.name.clone(),
                count(change.before.count),
                change
                    .now
                    .map_or_else(|| "-".to_owned(), |now| count(now.count)),
                change.words(),
            ]);
        }
        table.to_string()
    }
}

/// One thing that is not as it was.
#[derive(Debug)]
pub(super) struct Change<'a> {
    before: &'a Item,
    now: Option<&'a Item>,
}

impl Change<'_> {
    /// Whether it is not there at all.
    pub(super) fn is_gone(&self) -> bool {
        self.now.is_none()
    }

    fn words(&self) -> String {
        match self.now.map(|now| (now.count, self.before.count)) {
            None => "gone".to_owned(),
            Some((now, before)) if now < before => format!("{} lost", count(before - now)),
            Some((now, before)) if now > before => format!("{} more", count(now - before)),
            Some(_) => "same number, other contents".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_fewer_or_changed_is_named_and_what_is_the_same_is_not() {
        let before =
            Inventory::read("customers|3|11\norders|9|22\npayments|8|33\nproducts|4|44").unwrap();
        let now = Inventory::read("customers|3|11\norders|5|99\nproducts|4|45").unwrap();
        let words: Vec<_> = before
            .changes(&now)
            .iter()
            .map(|change| format!("{} {}", change.before.name, change.words()))
            .collect();
        assert_eq!(
            words,
            [
                "orders 4 lost",
                "payments gone",
                "products same number, other contents"
            ]
        );
        assert!(before.changes(&before).is_empty());
    }

    #[test]
    fn an_answer_that_is_cut_short_is_no_inventory() {
        assert_eq!(Inventory::read("customers|3|11\norders|"), None);
    }

    #[test]
    fn rows_are_those_of_tables_alone() {
        let inventory =
            Inventory::read("orders|9|22\n(large objects)|7|1\n(sequences)|2|1").unwrap();
        assert_eq!((inventory.rows(), inventory.len()), (9, 3));
    }
}
