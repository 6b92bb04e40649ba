//! What an event leads to.

use super::{
    super::{Context, Found, prune, run, status, verify},
    answer,
};
use crate::{
    announcement::Subject, apply::RunOptions, cli::ScratchArgs, error::Error, request::Request,
};
use nightshift_runtime::{Event, Handler, Outcome, Report, Shutdown, handler};
use std::time::Duration;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, sleep_until},
};

/// How long work goes on after the process was asked to end: what is nearly done is done then, and the rest of the eight
/// seconds that the runtime gives is for ending in order.
const GRACE: Duration = Duration::from_secs(2);
/// How long before its deadline work is asked to end: a lease is given back, a failure recorded.
const LAST_WORDS: Duration = Duration::from_secs(6);

/// Does what events say, one piece of work of a kind at a time.
pub(super) struct Service {
    context: Context,
    scratch: ScratchArgs,
    turns: Turns,
}

/// Held by the work of each kind that is being done. The lease in the store holds off other processes; this refuses a
/// second one here before anything is asked.
#[derive(Default)]
struct Turns {
    run: Mutex<()>,
    prune: Mutex<()>,
    drill: Mutex<()>,
}

impl Turns {
    /// None where any number may be done at once.
    fn of(&self, request: &Request) -> Option<&Mutex<()>> {
        match request {
            Request::Run {} => Some(&self.run),
            Request::Prune { .. } => Some(&self.prune),
            Request::Drill { .. } => Some(&self.drill),
            Request::Status { .. } => None,
        }
    }
}

impl Service {
    /// Refuses at once what would make every event fail.
    pub(super) fn new(context: Context, scratch: ScratchArgs) -> Result<Self, Error> {
        run::options(&context.config)?;
        context.config.identity()?;
        Ok(Self {
            context,
            scratch,
            turns: Turns::default(),
        })
    }

    async fn perform(&self, request: Request, event: &Event, shutdown: Shutdown) -> Outcome {
        let context = Context {
            shutdown,
            ..self.context.clone()
        };
        match request {
            Request::Run {} => {
                let made = async {
                    let options = RunOptions {
                        trigger: event.id.as_ref().map(ToString::to_string),
                        ..run::options(&context.config)?
                    };
                    run::make(&context, &options).await
                };
                conclude(&context, Subject::Backup, made.await).await
            }
            Request::Prune { dry_run } => {
                let pruned = prune::prune(&context, dry_run, vec![]).await;
                conclude(&context, Subject::Prune, pruned).await
            }
            Request::Drill { database } => {
                let proven =
                    verify::prove_newest(&context, database.as_deref(), &self.scratch).await;
                conclude(&context, Subject::Proof, proven).await
            }
            Request::Status { database } => {
                let judged = status::judge_all(&context, database.as_deref()).await;
                answer(&context, Subject::Status, judged)
            }
        }
    }
}

impl Handler for Service {
    async fn handle(&self, event: Event, context: handler::Context) -> Outcome {
        let request = match Request::read(&event) {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        let name = request.name();
        let turn = self.turns.of(&request).map(Mutex::try_lock).transpose();
        let Ok(_turn) = turn else {
            return Outcome::conflict("busy", format!("a {name} is being done here already"));
        };
        let shutdown = Shutdown::new();
        let mut work = Box::pin(self.perform(request, &event, shutdown.clone()));
        let why = tokio::select! {
            outcome = &mut work => return outcome,
            why = time_is_up(&context) => why,
        };
        tracing::warn!(command = name, why, "ending the work early");
        shutdown.request();
        work.await
    }
}

/// Waits until work has to be ended, and says why.
async fn time_is_up(context: &handler::Context) -> &'static str {
    let left = context.deadline.duration_since(Instant::now());
    let deadline = context.deadline - LAST_WORDS.min(left / 2);
    tokio::select! {
        () = sleep_until(deadline) => "the event's deadline is near",
        () = async { context.shutdown.wait().await; sleep(GRACE).await } => "the process ends",
    }
}

/// Tells whoever listens, and answers.
async fn conclude<R: Report>(
    context: &Context,
    subject: Subject,
    ended: Result<Found<R>, Error>,
) -> Outcome {
    if !answer::is_nobodys_news(&ended) {
        let announcement = context.announcement(subject, &ended);
        context.announcer.tell(&announcement).await;
    }
    answer(context, subject, ended)
}

/// Logs what somebody has to look at, and answers.
fn answer<R: Report>(
    context: &Context,
    subject: Subject,
    ended: Result<Found<R>, Error>,
) -> Outcome {
    let announcement = context.announcement(subject, &ended);
    answer::to(subject, announcement, ended.map(|found| found.concern))
}
