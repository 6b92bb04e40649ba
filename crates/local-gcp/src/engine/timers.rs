//! What is due when. Timers are rows like all others: they are set in the transaction that needs them, survive a
//! restart, and fire inside a transaction of their own.

use crate::store::{Record, Tx, View};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One timer, found by whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timer {
    /// The API whose `on_timer` is called.
    pub(crate) api: String,
    /// What the API calls it.
    pub(crate) key: String,
    pub(crate) at: Timestamp,
}

impl Record for Timer {
    const TABLE: &'static str = "engine.timers";
}

/// The same timer, found by when it is due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Due(Timer);

impl Record for Due {
    const TABLE: &'static str = "engine.due";
}

fn name(api: &str, key: &str) -> String {
    format!("{api} {key}")
}

fn due_key(timer: &Timer) -> String {
    // Seconds before 1970 sort first, whatever they are: all of them are due.
    let seconds = timer.at.as_second().max(0);
    format!(
        "{seconds:012}.{:09} {} {}",
        timer.at.subsec_nanosecond().max(0),
        timer.api,
        timer.key
    )
}

/// Sets the timer `key` of `api`; one of that name moves.
pub(crate) fn set(tx: &mut Tx, api: &str, key: &str, at: Timestamp) {
    cancel(tx, api, key);
    let timer = Timer {
        api: api.to_owned(),
        key: key.to_owned(),
        at,
    };
    tx.put(&due_key(&timer), Due(timer.clone()));
    tx.put(&name(api, key), timer);
}

/// Takes a timer back; `false` when there was none.
pub(crate) fn cancel(tx: &mut Tx, api: &str, key: &str) -> bool {
    let name = name(api, key);
    let Some(timer) = tx.get::<Timer>(&name) else {
        return false;
    };
    tx.delete::<Due>(&due_key(&timer));
    tx.delete::<Timer>(&name)
}

/// The timer that is due first.
pub(crate) fn first(view: &View) -> Option<Timer> {
    view.from::<Due>("").next().map(|(_, due)| due.0.clone())
}

/// When a timer is due.
pub(crate) fn at(view: &View, api: &str, key: &str) -> Option<Timestamp> {
    view.get::<Timer>(&name(api, key)).map(|timer| timer.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Schema, Store, StoreError};

    fn timestamp(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn timers_come_in_the_order_of_their_time_and_a_moved_one_fires_once() {
        let store = Store::open(&Schema::default(), None).unwrap();
        let _: Result<(), StoreError> = store.write(|tx| {
            set(tx, "a", "late", timestamp(1_000_000_000));
            set(tx, "b", "early", timestamp(999_999_999));
            set(tx, "a", "late", timestamp(5));
            Ok(())
        });
        assert_eq!(at(&store.view(), "a", "late"), Some(timestamp(5)));
        let mut seen = vec![];
        while let Some(timer) = first(&store.view()) {
            seen.push(timer.key.clone());
            let _: Result<bool, StoreError> =
                store.write(|tx| Ok(cancel(tx, &timer.api, &timer.key)));
        }
        assert_eq!(seen, ["late", "early"]);
    }
}
