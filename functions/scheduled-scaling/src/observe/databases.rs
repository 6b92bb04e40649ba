//! Cloud SQL instances.

use super::{Listed, Place, Wanted, made_of, memory};
use crate::{
    config::Kind,
    google::{Google, Refused},
    schedule::{Power, Setting},
};
use google_cloud_sql_v1::model::{
    DatabaseInstance, SqlInstanceType, database_instance::SqlInstanceState,
    settings::SqlActivationPolicy,
};

pub(super) async fn list(
    google: &Google,
    place: &Place,
    wanted: &Wanted,
) -> Result<Vec<Listed>, Refused> {
    let mut kept = Vec::new();
    let mut token = String::new();
    loop {
        let request = google.instances.list().set_project(&place.project);
        let page = request.set_page_token(token).send().await;
        let page =
            page.map_err(|error| Refused::new(format!("list {place}"), Kind::Sql, &error))?;
        let listed = page
            .items
            .into_iter()
            .map(|instance| read(instance, wanted));
        kept.extend(listed.filter(|listed| wanted.keeps(listed)));
        token = page.next_page_token;
        if token.is_empty() {
            return Ok(kept);
        }
    }
}

pub(super) async fn get(google: &Google, name: &str, wanted: &Wanted) -> Result<Listed, Refused> {
    let mut parts = name.split('/').skip(1).step_by(2);
    let (project, instance) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let request = google
        .instances
        .get()
        .set_project(project)
        .set_instance(instance);
    request
        .send()
        .await
        .map(|instance| read(instance, wanted))
        .map_err(|error| Refused::new(format!("read {name}"), Kind::Sql, &error))
}

fn read(instance: DatabaseInstance, wanted: &Wanted) -> Listed {
    let setting = setting(&instance);
    let made_of = made_of::instance(&instance);
    let settings = instance.settings.unwrap_or_default();
    Listed {
        kind: Kind::Sql,
        name: format!("projects/{}/instances/{}", instance.project, instance.name),
        label: wanted.label(&settings.user_labels),
        may_interrupt: true,
        setting,
        memory: memory(Kind::Sql, &settings.user_labels),
        notes: settings.user_labels,
        etag: settings
            .settings_version
            .map(|version| version.to_string())
            .unwrap_or_default(),
        // It does one thing at a time and refuses another: nothing is gained by asking before.
        reconciling_since: None,
        is_ready: instance.state == SqlInstanceState::Runnable,
        revision_floor: None,
        last_error: (instance.state == SqlInstanceState::Failed)
            .then(|| "the instance has failed, or an operation on it".to_owned()),
        last_writer: None,
        made_of,
    }
}

/// `RUNNABLE` means "running, or stopped by its owner": only the policy tells.
fn setting(instance: &DatabaseInstance) -> Result<Setting, String> {
    if instance.instance_type == SqlInstanceType::ReadReplicaInstance {
        return Err("it is a read replica, which cannot be stopped; bind its primary".to_owned());
    }
    let settings = instance.settings.as_ref().ok_or("it has no settings")?;
    match &settings.activation_policy {
        SqlActivationPolicy::Always => Ok(Setting::Power(Power::On)),
        SqlActivationPolicy::Never => Ok(Setting::Power(Power::Off)),
        other => Err(format!(
            "its activation policy is {other}, neither ALWAYS nor NEVER"
        )),
    }
}
