//! How many instances each resource kept, and since when: Google's API shows only what is so now, and whoever watches a
//! schedule wants to see the week.

use crate::store::{Record, Tx, View};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many changes are kept of each resource: a year of six a day.
const KEPT: usize = 2_200;

/// What a resource was set to at one time, until its next level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Level {
    /// The full name of the resource.
    pub(crate) name: String,
    /// The time on the clock here.
    pub(crate) at: Timestamp,
    /// `scaling` in the form of Cloud Run's API, or `activationPolicy` of Cloud SQL; null once the resource is deleted.
    pub(crate) set: Value,
}

impl Record for Level {
    const TABLE: &'static str = "bench.levels";
}

/// Notes what a resource is set to from `at` on.
pub(crate) fn note(tx: &mut Tx, name: &str, level: Value, at: Timestamp) {
    let prefix = format!("{name} ");
    let key = key(name, at);
    let noted: Vec<(String, Value)> = tx
        .with_prefix::<Level>(&prefix)
        .map(|(key, level)| (key.to_owned(), level.set.clone()))
        .collect();
    // Where the clock was set back, what came later has not happened.
    for (later, _) in noted.iter().filter(|(other, _)| *other > key) {
        tx.delete::<Level>(later);
    }
    let mut before = noted.iter().rev().filter(|(other, _)| *other <= key);
    if before.next().is_some_and(|(_, last)| *last == level) {
        return;
    }
    if noted.len() >= KEPT {
        tx.delete::<Level>(&noted[0].0);
    }
    let name = name.to_owned();
    tx.put(
        &key,
        Level {
            name,
            at,
            set: level,
        },
    );
}

fn key(name: &str, at: Timestamp) -> String {
    let (seconds, rest) = (at.as_second().max(0), at.subsec_nanosecond().max(0));
    format!("{name} {seconds:012}.{rest:09}")
}

/// What is said of a service or a worker pool: the fields that say how many instances there are.
pub(crate) fn of_run(scaling: Option<&Value>) -> Value {
    let said = scaling.and_then(Value::as_object).into_iter().flatten();
    let counts = said.filter(|(field, _)| field.ends_with("Count") || *field == "scalingMode");
    let counts = counts.map(|(field, value)| (field.clone(), value.clone()));
    Value::Object(counts.collect::<Map<_, _>>())
}

/// All levels, by resource and time.
pub(crate) fn all(view: &View) -> Vec<Level> {
    let levels = view.with_prefix::<Level>("");
    levels.map(|(_, level)| (**level).clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Schema, Store, StoreError};
    use serde_json::json;

    #[test]
    fn only_changes_are_kept_and_what_comes_after_a_clock_that_was_set_back_has_not_happened() {
        let store = Store::open(&Schema::default(), None).unwrap();
        let at = |hour: i64| Timestamp::from_second(hour * 3600).unwrap();
        let set = |hour, level: Value| {
            let noted = store.write(|tx| {
                note(tx, "one", level, at(hour));
                note(tx, "one more", json!(hour), at(hour));
                Ok::<_, StoreError>(())
            });
            noted.unwrap();
        };
        for (hour, level) in [(1, json!(0)), (2, json!(0)), (3, json!(4)), (4, json!(0))] {
            set(hour, level);
        }
        set(2, json!(7));
        let levels = all(&store.view()).into_iter();
        let of_one: Vec<_> = levels.filter(|level| level.name == "one").collect();
        let shown: Vec<_> = of_one.iter().map(|level| (level.at, &level.set)).collect();
        assert_eq!(shown, [(at(1), &json!(0)), (at(2), &json!(7))]);
    }
}
