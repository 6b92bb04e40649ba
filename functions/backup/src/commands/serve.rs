//! `backup serve`.

mod answer;
mod service;

use super::Context;
use crate::{cli::ServeArgs, error::Error, store::StoreError};
use nightshift_runtime::{ExitStatus, service as runtime};
use service::Service;

pub(super) async fn execute(context: Context, args: &ServeArgs) -> Result<ExitStatus, Error> {
    let (google, shutdown) = (context.config.google.clone(), context.shutdown.clone());
    let service = Service::new(context, args.scratch())?;
    let gcp = || Ok(google.clients().map_err(StoreError::from)?.clone());
    runtime::run(&args.service, gcp, service, shutdown).await
}
