//! The state machine against a small model of Secret Manager, a target and consumers.
//!
//! Workers make the decisions of the real machine. Between any two of them somebody may die, an answer may be lost, an
//! effect may land late, a second and third worker may come, and a lease may run out under a worker that wakes up
//! afterwards. What has to hold is asserted after every single step.

mod crashes;
mod invariants;
mod scenario;
mod worker;
mod world;
mod zombies;
