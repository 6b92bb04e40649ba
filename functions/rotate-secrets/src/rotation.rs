//! How a secret changes and nobody notices: the state machine.
//!
//! ```text
//!  idle ─► claimed ─► staged ─► proven ─► promoted ─► rolled ─► retiring ─► idle
//!             │         │         │          │           │
//!             ▼         └─────────┴────┬─────┴───────────┘
//!           idle                       ▼   a test fails, a consumer does not start, an operator says so
//!    (nothing was touched)          undoing ─► idle
//! ```
//!
//! | phase | written when | the target holds | readers get |
//! | --- | --- | --- | --- |
//! | idle | – | base | base |
//! | claimed | the lease is taken and the operation named | base | base |
//! | staged | the candidate is durable, read back **and recorded** | base *or* candidate | base |
//! | proven | the candidate logged in and passed its test | candidate (both, with overlap) | base |
//! | promoted | the main secret has it and `current` moved | candidate (both) | candidate |
//! | rolled | every consumer is ready on it | candidate (both) | candidate |
//! | retiring | the grace is over and nothing refers to base | candidate | candidate |
//! | undoing | somebody or something said no | base *or* candidate | base, in the end |
//!
//! Everything here is pure: no clock, no network, no randomness. [`decide()`] looks at what is known and names the one
//! next thing: find something out ([`Look`]), change something outside ([`Effect`]), write the state
//! ([`Write`]), or stop ([`Stop`]). [`Run`] keeps what was found out between two decisions. Whoever
//! carries the decisions out may die at any point, and may be one of several; the state is written only under the
//! etag of the secret, which is what makes one of them win.
//!
//! What holds at every instant, whoever dies, comes twice or wakes up late (`tests/it/model` walks the schedules):
//!
//! 1. some recorded, enabled version holds a credential that the target accepts;
//! 2. the target only ever holds the credential of base or of the recorded candidate;
//! 3. the candidate was read back by number before the target saw it;
//! 4. what `current` and `latest` say was accepted by the target when it was published;
//! 5. all workers of one operation use the same candidate, and a new one is made only while the target provably does
//!    not hold the old one;
//! 6. nothing is revoked before the candidate is promoted, all consumers are ready, the grace is over, and no revision
//!    with traffic or a tag refers to it.

mod backoff;
mod decide;
mod decision;
mod policy;
mod run;
pub mod state;
pub mod trigger;
pub mod window;

pub use backoff::delay_after;
pub use decide::decide;
pub use decision::{Decision, Effect, Look, Notice, Refusal, Stop, Write, WriteKind};
pub use policy::{Group, OnDrift, Overlap, Policy, Staging};
pub use run::{
    Added, Adoptable, Answer, Applied, Consumers, Failure, FailureKind, Newest, NewestValue, Probe,
    Rival, Run, SecretView, Staged, Tested,
};
pub use state::{ErrorCode, Phase, State};
pub use trigger::{Intent, RotateRequest, TriggeredBy};
