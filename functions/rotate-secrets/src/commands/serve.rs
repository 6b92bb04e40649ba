//! `rotate-secrets serve`.

mod answer;
mod service;

use super::Context;
use crate::{cli::ServeArgs, error::Error};
use nightshift_runtime::{
    ExitStatus,
    auth::Guard,
    pubsub::{self, PullOptions},
    serve,
};
use service::Service;

pub(super) async fn execute(context: Context, args: &ServeArgs) -> Result<ExitStatus, Error> {
    let (gcp, shutdown) = (context.gcp.clone(), context.shutdown.clone());
    let (ages, time) = (context.figures.clone(), context.services.time.clone());
    tokio::spawn(ages.keep_ages(time, shutdown.clone()));
    let serving = &args.serving;
    let service = Service::new(context);
    let clean = match &args.pull {
        Some(subscription) => {
            let options = PullOptions {
                subscription: subscription.clone(),
                concurrency: serving.concurrency,
                deadline: serving.deadline,
                project: serving.project.clone(),
            };
            let ended = pubsub::pull(&gcp, &options, service, shutdown).await?;
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
