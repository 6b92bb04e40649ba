//! How a function takes its events: over HTTP, or from a subscription where nobody can push to it (worker pools, private
//! networks).

use crate::{
    ExitStatus, Handler, Shutdown,
    auth::{self, AuthError, Guard},
    gcp::{self, Gcp},
    pubsub::{self, PullError, PullOptions},
    serve::{self, ServeError},
};

/// The options of every `serve`.
#[derive(Debug, Clone, Default, clap::Args)]
// Several of these meet in one command, where clap would call each group `Options`.
#[group(skip)]
pub struct Options {
    /// Subscription to pull events from in place of listening: projects/PROJECT/subscriptions/NAME
    #[arg(long, value_name = "SUBSCRIPTION", value_parser = subscription)]
    pub pull: Option<String>,
    /// How events are taken.
    #[command(flatten)]
    pub serving: serve::Options,
    /// Who may send them.
    #[command(flatten)]
    pub callers: auth::Options,
}

fn subscription(name: &str) -> Result<String, &'static str> {
    gcp::is_resource(name, "subscriptions")
        .then(|| name.to_owned())
        .ok_or("write projects/PROJECT/subscriptions/NAME")
}

/// Takes events until the end is asked for. [`ExitStatus::Failed`] says that work was left in the middle; it comes again.
///
/// `gcp` is asked for only where a subscription is pulled: who listens needs no credentials of Google's for that.
pub async fn run<E>(
    options: &Options,
    gcp: impl FnOnce() -> Result<Gcp, E>,
    handler: impl Handler,
    shutdown: Shutdown,
) -> Result<ExitStatus, E>
where
    E: From<PullError> + From<AuthError> + From<ServeError>,
{
    let serving = &options.serving;
    let clean = if let Some(subscription) = &options.pull {
        let pulling = PullOptions {
            subscription: subscription.clone(),
            concurrency: serving.concurrency,
            deadline: serving.deadline,
            project: serving.project.clone(),
        };
        pubsub::pull(&gcp()?, &pulling, handler, shutdown).await? == pubsub::Ended::Clean
    } else {
        let guard = Guard::new(&options.callers, serving.address())?;
        let listener = serving.bind().await?;
        let ended = serve::serve(listener, serving, guard, handler, shutdown).await?;
        ended == serve::Ended::Clean
    };
    Ok(if clean {
        ExitStatus::Done
    } else {
        ExitStatus::Failed
    })
}
