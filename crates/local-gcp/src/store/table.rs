//! Typed tables with structural sharing, and the transactions over them.

use imbl::OrdMap;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A kind of row. Its table's name is `api.things`; the part before the dot is the API's name.
pub(crate) trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The table that holds these rows.
    const TABLE: &'static str;
}

/// Something to do once a transaction is kept.
pub(crate) type Effect = Box<dyn FnOnce() + Send>;

/// The tables that exist, for reading them back from disk.
#[derive(Default)]
pub(crate) struct Schema(BTreeMap<&'static str, fn() -> Box<dyn AnyTable>>);

impl Schema {
    pub(crate) fn add<T: Record>(&mut self) {
        self.0.insert(T::TABLE, || Box::new(Table::<T>::default()));
    }

    /// The table's own static name, if there is such a table.
    pub(super) fn name(&self, table: &str) -> Option<&'static str> {
        self.0.get_key_value(table).map(|(name, _)| *name)
    }
}

struct Table<T>(OrdMap<Arc<str>, Arc<T>>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(OrdMap::new())
    }
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

pub(super) trait AnyTable: Any + Send + Sync {
    fn duplicate(&self) -> Box<dyn AnyTable>;
    fn put_json(&mut self, key: &str, value: Value) -> serde_json::Result<()>;
    fn remove(&mut self, key: &str);
    fn keys(&self) -> Box<dyn Iterator<Item = &str> + '_>;
    fn rows(&self) -> Box<dyn Iterator<Item = (&str, serde_json::Result<Value>)> + '_>;
}

impl<T: Record> AnyTable for Table<T> {
    fn duplicate(&self) -> Box<dyn AnyTable> {
        Box::new(self.clone())
    }

    fn put_json(&mut self, key: &str, value: Value) -> serde_json::Result<()> {
        self.0
            .insert(key.into(), Arc::new(serde_json::from_value(value)?));
        Ok(())
    }

    fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn keys(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.0.keys().map(|key| &**key))
    }

    fn rows(&self) -> Box<dyn Iterator<Item = (&str, serde_json::Result<Value>)> + '_> {
        Box::new(
            self.0
                .iter()
                .map(|(key, row)| (&**key, serde_json::to_value(&**row))),
        )
    }
}

/// A state that does not change.
#[derive(Clone, Default)]
pub(crate) struct View(BTreeMap<&'static str, Arc<Box<dyn AnyTable>>>);

impl View {
    fn table<T: Record>(&self) -> Option<&Table<T>> {
        let table: &dyn Any = &***self.0.get(T::TABLE)?;
        table.downcast_ref()
    }

    /// Whether there is no row in any table.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows().next().is_none()
    }

    /// The row of that key.
    pub(crate) fn get<T: Record>(&self, key: &str) -> Option<Arc<T>> {
        self.table::<T>()?.0.get(key).cloned()
    }

    /// All rows whose key begins with `prefix`, in the order of their keys.
    pub(crate) fn with_prefix<'a, T: Record>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Arc<T>)> + use<'a, T> {
        self.from::<T>(prefix)
            .take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// All rows from `start` on, in the order of their keys.
    pub(crate) fn from<'a, T: Record>(
        &'a self,
        start: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Arc<T>)> + use<'a, T> {
        let start: Arc<str> = start.into();
        let rows = self.table::<T>().into_iter();
        rows.flat_map(move |table| table.0.range(start.clone()..))
            .map(|(key, row)| (&**key, row))
    }

    /// The regions in which there is something.
    pub(crate) fn locations(&self) -> BTreeSet<&str> {
        let keys = self.0.values().flat_map(|table| table.keys());
        let location = |key| {
            let (_, rest) = str::split_once(key, "/locations/")?;
            rest.split('/').next()
        };
        keys.filter_map(location).collect()
    }

    pub(super) fn rows(
        &self,
    ) -> impl Iterator<Item = (&'static str, &str, serde_json::Result<Value>)> {
        self.0
            .iter()
            .flat_map(|(&name, table)| table.rows().map(move |(key, row)| (name, key, row)))
    }

    pub(super) fn load(
        &mut self,
        schema: &Schema,
        table: &'static str,
        key: &str,
        value: Option<Value>,
    ) -> serde_json::Result<()> {
        let Some(make) = schema.0.get(table) else {
            return Ok(());
        };
        let slot = self.0.entry(table).or_insert_with(|| Arc::new(make()));
        if let Some(table) = Arc::get_mut(slot) {
            match value {
                Some(value) => table.put_json(key, value)?,
                None => table.remove(key),
            }
        }
        Ok(())
    }
}

