//! `backup serve`.

mod answer;
mod service;

use super::Context;
use crate::{cli::ServeArgs, config::resource_name, error::Error};
use nightshift_runtime::{
    ExitStatus,
    auth::Guard,
    pubsub::{self, PullOptions},
    serve,
};
use service::Service;

pub(super) async fn execute(context: Context, args: &ServeArgs) -> Result<ExitStatus, Error> {
    if let Some(subscription) = &args.pull {
        resource_name("--pull", subscription, "subscriptions")?;
    }
    let (google, shutdown) = (context.config.google.clone(), context.shutdown.clone());
    let serving = &args.serving;
    let service = Service::new(context, args.scratch())?;
    let clean = match &args.pull {
        Some(subscription) => {
            let options = PullOptions {
                subscription: subscription.clone(),
                concurrency: serving.concurrency,
                deadline: serving.deadline,
                project: serving.project.clone(),
            };
            let gcp = google.clients().map_err(crate::store::StoreError::from)?;
            let ended = pubsub::pull(gcp, &options, service, shutdown).await?;
            ended == pubsub::Ended::Clean
        }
        None => {
            let guard = Guard::new(&args.callers, serving.address())?;
            let listener = serving.bind().await?;
            let ended = serve::serve(listener, serving, guard, service, shutdown).await?;
            ended == serve::Ended::Clean
        }
    };
    Ok(if clean {
        ExitStatus::Done
    } else {
        ExitStatus::Failed
    })
}
