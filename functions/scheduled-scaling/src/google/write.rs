//! One guarded change of one target: the fields of its mask and no others, under the etag that was read.

use super::{Google, Operation, Refused, operation};
use crate::{
    config::Kind,
    observe::Listed,
    schedule::{Power, Setting},
};
use google_cloud_gax::{options::RequestOptionsBuilder, retry_policy::NeverRetry};
use google_cloud_run_v2::model::{
    Service, ServiceScaling, WorkerPool, WorkerPoolScaling, service_scaling::ScalingMode,
};
use google_cloud_sql_v1::model::{DatabaseInstance, Settings, settings::SqlActivationPolicy};
use google_cloud_wkt::FieldMask;
use std::collections::HashMap;

/// What is written to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write<'a> {
    /// The target as it was read: its name, its etag, and what it is set to.
    pub read: &'a Listed,
    /// The new setting, where it changes.
    pub set: Option<Setting>,
    /// All annotations, or all labels of a database, with ours as they shall be; none where they stay.
    pub notes: Option<HashMap<String, String>>,
    /// Only ask whether it would be accepted.
    pub validate_only: bool,
}

impl Google {
    /// Writes, once.
    pub async fn write(&self, write: &Write<'_>) -> Result<Operation, Refused> {
        match write.read.kind {
            Kind::Service => self.write_service(write).await,
            Kind::WorkerPool => self.write_worker_pool(write).await,
            Kind::Sql => self.write_instance(write).await,
        }
    }

    async fn write_service(&self, write: &Write<'_>) -> Result<Operation, Refused> {
        let (scaling, mut mask) = service_scaling(write.read, write.set);
        let mut service = Service::new()
            .set_name(&write.read.name)
            .set_etag(&write.read.etag);
        if let Some(scaling) = scaling {
            service = service.set_scaling(scaling);
        }
        if let Some(notes) = &write.notes {
            service = service.set_annotations(notes.clone());
            mask.push("annotations");
        }
        let request = self.services.update_service();
        let sent = request
            .set_service(service)
            .set_update_mask(FieldMask::default().set_paths(mask))
            .set_validate_only(write.validate_only)
            .with_retry_policy(NeverRetry)
            .send();
        sent.await
            .map(|answer| run_operation(Kind::Service, &answer))
            .map_err(|error| write.refused(&error))
    }

    async fn write_worker_pool(&self, write: &Write<'_>) -> Result<Operation, Refused> {
        let mut mask = Vec::new();
        let mut pool = WorkerPool::new()
            .set_name(&write.read.name)
            .set_etag(&write.read.etag);
        if let Some(Setting::Manual(count)) = write.set {
            let scaling = WorkerPoolScaling::new().set_manual_instance_count(wire(count));
            pool = pool.set_scaling(scaling);
            mask.push("scaling.manual_instance_count");
        }
        if let Some(notes) = &write.notes {
            pool = pool.set_annotations(notes.clone());
            mask.push("annotations");
        }
        let request = self.worker_pools.update_worker_pool();
        let sent = request
            .set_worker_pool(pool)
            .set_update_mask(FieldMask::default().set_paths(mask))
            .set_validate_only(write.validate_only)
            .with_retry_policy(NeverRetry)
            .send();
        sent.await
            .map(|answer| run_operation(Kind::WorkerPool, &answer))
            .map_err(|error| write.refused(&error))
    }

    /// Cloud SQL merges what is sent with what is there, and refuses it when the settings are no longer of this version.
    async fn write_instance(&self, write: &Write<'_>) -> Result<Operation, Refused> {
        let mut settings = Settings::new();
        if let Ok(version) = write.read.etag.parse::<i64>() {
            settings = settings.set_settings_version(version);
        }
        if let Some(Setting::Power(power)) = write.set {
            settings = settings.set_activation_policy(match power {
                Power::On => SqlActivationPolicy::Always,
                Power::Off => SqlActivationPolicy::Never,
            });
        }
        if let Some(notes) = &write.notes {
            settings = settings.set_user_labels(notes.clone());
        }
        let (project, name) = (write.read.project(), write.read.short_name());
        let sent = self
            .instances
            .patch()
            .set_project(project)
            .set_instance(name)
            .set_body(DatabaseInstance::new().set_settings(settings))
            .with_retry_policy(NeverRetry)
            .send();
        let answer = sent.await.map_err(|error| write.refused(&error))?;
        Ok(Operation {
            ended: operation::sql_end(&answer),
            name: answer.name,
            kind: Kind::Sql,
            project: project.to_owned(),
        })
    }
}

impl Write<'_> {
    fn refused(&self, error: &google_cloud_gax::error::Error) -> Refused {
        let name = &self.read.name;
        let doing = match self.set {
            Some(set) => format!("set {name} to {set}"),
            None => format!("write what is remembered on {name}"),
        };
        Refused::new(doing, self.read.kind, error)
    }
}

fn run_operation(kind: Kind, answer: &google_cloud_longrunning::model::Operation) -> Operation {
    Operation {
        ended: operation::run_end(answer),
        name: answer.name.clone(),
        kind,
        project: String::new(),
    }
}

/// The API counts in int32; limits keep what is written far below its end.
fn wire(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The fields that differ, and their mask.
///
/// Coming back from manual scaling takes both bounds: with neither, both would become the manual count, and after a manual
/// count of 0 that is a maximum of 0 (<https://docs.cloud.google.com/run/docs/configuring/services/manual-scaling>).
fn service_scaling(
    read: &Listed,
    set: Option<Setting>,
) -> (Option<ServiceScaling>, Vec<&'static str>) {
    let Some(set) = set else {
        return (None, Vec::new());
    };
    let scaling = ServiceScaling::new();
    let found = read.setting.as_ref().ok().copied();
    match (found, set) {
        (
            Some(Setting::Automatic {
                min: least,
                max: most,
            }),
            Setting::Automatic { min, max },
        ) => {
            let mut mask = Vec::new();
            let mut scaling = scaling;
            if least != min {
                scaling = scaling.set_min_instance_count(wire(min));
                mask.push("scaling.min_instance_count");
            }
            if most != max {
                scaling = scaling.set_max_instance_count(wire(max.unwrap_or(0)));
                mask.push("scaling.max_instance_count");
            }
            (Some(scaling), mask)
        }
        (_, Setting::Automatic { min, max }) => {
            let scaling = scaling
                .set_scaling_mode(ScalingMode::Automatic)
                .set_min_instance_count(wire(min))
                .set_max_instance_count(wire(max.unwrap_or(0)));
            let mask = vec![
                "scaling.scaling_mode",
                "scaling.min_instance_count",
                "scaling.max_instance_count",
            ];
            (Some(scaling), mask)
        }
        (Some(Setting::Manual(_)), Setting::Manual(count)) => {
            let scaling = scaling.set_manual_instance_count(wire(count));
            (Some(scaling), vec!["scaling.manual_instance_count"])
        }
        (_, Setting::Manual(count)) => {
            let scaling = scaling
                .set_scaling_mode(ScalingMode::Manual)
                .set_manual_instance_count(wire(count));
            let mask = vec!["scaling.scaling_mode", "scaling.manual_instance_count"];
            (Some(scaling), mask)
        }
        (_, Setting::Power(_)) => (None, Vec::new()),
    }
}
