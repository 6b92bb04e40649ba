//! Cloud Run itself.

use super::{
    Consumer, ConsumerError, ConsumerKind, PinnedTraffic, Reference, Referred, job,
    service::{self, Progress},
};
use crate::{
    rotation::{Consumers, state::VersionNumber},
    target::Finding,
};
use google_cloud_gax::{options::RequestOptionsBuilder, paginator::ItemPaginator};
use google_cloud_run_v2::{
    client::{Executions, Jobs, Revisions, Services},
    model::{Job, Service},
};
use google_cloud_wkt::FieldMask;
use nightshift_runtime::gcp::Gcp;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// How often a change is made again that somebody else's came in between of.
const RACES: u32 = 3;

/// Cloud Run's clients, built when the first consumer is looked at. Clones share them.
#[derive(Clone)]
pub struct CloudRun {
    gcp: Gcp,
    clients: Arc<OnceCell<Clients>>,
}

struct Clients {
    services: Services,
    revisions: Revisions,
    jobs: Jobs,
    executions: Executions,
}

impl CloudRun {
    /// With these credentials.
    pub fn new(gcp: Gcp) -> Self {
        Self {
            gcp,
            clients: Arc::default(),
        }
    }

    async fn clients(&self, consumer: &Consumer) -> Result<&Clients, ConsumerError> {
        let build = async || -> Result<Clients, google_cloud_gax::client_builder::Error> {
            Ok(Clients {
                services: self.gcp.client(Services::builder()).build().await?,
                revisions: self.gcp.client(Revisions::builder()).build().await?,
                jobs: self.gcp.client(Jobs::builder()).build().await?,
                executions: self.gcp.client(Executions::builder()).build().await?,
            })
        };
        let built = self.clients.get_or_try_init(build).await;
        built.map_err(|_| ConsumerError::client(consumer))
    }

    /// How far all of them are from using `version`.
    pub async fn consumers(
        &self,
        secret: &Referred,
        consumers: &[Consumer],
        version: VersionNumber,
    ) -> Result<Consumers, ConsumerError> {
        let mut found = Consumers::Ready;
        for (index, consumer) in consumers.iter().enumerate() {
            let one = match self.progress(secret, consumer, version).await? {
                Progress::Failed => return Ok(Consumers::Failed(index)),
                Progress::Behind => Consumers::Behind(index),
                Progress::Rolling => Consumers::Rolling,
                Progress::Ready => Consumers::Ready,
            };
            found = match (found, one) {
                (Consumers::Behind(first), _) => Consumers::Behind(first),
                (_, behind @ Consumers::Behind(_)) => behind,
                (Consumers::Rolling, _) => Consumers::Rolling,
                (_, other) => other,
            };
        }
        Ok(found)
    }

    async fn progress(
        &self,
        secret: &Referred,
        consumer: &Consumer,
        version: VersionNumber,
    ) -> Result<Progress, ConsumerError> {
        Ok(match consumer.kind {
            ConsumerKind::Service => {
                let service = self.service(consumer).await?;
                service::progress(&service, consumer, secret, version)
            }
            ConsumerKind::Job => {
                let job = self.job(consumer).await?;
                job::progress(&job, consumer, secret, version)
            }
        })
    }

    /// What refers to one of `versions`: templates, revisions with traffic or a tag, running executions.
    pub async fn references(
        &self,
        secret: &Referred,
        consumers: &[Consumer],
        versions: &[VersionNumber],
    ) -> Result<Vec<Reference>, ConsumerError> {
        let mut found = Vec::new();
        for consumer in consumers {
            found.extend(match consumer.kind {
                ConsumerKind::Service => self.of_service(secret, consumer, versions).await?,
                ConsumerKind::Job => self.of_job(secret, consumer, versions).await?,
            });
        }
        Ok(found)
    }

    async fn of_service(
        &self,
        secret: &Referred,
        consumer: &Consumer,
        versions: &[VersionNumber],
    ) -> Result<Vec<Reference>, ConsumerError> {
        let read = self.service(consumer).await?;
        let mut found = Vec::new();
        if service::template(&read, consumer, secret).names(versions) {
            found.push(reference(&consumer.name, "names it for its next revision"));
        }
        for reachable in service::reachable(&read) {
            let name = format!("{}/revisions/{}", consumer.name, reachable.revision);
            let client = &self.clients(consumer).await?.revisions;
            let revision = client.get_revision().set_name(&name).send().await;
            let revision = revision
                .map_err(|error| ConsumerError::new("look at a revision of", consumer, &error))?;
            let standing = service::standing(&revision, consumer, secret);
            if reachable.serves && standing.may_use(versions) {
                found.push(reference(&name, "has traffic and may use it"));
            } else if standing.names(versions) {
                found.push(reference(&name, "has a tag and names it"));
            }
        }
        Ok(found)
    }

