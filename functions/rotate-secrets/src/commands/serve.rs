//! `rotate-secrets serve`.

mod answer;
mod service;

use super::Context;
use crate::{cli::ServeArgs, error::Error};
use nightshift_runtime::{ExitStatus, auth::Guard, serve};
use service::Service;

pub(super) async fn execute(context: Context, args: &ServeArgs) -> Result<ExitStatus, Error> {
    let shutdown = context.shutdown.clone();
    let serving = &args.serving;
    let guard = Guard::new(&args.callers, serving.address())?;
    let listener = serving.bind().await?;
    let service = Service::new(context);
    let ended = serve::serve(listener, serving, guard, service, shutdown).await?;
    Ok(match ended {
        serve::Ended::Clean => ExitStatus::Done,
        serve::Ended::CutShort { .. } => ExitStatus::Failed,
    })
}
