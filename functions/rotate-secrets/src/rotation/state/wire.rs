//! The state as it is written: flat, compact JSON with a version number, at most 2 KiB.

use super::{
    Candidate, Deferred, ErrorCode, Lease, MAX_LISTED, Operation, OperationId, Origin, Phase,
    Place, Refused, Slot, State, Undo, VersionNumber,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The largest state that is written or read, in bytes. Secret Manager allows 16 KiB for all annotations together.
pub const MAX_BYTES: usize = 2048;

/// The format that this program writes, and the only one it reads.
const FORMAT: u64 = 1;

/// Why an annotation was not understood. Nothing of the secret is touched then: a newer program, or a person, wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// Not the format of this program.
    #[error(
        "the rotation state has format {0}, and this program reads format {FORMAT}: was it written by a newer one?"
    )]
    Format(u64),
    /// Not the document that it should be.
    #[error("the rotation state is not valid: {0}; remove the annotation to adopt the secret anew")]
    Invalid(String),
    /// Larger than anything this program writes.
    #[error("the rotation state has {0} bytes, and at most {MAX_BYTES} are written")]
    TooLarge(usize),
}

/// The annotation's fields; what is absent is unset.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wire {
    v: u64,
    phase: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<OperationId>,
    fence: u64,
    cur: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<VersionNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cand: Option<VersionNumber>,
    #[serde(skip_serializing_if = "is_false")]
    inline: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    main: Option<VersionNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy: Option<VersionNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<Slot>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    twins: Vec<VersionNumber>,
    #[serde(skip_serializing_if = "is_unknown")]
    swept: VersionNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Origin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<Lease>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quiet_after: Option<Timestamp>,
    #[serde(skip_serializing_if = "is_zero")]
    r#try: u32,
    #[serde(skip_serializing_if = "is_zero")]
    regen: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retire_after: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<ErrorCode>,
    #[serde(skip_serializing_if = "is_false")]
    repair: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    err: Option<ErrorCode>,
    #[serde(skip_serializing_if = "is_zero")]
    failed: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refused>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Deferred>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_due: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_done: Option<Timestamp>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_unknown(version: &VersionNumber) -> bool {
    version.0 == 0
}

impl State {
    /// The value of the annotation.
    pub fn to_annotation(&self) -> Result<String, Unreadable> {
        let text = serde_json::to_string(&Wire::from(self))
            .map_err(|error| Unreadable::Invalid(error.to_string()))?;
        if text.len() > MAX_BYTES {
            return Err(Unreadable::TooLarge(text.len()));
        }
        Ok(text)
    }

    /// Understands the value of the annotation.
    pub fn from_annotation(text: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Format {
            v: u64,
        }
        if text.len() > MAX_BYTES {
            return Err(Unreadable::TooLarge(text.len()));
        }
        let invalid = |error: serde_json::Error| Unreadable::Invalid(error.to_string());
        let Format { v } = serde_json::from_str(text).map_err(invalid)?;
        if v != FORMAT {
            return Err(Unreadable::Format(v));
        }
        let wire: Wire = serde_json::from_str(text).map_err(invalid)?;
        State::try_from(wire).map_err(|what| Unreadable::Invalid(what.to_owned()))
    }
}

impl From<&State> for Wire {
    fn from(state: &State) -> Self {
        let mut wire = Self {
            v: FORMAT,
            phase: state.phase_name().to_owned(),
            fence: state.fence,
            cur: state.current.0,
            twins: state.twins.clone(),
            swept: state.swept,
            quiet_after: state.quiet_after,
            err: state.error,
            failed: state.failed,
            refused: state.refused.clone(),
            next: state.next.clone(),
            last_due: state.last_due,
            last_done: state.last_done,
            ..Self::default()
        };
        if let Some(operation) = &state.operation {
            wire.describe(operation);
        }
        wire
    }
}

