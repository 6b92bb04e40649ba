//! A target with one or two accounts, in memory.

use super::gate::{Gate, Passed};
use async_trait::async_trait;
use rotate_secrets::{
    payload::Payload,
    rotation::{Overlap, state::OperationId},
    target::{Created, Finding, Probe, Target, TargetError, Test},
};
use std::sync::{Arc, Mutex};

/// What goes wrong by itself, by the number of the value, counted from 1 for the first that is made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble {
    /// The target takes them, but they fail their test.
    pub(crate) unfit: Vec<u32>,
    /// The target's policy refuses them.
    pub(crate) refused: Vec<u32>,
    /// The target cannot be asked.
    pub(crate) down: bool,
    /// How many logins with a value are refused after the target has taken it: it takes its time to spread.
    pub(crate) spreads_after: u32,
}

pub(crate) struct Accounts(Mutex<State>);

struct State {
    overlap: Overlap,
    trouble: Trouble,
    made: u32,
    /// What each account accepts.
    held: [Option<String>; 2],
    /// Everything it ever accepted.
    applied: Vec<String>,
    /// How often a login was refused.
    rejected: u32,
    /// How often one will be yet, because the last value has not spread.
    spreading: u32,
}

impl Accounts {
    pub(crate) fn new(overlap: Overlap, trouble: Trouble) -> Self {
        let state = State {
            overlap,
            trouble,
            made: 0,
            held: [None, None],
            applied: Vec::new(),
            rejected: 0,
            spreading: 0,
        };
        Self(Mutex::new(state))
    }

    /// Begins anew; returns the first value, which the first account accepts.
    pub(crate) fn reset(&self, overlap: Overlap, trouble: Trouble) -> String {
        *self.lock() = Self::new(overlap, trouble).0.into_inner().unwrap();
        let first = "0:first".to_owned();
        self.lock().held[0] = Some(first.clone());
        first
    }

    pub(crate) fn set_trouble(&self, trouble: Trouble) {
        self.lock().trouble = trouble;
    }

    /// Somebody else changes what the first account accepts.
    pub(crate) fn change_behind(&self, value: &str) {
        self.lock().held[0] = Some(value.to_owned());
    }

    pub(crate) fn accepts(&self, value: &str) -> bool {
        let state = self.lock();
        let slot = usize::from(value.starts_with('1'));
        state.held[slot].as_deref() == Some(value)
    }

    /// What it accepts.
    pub(crate) fn held(&self) -> Vec<String> {
        self.lock().held.iter().flatten().cloned().collect()
    }

    pub(crate) fn applied(&self) -> Vec<String> {
        self.lock().applied.clone()
    }

    pub(crate) fn made(&self) -> u32 {
        self.lock().made
    }

    pub(crate) fn rejected(&self) -> u32 {
        self.lock().rejected
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn apply(&self, value: &str) -> Result<(), TargetError> {
        let mut state = self.lock();
        if state.trouble.down {
            return Err(TargetError::Unreachable("it is down".to_owned()));
        }
        if state.trouble.refused.contains(&number(value)) {
            return Err(TargetError::Refused("its policy says no".to_owned()));
        }
        let slot = usize::from(value.starts_with('1'));
        state.held[slot] = Some(value.to_owned());
        state.applied.push(value.to_owned());
        state.spreading = state.trouble.spreads_after;
        Ok(())
    }

    fn probe(&self, value: &str) -> Probe {
        if self.lock().trouble.down {
            return Probe::Unreachable {
                why: "it is down".to_owned(),
            };
        }
        let accepted = self.accepts(value);
        let mut state = self.lock();
        if accepted && state.spreading == 0 {
            return Probe::Works;
        }
        state.spreading = state.spreading.saturating_sub(1);
        state.rejected += 1;
        Probe::Rejected {
            why: "wrong password".to_owned(),
        }
    }
}

/// The number in `1:value-2-…`; 0 for the first.
fn number(value: &str) -> u32 {
    let number = value.split('-').nth(1).and_then(|text| text.parse().ok());
    number.unwrap_or(0)
}

pub(crate) struct MemoryTarget {
    gate: Arc<Gate>,
    accounts: Arc<Accounts>,
}

impl MemoryTarget {
    pub(crate) fn new(gate: Arc<Gate>, accounts: Arc<Accounts>) -> Self {
        Self { gate, accounts }
    }
}

fn text(payload: &Payload) -> &str {
    payload.expose_text().unwrap()
}

fn lost<T>(passed: Passed<Result<T, TargetError>>) -> Result<T, TargetError> {
    match passed {
        Passed::Answered(answer) => answer,
        Passed::AnswerLost => Err(TargetError::Unknown("the answer was lost".to_owned())),
        Passed::Failed => Err(TargetError::Unreachable("it did not answer".to_owned())),
    }
}

#[async_trait]
impl Target for MemoryTarget {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn place(&self) -> String {
        "this test".to_owned()
    }

    fn overlap(&self) -> Overlap {
        self.accounts.lock().overlap
    }

    fn revokes(&self) -> bool {
        true
    }

    async fn create(
        &self,
        base: Option<&Payload>,
        _operation: &OperationId,
    ) -> Result<Created, TargetError> {
        let mut state = self.accounts.lock();
        state.made += 1;
        let base = base.map_or("0", text);
        let slot = match state.overlap {
            Overlap::Both if base.starts_with('0') => 1,
            _ => 0,
        };
        let value = format!("{slot}:value-{}-{:016x}", state.made, rand::random::<u64>());
        Ok(Created {
            payload: value.into(),
            slot: None,
        })
    }

    async fn probe(&self, credential: &Payload) -> Probe {
        let asked = async { self.accounts.probe(text(credential)) };
        match self.gate.pass("probe", asked).await {
            Passed::Answered(probe) => probe,
            Passed::AnswerLost | Passed::Failed => Probe::Unreachable {
                why: "it did not answer".to_owned(),
            },
        }
    }

    async fn apply(
        &self,
        credential: &Payload,
        _operation: &OperationId,
    ) -> Result<(), TargetError> {
        let apply = async { self.accounts.apply(text(credential)) };
        lost(self.gate.pass("apply", apply).await)
    }

    async fn test(&self, credential: &Payload) -> Result<Test, TargetError> {
        let test = async {
            let state = self.accounts.lock();
            let unfit = state.trouble.unfit.contains(&number(text(credential)));
            Ok(if unfit {
                Test::Failed {
                    why: "it may not read the table".to_owned(),
                }
            } else {
                Test::Passed
            })
        };
        lost(self.gate.pass("test", test).await)
    }

    async fn revoke(
        &self,
        credential: &Payload,
        _operation: &OperationId,
    ) -> Result<(), TargetError> {
        let revoke = async {
            let value = text(credential);
            if self.accounts.accepts(value) {
                let slot = usize::from(value.starts_with('1'));
                self.accounts.lock().held[slot] = None;
            }
            Ok(())
        };
        lost(self.gate.pass("revoke", revoke).await)
    }

    async fn check(&self, _current: Option<&Payload>) -> Vec<Finding> {
        vec![Finding::ok("target", "it is in memory")]
    }
}
