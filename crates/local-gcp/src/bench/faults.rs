//! What is to go wrong, in which call.

use crate::http::{ApiError, Code};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// One fault. Which calls it hits is the first half, what happens to them the second; several effects combine.
///
/// ```
/// use local_gcp::Fault;
/// // The second and third read of any secret version are answered 503 with `Retry-After: 5`.
/// let fault = Fault { after: 1, times: Some(2), status: Some(503), retry_after: Some(5),
///     ..Fault::on("secretmanager.projects.secrets.versions.access") };
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The method's name, as the journal shows it; a `*` stands for anything.
    pub method: String,
    /// Only calls whose path contains this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How many calls pass unharmed first: 1 hits the second call.
    #[serde(default)]
    pub after: u32,
    /// How many calls are hit; 1 when absent, 0 for all that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,

    /// Wait this long (real time) before anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<SignedDuration>,
    /// Answer this HTTP status in place of doing anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The message of that answer, or of the failed operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Its `Retry-After` header, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Break the connection in place of doing anything.
    #[serde(default)]
    pub reset: bool,
    /// Do what was asked, then break the connection in place of answering.
    #[serde(default)]
    pub lose_answer: bool,
    /// Read the state as it was before the last so many changes of this API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<usize>,
    /// Accept the call, and let the long-running operation that it starts end with this error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_operation: Option<Code>,
}

impl Fault {
    /// A fault without effect for the next call of `method`; set the fields that say what shall happen.
    pub fn on(method: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            ..Self::default()
        }
    }
}

/// A fault and what became of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// For taking it back.
    pub id: u64,
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
    /// Calls that matched it so far.
    pub seen: u32,
    /// Calls that it hit so far.
    pub hit: u32,
}

/// The faults that are waiting for their call.
#[derive(Debug, Default)]
pub struct Faults {
    state: Mutex<State>,
    /// The delays that are over before their time.
    let_go: watch::Sender<BTreeSet<u64>>,
}

#[derive(Debug, Default)]
struct State {
    last_id: u64,
    planned: Vec<Planned>,
}

/// What happens to one call.
#[derive(Debug, Default)]
pub(crate) struct Decision {
    pub(crate) label: Option<String>,
    /// How long the call waits, and for which fault.
    pub(crate) delay: Option<(Duration, u64)>,
    pub(crate) refusal: Option<ApiError>,
    pub(crate) reset: bool,
    pub(crate) lose_answer: bool,
    pub(crate) effects: Effects,
}

/// The part of it that happens inside the handler.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    pub(crate) stale_writes: usize,
    pub(crate) operation_error: Option<ApiError>,
}

impl Faults {
    /// Plans a fault and returns its id.
    pub fn add(&self, fault: Fault) -> u64 {
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        state.planned.push(Planned {
            id,
            fault,
            seen: 0,
            hit: 0,
        });
        id
    }

    /// All faults that were planned and not taken back.
    pub fn list(&self) -> Vec<Planned> {
        self.lock().planned.clone()
    }

    /// Takes a fault back; `false` when there is none of that id.
    pub fn remove(&self, id: u64) -> bool {
        let mut state = self.lock();
        let before = state.planned.len();
        state.planned.retain(|planned| planned.id != id);
        state.planned.len() != before
    }

    /// Takes all faults back.
    pub fn clear(&self) {
        self.lock().planned.clear();
    }

    /// Lets the calls go on that a fault delays.
    pub fn let_go(&self, id: u64) {
        self.let_go.send_modify(|ids| {
            ids.insert(id);
        });
    }

    /// Waits until the delay is over, or is let go of.
    pub(crate) async fn wait(&self, (delay, id): (Duration, u64)) {
        let mut over = self.let_go.subscribe();
        let over = over.wait_for(|ids| ids.contains(&id));
        let _ = tokio::time::timeout(delay, over).await;
    }

    pub(crate) fn decide(&self, method: &str, path: &str) -> Decision {
        let mut decision = Decision::default();
        for planned in &mut self.lock().planned {
            if !planned.fault.concerns(method, path) {
                continue;
            }
            planned.seen += 1;
            let times = planned.fault.times.unwrap_or(1);
            if planned.seen > planned.fault.after && (times == 0 || planned.hit < times) {
                planned.hit += 1;
                decision.add(planned);
            }
        }
        decision
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn concerns(&self, method: &str, path: &str) -> bool {
        glob(&self.method, method) && self.path.as_ref().is_none_or(|part| path.contains(part))
    }
}

impl Decision {
    fn add(&mut self, planned: &Planned) {
        let fault = &planned.fault;
        let message = || {
            fault
                .message
                .clone()
                .unwrap_or_else(|| format!("fault {} says so", planned.id))
        };
        self.label
            .get_or_insert_with(|| format!("fault {}", planned.id));
        let delay = fault.delay.map(|delay| (delay.unsigned_abs(), planned.id));
        self.delay = self.delay.max(delay);
        self.reset |= fault.reset;
        self.lose_answer |= fault.lose_answer;
        if let Some(status) = fault.status {
            self.refusal = Some(ApiError {
                retry_after: fault.retry_after,
                ..ApiError::status(status, message())
            });
        }
        if let Some(writes) = fault.stale {
            self.effects.stale_writes = writes;
        }
        if let Some(code) = fault.fail_operation {
            self.effects.operation_error = Some(ApiError::new(code, message()));
        }
    }
}

/// Whether `text` has the form of `pattern`, in which `*` stands for any run of characters.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(head) else {
        return false;
    };
    (0..=rest.len()).any(|at| rest.is_char_boundary(at) && glob(tail, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nth_call_is_hit_and_the_others_pass() {
        let faults = Faults::default();
        faults.add(Fault {
            after: 1,
            status: Some(503),
            ..Fault::on("storage.objects.*")
        });
        let hit: Vec<bool> = [
            "storage.objects.get",
            "storage.buckets.get",
            "storage.objects.list",
            "storage.objects.get",
        ]
        .map(|method| faults.decide(method, "/").refusal.is_some())
        .to_vec();
        assert_eq!(hit, [false, false, true, false]);
    }

    #[test]
    fn a_star_stands_for_anything() {
        assert!(glob("a.*.c", "a.b.b.c"));
        assert!(glob("*", ""));
        assert!(!glob("a.*", "b.a."));
        assert!(!glob("a*c", "abcd"));
    }
}