    async fn of_job(
        &self,
        secret: &Referred,
        consumer: &Consumer,
        versions: &[VersionNumber],
    ) -> Result<Vec<Reference>, ConsumerError> {
        let read = self.job(consumer).await?;
        let mut found = Vec::new();
        if job::template(&read, consumer, secret).names(versions) {
            found.push(reference(&consumer.name, "names it for its next execution"));
        }
        let client = &self.clients(consumer).await?.executions;
        let mut executions = client
            .list_executions()
            .set_parent(&consumer.name)
            .by_item();
        while let Some(execution) = executions.next().await {
            let execution = execution
                .map_err(|error| ConsumerError::new("look at executions of", consumer, &error))?;
            if job::is_running(&execution)
                && job::standing(&execution, consumer, secret).may_use(versions)
            {
                found.push(reference(&execution.name, "is running and may use it"));
            }
        }
        Ok(found)
    }

    /// What a preflight finds about one consumer.
    pub async fn check(&self, secret: &Referred, consumer: &Consumer, inline: bool) -> Finding {
        let looked = match consumer.kind {
            ConsumerKind::Service => self.service(consumer).await.map(|service| {
                let pinned = !service::newest_has_all_traffic(&service);
                (service::template(&service, consumer, secret), pinned)
            }),
            ConsumerKind::Job => self
                .job(consumer)
                .await
                .map(|job| (job::template(&job, consumer, secret), false)),
        };
        match looked {
            Err(error) => Finding::error("consumer", error.to_string()),
            Ok((standing, _)) if !standing.refers() => Finding::warning(
                "consumer",
                format!(
                    "{consumer} does not refer to the secret: it is neither rolled nor waited for"
                ),
            ),
            Ok((standing, _)) if inline && standing.floating => Finding::error(
                "consumer",
                format!(
                    "{consumer} follows an alias or `latest`, which inline staging would give an unproven value"
                ),
            ),
            Ok((_, true)) if consumer.pinned_traffic == PinnedTraffic::Leave => Finding::warning(
                "consumer",
                format!(
                    "traffic of {consumer} is sent to a certain revision, which keeps the old value in use; \
                         `pinned_traffic = \"move\"` would move it"
                ),
            ),
            Ok(_) => Finding::ok("consumer", format!("{consumer} refers to the secret")),
        }
    }

    /// Begins to bring one consumer to `version`. Whether it starts is found out by looking at it again.
    pub async fn roll(
        &self,
        secret: &Referred,
        consumer: &Consumer,
        version: VersionNumber,
    ) -> Result<(), ConsumerError> {
        let mut races = 0;
        loop {
            let sent = match consumer.kind {
                ConsumerKind::Service => self.roll_service(secret, consumer, version).await,
                ConsumerKind::Job => self.roll_job(secret, consumer, version).await,
            };
            match sent {
                Err(error) if error.is_race() && races < RACES => races += 1,
                other => return other,
            }
        }
    }

    async fn roll_service(
        &self,
        secret: &Referred,
        consumer: &Consumer,
        version: VersionNumber,
    ) -> Result<(), ConsumerError> {
        let service = self.service(consumer).await?;
        let Some((changed, paths)) = service::rolled(service, consumer, secret, version) else {
            return Ok(());
        };
        // The etag that was read goes along, so a deployment that ran meanwhile is not undone.
        let client = &self.clients(consumer).await?.services;
        let sent = client
            .update_service()
            .set_service(changed)
            .set_update_mask(FieldMask::default().set_paths(paths))
            .with_idempotency(true)
            .send()
            .await;
        sent.map(drop)
            .map_err(|error| ConsumerError::new("roll", consumer, &error))
    }

    async fn roll_job(
        &self,
        secret: &Referred,
        consumer: &Consumer,
        version: VersionNumber,
    ) -> Result<(), ConsumerError> {
        let job = self.job(consumer).await?;
        let Some(changed) = job::rolled(job, consumer, secret, version) else {
            return Ok(());
        };
        let client = &self.clients(consumer).await?.jobs;
        let sent = client
            .update_job()
            .set_job(changed)
            .with_idempotency(true)
            .send()
            .await;
        sent.map(drop)
            .map_err(|error| ConsumerError::new("roll", consumer, &error))
    }

    async fn service(&self, consumer: &Consumer) -> Result<Service, ConsumerError> {
        let client = &self.clients(consumer).await?.services;
        let read = client.get_service().set_name(&consumer.name).send().await;
        read.map_err(|error| ConsumerError::new("look at", consumer, &error))
    }

    async fn job(&self, consumer: &Consumer) -> Result<Job, ConsumerError> {
        let client = &self.clients(consumer).await?.jobs;
        let read = client.get_job().set_name(&consumer.name).send().await;
        read.map_err(|error| ConsumerError::new("look at", consumer, &error))
    }
}

fn reference(holder: &str, how: &str) -> Reference {
    Reference {
        holder: holder.to_owned(),
        how: how.to_owned(),
    }
}
