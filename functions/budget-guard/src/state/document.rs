//! The memory of a budget as it is stored: one JSON object per budget, versioned, with the work that it still asks for.
//!
//! It is written before anything is done (the intent), and again as each item is done; so whoever reads it after a crash
//! knows what may have happened, and does the rest.

use super::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;

mod migration;
mod records;

pub use records::{
    HistoryRecord, IncidentRecord, ItemRecord, ItemState, LeaseRecord, Operation, OutboxRecord,
    PlanRecord, Posting, RungRecord,
};

/// The version that is written, and the newest that is read. Version 1 kept notices without their text, and no history.
pub const VERSION: u32 = 2;

/// So much history is kept.
const HISTORY: usize = 200;

/// Everything that is stored about one budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// [`VERSION`].
    pub v: u32,
    /// How often it was written.
    #[serde(default)]
    pub rev: u64,
    /// The budget's name for people, as the newest message has it.
    #[serde(default)]
    pub name: Option<String>,
    /// What the guard remembers.
    #[serde(flatten)]
    pub state: State,
    /// What is to be done, and what became of what was.
    #[serde(default)]
    pub plan: Option<PlanRecord>,
    /// What is to be said, until it is.
    #[serde(default)]
    pub outbox: Vec<OutboxRecord>,
    /// The alerts that somebody's pager holds open, until what they are about has let go.
    #[serde(default)]
    pub incidents: Vec<IncidentRecord>,
    /// The ladder.
    #[serde(default)]
    pub ladder: Vec<RungRecord>,
    /// What was decided and commanded, oldest first.
    #[serde(default)]
    pub history: Vec<HistoryRecord>,
}

/// Why a stored memory is not used.
///
/// A guard that took damaged memory for none would forget what it has taken away.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Not what was written.
    #[error("the memory of the budget is damaged")]
    Damaged(#[from] serde_json::Error),
    /// No version.
    #[error("the memory of the budget is damaged: `v` is missing or no whole number")]
    NoVersion,
    /// A version that is not known.
    #[error("the memory of the budget has version {0}, and this program knows {VERSION}")]
    Version(u64),
    /// Parts that contradict each other.
    #[error("the memory of the budget is damaged: {0}")]
    Contradiction(String),
}

impl StateError {
    /// The way out.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Version(_) => "read it with the newer version of this program that wrote it",
            Self::Damaged(_) | Self::NoVersion | Self::Contradiction(_) => {
                "put the object's previous version back; without one, give back by hand what its applied list names, then delete it"
            }
        }
    }
}

impl Document {
    /// A memory that was never written.
    pub fn new(state: State) -> Self {
        Self {
            v: VERSION,
            rev: 0,
            name: None,
            state,
            plan: None,
            outbox: Vec::new(),
            incidents: Vec::new(),
            ladder: Vec::new(),
            history: Vec::new(),
        }
    }

    /// Remembers that something happened, and forgets what is oldest.
    pub fn record(&mut self, happened: HistoryRecord) {
        self.history.push(happened);
        let surplus = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..surplus);
    }

    /// The items of the plan; none when nothing was ever planned.
    pub fn items(&self) -> &[ItemRecord] {
        self.plan.as_ref().map_or(&[], |plan| &plan.items)
    }

    /// Reads what was stored.
    pub fn read(stored: &[u8]) -> Result<Self, StateError> {
        let value: Value = serde_json::from_slice(stored)?;
        // The version comes first: what a later one means by the rest is not known.
        let version = value
            .get("v")
            .and_then(Value::as_u64)
            .ok_or(StateError::NoVersion)?;
        let current = migration::to_current(value, version)?;
        let document: Self = serde_json::from_value(current)?;
        document
            .state
            .contradiction()
            .map_or(Ok(document), |why| Err(StateError::Contradiction(why)))
    }
}

impl State {
    /// What cannot be, however it came about.
    fn contradiction(&self) -> Option<String> {
        for (index, latch) in self.latches.iter().enumerate() {
            if self.latches[..index]
                .iter()
                .any(|other| other.step == latch.step)
            {
                return Some(format!("two latches of the step `{}`", latch.step));
            }
        }
        for (resource, action) in &self.applied {
            if action.resource != *resource {
                return Some(format!("`{action}` is said to be applied to `{resource}`"));
            }
            let mut real = self.latches.iter().filter(|latch| latch.is_real());
            if !real.any(|latch| latch.actions.contains(action)) {
                return Some(format!("`{action}` is in force and no latch asks for it"));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str = r#"{"v":2,"rev":41,"period":"2026-10-01T07:00:00Z",
        "watermark":{"publish_time":"2026-10-15T08:40:55.12Z","message_id":"18446744073700004"},
        "cost":"1000000000","high_water":"1000000000","budget":"1000000000","currency":"USD",
        "latches":[{"step":"thr","class":"throttle","mode":"enforce","epoch":0,"at":"2026-10-14T02:11:09Z",
                    "cost":"904113000","budget":"1000000000","do":["run.max_instances:web/eu/api=1"]}],
        "applied":{"run:web/eu/api":"run.max_instances:web/eu/api=1"},
        "samples":[["2026-10-01T07:00:00Z","0"]],"buckets":["10000000"],"bucket_open":[56,"990000000"],
        "plan":{"id":"18446744073700004","lease":{"owner":"rev-00012-x7k","until":"2026-10-15T08:42:55Z"},
                "items":[{"op":"do","action":"run.max_instances:web/eu/api=1","state":"prepared","tries":1}]},
        "outbox":[{"key":"k","channel":"pagerduty","next":"2026-10-15T08:40:56Z","what":"resolve"}]}"#;

    fn said(stored: &str) -> String {
        Document::read(stored.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_stored_is_read_back_as_it_was() {
        let document = Document::read(STORED.as_bytes()).unwrap();
        assert_eq!(document.rev, 41);
        assert_eq!(document.state.applied.len(), 1);
        assert_eq!(
            document.plan.as_ref().unwrap().items[0].state,
            ItemState::Prepared
        );
        let again = serde_json::to_vec(&document).unwrap();
        assert_eq!(Document::read(&again).unwrap(), document);
    }

    #[test]
    fn money_is_stored_as_text() {
        let document = Document::read(STORED.as_bytes()).unwrap();
        let stored = serde_json::to_value(&document).unwrap();
        assert_eq!(stored["cost"], "1000000000");
        assert_eq!(stored["bucket_open"][1], "990000000");
    }

    #[test]
    fn a_memory_without_or_with_another_version_is_refused() {
        assert!(said("{}").contains("`v` is missing"));
        assert!(said("[]").contains("`v` is missing"));
        assert!(said(r#"{"v":3,"latches":"in another form"}"#).contains("has version 3"));
        assert!(said(r#"{"v":0}"#).contains("has version 0"));
    }

    #[test]
    fn a_damaged_memory_is_refused_with_a_way_out() {
        for cut in 1..STORED.len() {
            assert!(Document::read(&STORED.as_bytes()[..cut]).is_err(), "{cut}");
        }
        let error = Document::read(STORED.replace("904113000", "9.04").as_bytes()).unwrap_err();
        assert!(error.advice().contains("previous version"));
    }

    #[test]
    fn parts_that_contradict_each_other_are_refused() {
        let forgotten = STORED.replace("\"mode\":\"enforce\"", "\"mode\":\"dry_run\"");
        assert!(said(&forgotten).contains("no latch asks for it"));
        let elsewhere = STORED.replace("{\"run:web/eu/api\":", "{\"run:web/eu/other\":");
        assert!(said(&elsewhere).contains("is said to be applied to"));
    }
}
