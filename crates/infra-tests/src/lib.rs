//! A Terraform provider that knows a schema and nothing else.
//!
//! `terraform validate` and `terraform test` ask a provider two things: what its schema is, and (with `mock_provider`) nothing
//! more, because Terraform itself answers for plan, apply and read. So a program that serves the real schema of the real
//! provider is enough to hold every argument of `infra/` against it, with no download, account or lock file.
//!
//! ```text
//! terraform ── starts ──> stub-provider ── reads ──> infra/schema/google-8.7.0.json
//!     │                        │
//!     └──── gRPC, unix socket ─┘   protocol 5 of <https://github.com/hashicorp/terraform/tree/main/docs/plugin-protocol>
//! ```
//!
//! Terraform must be started with `TF_DISABLE_PLUGIN_TLS=1`, and with a CLI configuration whose `dev_overrides` name the folder
//! of this program; `tests/it/terraform.rs` does both.

mod protocol;
mod schema;
mod server;

pub use protocol::answer;
pub use schema::{SchemaError, read_schema};
pub use server::serve;