/// A row that a transaction put (`Some`) or deleted.
pub(super) struct Change {
    pub(super) table: &'static str,
    pub(super) key: String,
    pub(super) value: Option<Value>,
}

/// What a transaction comes to.
pub(super) struct Finished {
    pub(super) view: View,
    pub(super) changes: Vec<Change>,
    pub(super) after: Vec<Effect>,
}

/// A transaction: it reads as a [`View`] that shows its own changes.
pub(crate) struct Tx {
    view: View,
    changes: Vec<Change>,
    after: Vec<Effect>,
}

impl std::ops::Deref for Tx {
    type Target = View;

    fn deref(&self) -> &View {
        &self.view
    }
}

impl Tx {
    pub(super) fn new(view: View) -> Self {
        Self {
            view,
            changes: vec![],
            after: vec![],
        }
    }

    /// Inserts or replaces a row.
    pub(crate) fn put<T: Record>(&mut self, key: &str, row: T) {
        let value = match serde_json::to_value(&row) {
            Ok(value) => value,
            // Rows are plain data with string keys, which always have a JSON form.
            Err(error) => unreachable!("a row of {} has no JSON form: {error}", T::TABLE),
        };
        self.changes.push(Change {
            table: T::TABLE,
            key: key.to_owned(),
            value: Some(value),
        });
        self.change::<T>(|table| table.0.insert(key.into(), Arc::new(row)));
    }

    /// Removes a row; `false` when there was none.
    pub(crate) fn delete<T: Record>(&mut self, key: &str) -> bool {
        if self.view.get::<T>(key).is_none() {
            return false;
        }
        self.changes.push(Change {
            table: T::TABLE,
            key: key.to_owned(),
            value: None,
        });
        self.change::<T>(|table| table.0.remove(key));
        true
    }

    /// Removes all rows whose key begins with `prefix`.
    pub(crate) fn delete_prefix<T: Record>(&mut self, prefix: &str) {
        let keys: Vec<String> = self
            .with_prefix::<T>(prefix)
            .map(|(key, _)| key.to_owned())
            .collect();
        for key in keys {
            self.delete::<T>(&key);
        }
    }

    /// Runs `effect` once the transaction is kept, and not at all if it fails.
    pub(crate) fn afterwards(&mut self, effect: impl FnOnce() + Send + 'static) {
        self.after.push(Box::new(effect));
    }

    pub(super) fn clear(&mut self) {
        let rows = self.view.rows();
        let gone = rows.map(|(table, key, _)| Change {
            table,
            key: key.to_owned(),
            value: None,
        });
        self.changes = gone.collect();
        self.view = View::default();
    }

    pub(super) fn finish(self) -> Finished {
        Finished {
            view: self.view,
            changes: self.changes,
            after: self.after,
        }
    }

    fn change<T: Record>(&mut self, change: impl FnOnce(&mut Table<T>) -> Option<Arc<T>>) {
        let slot = self
            .view
            .0
            .entry(T::TABLE)
            .or_insert_with(|| Arc::new(Box::<Table<T>>::default()));
        if Arc::get_mut(slot).is_none() {
            *slot = Arc::new(slot.duplicate());
        }
        let table = Arc::get_mut(slot).map(|table| -> &mut dyn Any { &mut **table });
        if let Some(table) = table.and_then(|table| table.downcast_mut()) {
            change(table);
        }
    }
}