impl Wire {
    fn describe(&mut self, operation: &Operation) {
        self.op = Some(operation.id.clone());
        self.by = Some(operation.by);
        self.due = operation.due;
        self.base = Some(operation.base);
        self.since = Some(operation.since);
        self.lease.clone_from(&operation.lease);
        self.r#try = operation.tries;
        self.next_try = operation.next_try;
        self.regen = operation.regenerations.into();
        self.undo = operation.undo;
        self.repair = operation.repair;
        if let Some(candidate) = operation.phase.candidate() {
            self.cand = Some(candidate.version);
            self.inline = candidate.place == Place::Main;
            self.slot.clone_from(&candidate.slot);
        }
        match &operation.phase {
            Phase::Promoted { main, .. } | Phase::Retiring { main, .. } => self.main = Some(*main),
            Phase::Rolled {
                main, retire_after, ..
            } => {
                self.main = Some(*main);
                self.retire_after = Some(*retire_after);
            }
            Phase::Undoing(undo) => {
                self.undo = Some(undo.why);
                self.main = undo.main;
                self.copy = undo.copy;
            }
            Phase::Claimed | Phase::Staged { .. } | Phase::Proven { .. } => {}
        }
    }
}

impl TryFrom<Wire> for State {
    type Error = &'static str;

    fn try_from(mut wire: Wire) -> Result<Self, &'static str> {
        if wire.cur == 0 {
            return Err("`cur` is missing or 0");
        }
        if wire.twins.len() > MAX_LISTED {
            return Err("`twins` is too long");
        }
        let operation = match wire.phase.as_str() {
            "idle" => None,
            _ => Some(wire.operation()?),
        };
        let state = State {
            current: VersionNumber(wire.cur),
            twins: wire.twins,
            swept: wire.swept,
            fence: wire.fence,
            quiet_after: wire.quiet_after,
            last_due: wire.last_due,
            last_done: wire.last_done,
            failed: wire.failed,
            refused: wire.refused,
            error: wire.err,
            next: wire.next,
            operation,
        };
        consistent(&state).map(|()| state)
    }
}

impl Wire {
    fn operation(&mut self) -> Result<Operation, &'static str> {
        Ok(Operation {
            phase: self.operation_phase()?,
            id: self.op.take().ok_or("`op` is missing")?,
            by: self.by.ok_or("`by` is missing")?,
            due: self.due,
            base: self.base.ok_or("`base` is missing")?,
            since: self.since.ok_or("`since` is missing")?,
            lease: self.lease.take(),
            tries: self.r#try,
            next_try: self.next_try,
            regenerations: u8::try_from(self.regen).map_err(|_| "`regen` is too large")?,
            undo: self.undo.filter(|_| self.phase != "undoing"),
            repair: self.repair,
        })
    }

    fn operation_phase(&mut self) -> Result<Phase, &'static str> {
        let place = if self.inline {
            Place::Main
        } else {
            Place::Side
        };
        let slot = self.slot.take();
        let candidate = self.cand.map(|version| Candidate {
            place,
            version,
            slot,
        });
        let recorded = || candidate.clone().ok_or("`cand` is missing");
        let main = || self.main.ok_or("`main` is missing");
        Ok(match self.phase.as_str() {
            "claimed" => Phase::Claimed,
            "staged" => Phase::Staged {
                candidate: recorded()?,
            },
            "proven" => Phase::Proven {
                candidate: recorded()?,
            },
            "promoted" => Phase::Promoted {
                candidate: recorded()?,
                main: main()?,
            },
            "rolled" => Phase::Rolled {
                candidate: recorded()?,
                main: main()?,
                retire_after: self.retire_after.ok_or("`retire_after` is missing")?,
            },
            "retiring" => Phase::Retiring {
                candidate: recorded()?,
                main: main()?,
            },
            "undoing" => Phase::Undoing(Undo {
                why: self.undo.ok_or("`undo` is missing")?,
                candidate,
                main: self.main,
                copy: self.copy,
            }),
            _ => return Err("`phase` is none of the known phases"),
        })
    }
}

/// What an edited annotation could get wrong that would make the next step dangerous.
fn consistent(state: &State) -> Result<(), &'static str> {
    let Some(operation) = &state.operation else {
        return Ok(());
    };
    let published = match &operation.phase {
        Phase::Claimed | Phase::Staged { .. } | Phase::Proven { .. } => operation.base,
        Phase::Promoted { main, .. }
        | Phase::Rolled { main, .. }
        | Phase::Retiring { main, .. } => *main,
        Phase::Undoing(undo) => match (undo.copy, undo.main) {
            (Some(copy), _) => copy,
            (None, Some(main)) if main == state.current => main,
            (None, _) => operation.base,
        },
    };
    if published != state.current {
        return Err("`cur` is not the version that the phase publishes");
    }
    let retires = matches!(operation.phase, Phase::Retiring { .. });
    if retires && (operation.base == state.current || state.twins.contains(&state.current)) {
        return Err("`base` is published, so it cannot be retiring");
    }
    Ok(())
}
