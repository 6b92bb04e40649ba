//! How far a service is, judged by what Cloud Run says of it.

use super::{
    Consumer, PinnedTraffic, Referred,
    references::{Standing, repoint},
};
use crate::rotation::state::VersionNumber;
use google_cloud_run_v2::model::{
    Condition, Revision, RevisionTemplate, Service, TrafficTarget, TrafficTargetAllocationType,
    condition::State,
};

/// How far one consumer is from using a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Its template names something else.
    Behind,
    /// It is starting.
    Rolling,
    /// It did not start.
    Failed,
    /// It uses it, as far as that is ours to bring about.
    Ready,
}

/// A revision that can get requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reachable {
    /// Its short name.
    pub(super) revision: String,
    /// Whether it has a share of the traffic, and not only a tag.
    pub(super) serves: bool,
}

pub(super) fn progress(
    service: &Service,
    consumer: &Consumer,
    secret: &Referred,
    wanted: VersionNumber,
) -> Progress {
    let standing = template(service, consumer, secret);
    if !standing.refers() {
        return Progress::Ready;
    }
    if !standing.is_on(wanted) {
        return Progress::Behind;
    }
    match settled(
        service.reconciling,
        service.generation,
        service.observed_generation,
        service.terminal_condition.as_ref(),
    ) {
        Progress::Ready if service.latest_ready_revision != service.latest_created_revision => {
            Progress::Rolling
        }
        Progress::Ready
            if consumer.pinned_traffic == PinnedTraffic::Move
                && !newest_has_all_traffic(service) =>
        {
            Progress::Behind
        }
        other => other,
    }
}

/// What a change of generation has come to.
pub(super) fn settled(
    reconciling: bool,
    generation: i64,
    observed: i64,
    terminal: Option<&Condition>,
) -> Progress {
    if reconciling || observed != generation {
        return Progress::Rolling;
    }
    match terminal.map(|condition| &condition.state) {
        Some(State::ConditionFailed) => Progress::Failed,
        Some(State::ConditionSucceeded) => Progress::Ready,
        _ => Progress::Rolling,
    }
}

/// What the template of the next revision says about the secret.
pub(super) fn template(service: &Service, consumer: &Consumer, secret: &Referred) -> Standing {
    let empty = RevisionTemplate::new();
    let template = service.template.as_ref().unwrap_or(&empty);
    Standing::of(
        secret,
        consumer.project(),
        &template.containers,
        &template.volumes,
        &template.annotations,
    )
}

/// What a revision says about the secret.
pub(super) fn standing(revision: &Revision, consumer: &Consumer, secret: &Referred) -> Standing {
    Standing::of(
        secret,
        consumer.project(),
        &revision.containers,
        &revision.volumes,
        &revision.annotations,
    )
}

/// Every revision that has traffic or a tag.
pub(super) fn reachable(service: &Service) -> Vec<Reachable> {
    let mut found: Vec<Reachable> = Vec::new();
    for status in &service.traffic_statuses {
        let serves = status.percent > 0;
        if !serves && status.tag.is_empty() {
            continue;
        }
        let revision = match status.r#type {
            TrafficTargetAllocationType::Latest => short(&service.latest_ready_revision),
            _ => short(&status.revision),
        };
        match found.iter_mut().find(|other| other.revision == revision) {
            Some(other) => other.serves |= serves,
            None => found.push(Reachable {
                revision: revision.to_owned(),
                serves,
            }),
        }
    }
    found
}

/// The last part of a name.
fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

pub(super) fn newest_has_all_traffic(service: &Service) -> bool {
    let newest = short(&service.latest_ready_revision);
    reachable(service)
        .iter()
        .filter(|reachable| reachable.serves)
        .all(|reachable| reachable.revision == newest)
}

/// The change that brings a service to `version`: only its references, the annotation, and traffic that may be moved.
/// None if it is there already.
pub(super) fn rolled(
    mut service: Service,
    consumer: &Consumer,
    secret: &Referred,
    version: VersionNumber,
) -> Option<(Service, Vec<&'static str>)> {
    let standing = template(&service, consumer, secret);
    let mut paths = Vec::new();
    if standing.refers() && !standing.is_on(version) {
        let template = service.template.get_or_insert_default();
        repoint(
            secret,
            consumer.project(),
            version,
            &mut template.containers,
            &mut template.volumes,
            &mut template.annotations,
        );
        // A fixed name of the next revision would be taken.
        template.revision.clear();
        paths.push("template");
    }
    if consumer.pinned_traffic == PinnedTraffic::Move && !newest_has_all_traffic(&service) {
        let tagged = service.traffic.into_iter().filter(|to| !to.tag.is_empty());
        let tagged = tagged.map(|to| to.set_percent(0));
        let newest = TrafficTarget::new()
            .set_type(TrafficTargetAllocationType::Latest)
            .set_percent(100);
        service.traffic = std::iter::once(newest).chain(tagged).collect();
        paths.push("traffic");
    }
    (!paths.is_empty()).then_some((service, paths))
}
