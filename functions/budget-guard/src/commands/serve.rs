//! `budget-guard serve`.

mod answer;

use crate::{
    check,
    error::Error,
    guard::{Cause, Guard, GuardError},
    metrics,
    report::status::Status,
    repository::RepositoryError,
    request::{Order, Request},
};
use answer::Refusal;
use nightshift_runtime::{
    Event, ExitStatus, Handler, Outcome, Shutdown, handler, service as runtime,
};
use std::sync::Arc;

pub(super) async fn execute(guard: Guard, options: &runtime::Options) -> Result<ExitStatus, Error> {
    metrics::install()?;
    let gcp = guard.google().gcp().clone();
    let service = Service::new(Arc::new(guard));
    let shutdown = Shutdown::on_signals().map_err(Error::Signals)?;
    runtime::run(options, || Ok(gcp), service, shutdown).await
}

/// Does what events say.
#[derive(Clone)]
pub struct Service {
    guard: Arc<Guard>,
}

impl Service {
    /// The service of this guard.
    pub fn new(guard: Arc<Guard>) -> Self {
        Self { guard }
    }

    async fn judge(&self, request: Request, caller: Option<&str>) -> Result<Outcome, Refusal> {
        match request {
            Request::Judge {
                input,
                id,
                published,
            } => {
                let cause = Cause {
                    id,
                    lag_s: Some(self.guard.now().duration_since(published).as_secs()),
                    ..Cause::default()
                };
                let turns = self.guard.receive(&input, &cause).await?;
                if turns.is_empty() {
                    tracing::info!(
                        event = crate::event::DECIDED,
                        key = cause.id,
                        verdict = "ignored",
                        "no policy is about this message"
                    );
                }
                answer::to_turns(&turns, false)
            }
            Request::Probe { nonce } => {
                let store = self.guard.repository().store();
                let noted = check::note_probe(store, &nonce).await;
                noted.map_err(|error| GuardError::from(RepositoryError::from(error)))?;
                Ok(Outcome::Done)
            }
            Request::Obey(order) => self.obey(&order, caller).await,
        }
    }

    async fn obey(&self, order: &Order, caller: Option<&str>) -> Result<Outcome, Refusal> {
        // Who may call is the door's affair; who did is the token's to say, never the body's.
        let by = caller.unwrap_or("somebody on this machine");
        match order {
            Order::Status { budget } => {
                let status = Status::of(&self.guard, budget.as_deref()).await?;
                Ok(serde_json::to_value(status).map_or(Outcome::Done, Outcome::Answer))
            }
            order => {
                let turns = super::obey(&self.guard, order, by).await?;
                answer::to_turns(&turns, !matches!(order, Order::Tick {}))
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
        let judged = self.judge(request, context.caller.as_deref()).await;
        judged.unwrap_or_else(answer::to_refusal)
    }
}
