//! Changes that were accepted and are being carried out.

use super::{Google, Refused};
use crate::config::Kind;
use google_cloud_longrunning::model::operation::Result as Done;
use google_cloud_sql_v1::model::operation::SqlOperationStatus;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// How long between two looks at an operation at most: reads have a quota too.
const SLOWEST_LOOK: Duration = Duration::from_secs(5);

/// A change that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its name, as the API gives it.
    pub name: String,
    pub(super) kind: Kind,
    /// The project; Cloud SQL's operations do not name theirs.
    pub(super) project: String,
    /// Whether it had ended when the change was answered, and how.
    pub(super) ended: Option<Ended>,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The change has come true.
    Done,
    /// It has not, because of this.
    Failed(String),
}

impl Google {
    /// Waits until `operation` has ended, until `deadline` at most; none when it is still going on then. It is looked at after
    /// `pause`, which doubles from look to look.
    pub async fn wait(
        &self,
        operation: &Operation,
        mut pause: Duration,
        deadline: Instant,
    ) -> Result<Option<Ended>, Refused> {
        if let Some(ended) = &operation.ended {
            return Ok(Some(ended.clone()));
        }
        loop {
            if Instant::now() + pause > deadline {
                return Ok(None);
            }
            sleep(pause).await;
            pause = (pause * 2).min(SLOWEST_LOOK);
            match timeout_at(deadline, self.look_at(operation)).await {
                Ok(looked) => {
                    if let Some(ended) = looked? {
                        return Ok(Some(ended));
                    }
                }
                Err(_) => return Ok(None),
            }
        }
    }

    async fn look_at(&self, operation: &Operation) -> Result<Option<Ended>, Refused> {
        let _look = self.looks.acquire().await;
        let name = &operation.name;
        let refused =
            |error| Refused::new(format!("look at operation {name}"), operation.kind, &error);
        if operation.kind == Kind::Sql {
            let get = self.operations.get();
            let get = get.set_project(&operation.project).set_operation(name);
            let answer = get.send().await.map_err(refused)?;
            return Ok(sql_end(&answer));
        }
        let get = self.services.get_operation().set_name(name);
        let answer = get.send().await.map_err(refused)?;
        Ok(run_end(&answer))
    }
}

pub(super) fn run_end(operation: &google_cloud_longrunning::model::Operation) -> Option<Ended> {
    match &operation.result {
        Some(Done::Error(status)) => Some(Ended::Failed(status.message.clone())),
        Some(_) => Some(Ended::Done),
        None => operation.done.then_some(Ended::Done),
    }
}

pub(super) fn sql_end(operation: &google_cloud_sql_v1::model::Operation) -> Option<Ended> {
    if operation.status != SqlOperationStatus::Done {
        return None;
    }
    let errors = operation.error.iter().flat_map(|error| &error.errors);
    let said: Vec<String> = errors
        .map(|error| format!("{} {}", error.code, error.message))
        .collect();
    Some(if said.is_empty() {
        Ended::Done
    } else {
        Ended::Failed(said.join("; "))
    })
}
