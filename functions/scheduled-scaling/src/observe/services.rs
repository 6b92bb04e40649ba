//! Cloud Run services.

use super::{Listed, PAGE, Place, Wanted, count, failure, made_of, memory, text, time};
use crate::{
    config::Kind,
    google::{Google, Refusal, Refused},
    schedule::Setting,
};
use google_cloud_run_v2::model::{Service, ServiceScaling, service_scaling::ScalingMode};

pub(super) async fn list(
    google: &Google,
    place: &Place,
    wanted: &Wanted,
) -> Result<Vec<Listed>, Refused> {
    let mut kept = Vec::new();
    let mut token = String::new();
    loop {
        let request = google.services.list_services();
        let request = request.set_parent(place.parent()).set_page_size(PAGE);
        let page = request.set_page_token(token).send().await;
        let page =
            page.map_err(|error| Refused::new(format!("list {place}"), Kind::Service, &error))?;
        if !page.unreachable.is_empty() {
            return Err(Refused {
                doing: format!("list {place}"),
                refusal: Refusal::Unknown,
                said: format!("unreachable: {}", page.unreachable.join(", ")),
            });
        }
        let listed = page
            .services
            .into_iter()
            .map(|service| read(service, wanted));
        kept.extend(listed.filter(|listed| wanted.keeps(listed)));
        token = page.next_page_token;
        if token.is_empty() {
            return Ok(kept);
        }
    }
}

pub(super) async fn get(google: &Google, name: &str, wanted: &Wanted) -> Result<Listed, Refused> {
    let answer = google.services.get_service().set_name(name).send().await;
    answer
        .map(|service| read(service, wanted))
        .map_err(|error| Refused::new(format!("read {name}"), Kind::Service, &error))
}

fn read(service: Service, wanted: &Wanted) -> Listed {
    let template = service.template.unwrap_or_default();
    let floor = template
        .scaling
        .as_ref()
        .map(|scaling| scaling.min_instance_count);
    let changed = time(service.update_time.as_ref());
    Listed {
        kind: Kind::Service,
        label: wanted.label(&service.labels),
        may_interrupt: true,
        setting: setting(service.scaling.as_ref()),
        memory: memory(Kind::Service, &service.annotations),
        reconciling_since: changed.filter(|_| service.reconciling),
        is_ready: true,
        revision_floor: floor
            .and_then(|floor| u32::try_from(floor).ok())
            .filter(|floor| *floor > 0),
        last_error: failure(service.terminal_condition.as_ref()),
        last_writer: text(&service.last_modifier),
        made_of: made_of::containers(&template.containers, template.node_selector.is_some()),
        name: service.name,
        notes: service.annotations,
        etag: service.etag,
    }
}

fn setting(scaling: Option<&ServiceScaling>) -> Result<Setting, String> {
    let Some(scaling) = scaling else {
        return Ok(Setting::Automatic { min: 0, max: None });
    };
    match &scaling.scaling_mode {
        ScalingMode::Automatic | ScalingMode::Unspecified => Ok(Setting::Automatic {
            min: count(scaling.min_instance_count)?,
            max: Some(count(scaling.max_instance_count)?).filter(|max| *max > 0),
        }),
        // Absent is not zero here: https://cloud.google.com/run/docs/reference/rest/v2/ServiceScaling
        ScalingMode::Manual => match scaling.manual_instance_count {
            Some(manual) => Ok(Setting::Manual(count(manual)?)),
            None => Err("it has manual scaling without a count".to_owned()),
        },
        other => Err(format!(
            "it has a scaling mode this version does not know: {other}"
        )),
    }
}
