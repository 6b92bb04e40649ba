//! `rotate-secrets serve`.

mod answer;
mod service;

use super::Context;
use crate::error::Error;
use nightshift_runtime::{ExitStatus, service as runtime};
use service::Service;

pub(super) async fn execute(
    context: Context,
    options: &runtime::Options,
) -> Result<ExitStatus, Error> {
    let (gcp, shutdown) = (context.gcp.clone(), context.shutdown.clone());
    let (ages, time) = (context.figures.clone(), context.services.time.clone());
    tokio::spawn(ages.keep_ages(time, shutdown.clone()));
    runtime::run(options, || Ok(gcp), Service::new(context), shutdown).await
}
