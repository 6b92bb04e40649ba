//! `scheduled-scaling serve`.

use super::{
    Context,
    apply::{run, why_dark},
    person::told,
};
use crate::{apply::NotGranted, error::Error, report::status::Status, request::Request};
use nightshift_runtime::{Event, ExitStatus, Handler, Outcome, Shutdown, handler, service};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// How much of an event's time is kept back for reading, waiting for operations and answering.
const RESERVE: Duration = Duration::from_secs(50);

pub(super) async fn execute(
    mut context: Context,
    options: &service::Options,
    shutdown: Shutdown,
) -> Result<ExitStatus, Error> {
    let deadline = Duration::from(options.serving.deadline);
    context.scaler.patience.budget = deadline.saturating_sub(RESERVE);
    let gcp = context.gcp.clone();
    let service = Service {
        context: Arc::new(context),
        turn: Mutex::default(),
    };
    service::run(options, || Ok(gcp), service, shutdown).await
}

/// Does what events say.
struct Service {
    context: Arc<Context>,
    /// Runs follow each other: the second of two that came at once finds nothing to do. Two processes meet at the etag.
    turn: Mutex<()>,
}

impl Handler for Service {
    async fn handle(&self, event: Event, context: handler::Context) -> Outcome {
        let request = match Request::read(&event) {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        let _turn = self.turn.lock().await;
        self.perform(request, &context).await
    }
}

impl Service {
    async fn perform(&self, request: Request, event: &handler::Context) -> Outcome {
        let scaler = &self.context.scaler;
        match request {
            Request::Apply {} => {
                let report = run(&self.context).await;
                if report.is_in_the_dark() {
                    return Outcome::later("in_the_dark", why_dark(&report));
                }
                answer(&report)
            }
            Request::Status {} => {
                let fleet = scaler.fleet().await;
                answer(&Status::new(&scaler.config, &fleet, scaler.clock.now()))
            }
            Request::Override(mut wish) => {
                if let Some(caller) = &event.caller {
                    wish.by = Some(caller.to_string());
                }
                let longest = scaler.config.max_override.into();
                let word = match wish.word(scaler.clock.now(), longest) {
                    Ok(word) => word,
                    Err(why) => return Outcome::refused("impossible", why),
                };
                match scaler.override_target(&wish.target, &word).await {
                    Ok(run) => answer(&told(&self.context, &run).await),
                    Err(why) => not_granted(&why),
                }
            }
            Request::Release { target, force } => {
                let mode = crate::decide::Release::Restore;
                match scaler.release_target(&target, mode, None, force).await {
                    Ok(run) => answer(&told(&self.context, &run).await),
                    Err(why) => not_granted(&why),
                }
            }
        }
    }
}

fn answer(report: &impl Serialize) -> Outcome {
    serde_json::to_value(report).map_or(Outcome::Done, Outcome::Answer)
}

fn not_granted(why: &NotGranted) -> Outcome {
    match why {
        NotGranted::Target(_) | NotGranted::Unfit { .. } => {
            Outcome::refused("impossible", why.to_string())
        }
        NotGranted::Refused(_) => Outcome::failed("failed", why.to_string()),
    }
}
