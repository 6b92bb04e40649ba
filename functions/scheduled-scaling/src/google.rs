//! The APIs of Google Cloud that are asked, through Google's own clients.
//!
//! Reads are repeated as the runtime's policy says. A write is sent once: a lost answer or a refusal is looked at by reading
//! again, never by repeating blindly. Nothing here sends a template or asks to create what is missing.

mod operation;
mod refusal;
mod write;

pub use operation::{Ended, Operation};
pub use refusal::{Refusal, Refused};
pub use write::Write;

use google_cloud_gax::client_builder;
use google_cloud_run_v2::client::{Services, WorkerPools};
use google_cloud_sql_v1::client::{SqlInstancesService, SqlOperationsService};
use nightshift_runtime::gcp::{Gcp, GcpError};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How many operations are looked at in the same moment. Those of a large fleet come due together, and each look may take a
/// connection of its own.
const LOOKS_AT_ONCE: usize = 16;

/// The clients. They ask nothing until they are used.
#[derive(Debug, Clone)]
pub struct Google {
    pub(crate) services: Services,
    pub(crate) worker_pools: WorkerPools,
    pub(crate) instances: SqlInstancesService,
    operations: SqlOperationsService,
    looks: Arc<Semaphore>,
}

/// Why the clients cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GoogleError {
    /// No credentials, or an endpoint that would get them unprotected.
    #[error(transparent)]
    Gcp(#[from] GcpError),
    /// A client refuses its settings.
    #[error("build the clients of Google Cloud")]
    Client(#[source] client_builder::Error),
}

impl Google {
    /// Clients with the credentials and the endpoint of `gcp`. Must be called within a tokio runtime.
    pub async fn new(gcp: &Gcp) -> Result<Self, GoogleError> {
        let services = gcp.client(Services::builder()).build();
        let worker_pools = gcp.client(WorkerPools::builder()).build();
        let instances = gcp.client(SqlInstancesService::builder()).build();
        let operations = gcp.client(SqlOperationsService::builder()).build();
        Ok(Self {
            services: services.await.map_err(GoogleError::Client)?,
            worker_pools: worker_pools.await.map_err(GoogleError::Client)?,
            instances: instances.await.map_err(GoogleError::Client)?,
            operations: operations.await.map_err(GoogleError::Client)?,
            looks: Arc::new(Semaphore::new(LOOKS_AT_ONCE)),
        })
    }
}
