//! An instance: its description in the form of the API, and the server that it stands for.

use super::enums;
use crate::{
    app::App,
    bench::levels,
    google::json,
    http::{ApiError, Code},
    store::{Record, Tx, View},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// An instance. Its key is `PROJECT/NAME`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// As the API shows it.
    pub(super) value: Value,
    /// The libpq URL of the server whose roles are this instance's users, of a role that may change them. May hold a
    /// password, hence no `Debug`.
    pub(super) postgres_url: Option<String>,
}

impl Record for Instance {
    const TABLE: &'static str = "sql.instances";
}

/// The fields of `DatabaseInstance` in the discovery document of v1, revision of June 2026.
const FIELDS: &[&str] = &[
    "availableMaintenanceVersions",
    "backendType",
    "connectionName",
    "createTime",
    "currentDiskSize",
    "databaseCenterIntegration",
    "databaseCenterIntegrationEnabled",
    "databaseInstalledVersion",
    "databaseVersion",
    "deploymentInfo",
    "diskEncryptionConfiguration",
    "diskEncryptionStatus",
    "dnsName",
    "dnsNames",
    "etag",
    "failoverReplica",
    "gceZone",
    "geminiConfig",
    "includeReplicasForMajorVersionUpgrade",
    "instanceType",
    "ipAddresses",
    "ipv6Address",
    "kind",
    "maintenanceVersion",
    "masterInstanceName",
    "maxDiskSize",
    "name",
    "nodeCount",
    "nodes",
    "onPremisesConfiguration",
    "outOfDiskReport",
    "primaryDnsName",
    "project",
    "pscServiceAttachmentLink",
    "region",
    "replicaConfiguration",
    "replicaNames",
    "replicationCluster",
    "rootPassword",
    "satisfiesPzi",
    "satisfiesPzs",
    "scheduledMaintenance",
    "secondaryGceZone",
    "selfLink",
    "serverCaCert",
    "serviceAccountEmailAddress",
    "settings",
    "skipPrecheck",
    "sqlNetworkArchitecture",
    "state",
    "suspensionReason",
    "switchTransactionLogsToCloudStorageEnabled",
    "tags",
    "upgradableDatabaseVersions",
    "writeEndpoint",
];

/// The fields of `Settings`, likewise.
const SETTINGS: &[&str] = &[
    "acceleratedReplicaMode",
    "activationPolicy",
    "activeDirectoryConfig",
    "advancedMachineFeatures",
    "authorizedGaeApplications",
    "autoUpgradeEnabled",
    "availabilityType",
    "backupConfiguration",
    "collation",
    "connectionPoolConfig",
    "connectorEnforcement",
    "crashSafeReplicationEnabled",
    "dataApiAccess",
    "dataCacheConfig",
    "dataDiskProvisionedIops",
    "dataDiskProvisionedThroughput",
    "dataDiskSizeGb",
    "dataDiskType",
    "databaseFlags",
    "databaseReplicationEnabled",
    "deletionProtectionEnabled",
    "denyMaintenancePeriods",
    "edition",
    "enableDataplexIntegration",
    "enableGoogleMlIntegration",
    "entraidConfig",
    "finalBackupConfig",
    "insightsConfig",
    "ipConfiguration",
    "kind",
    "locationPreference",
    "maintenanceWindow",
    "passwordValidationPolicy",
    "performanceCaptureConfig",
    "pricingPlan",
    "readPoolAutoScaleConfig",
    "replicationLagMaxSeconds",
    "replicationType",
    "retainBackupsOnDelete",
    "settingsVersion",
    "sqlServerAuditConfig",
    "storageAutoResize",
    "storageAutoResizeLimit",
    "tier",
    "timeZone",
    "userLabels",
];

/// What no change touches: it says which instance this is, or is Google's to say.
const FIXED: &[&str] = &[
    "backendType",
    "connectionName",
    "createTime",
    "instanceType",
    "ipAddresses",
    "kind",
    "name",
    "project",
    "region",
    "selfLink",
    "serviceAccountEmailAddress",
    "state",
];

pub(super) fn key(project: &str, name: &str) -> String {
    format!("{project}/{name}")
}

pub(super) fn find(view: &View, project: &str, name: &str) -> Result<Arc<Instance>, ApiError> {
    view.get::<Instance>(&key(project, name)).ok_or_else(|| {
        ApiError::not_found("The Cloud SQL instance does not exist.")
            .with_reason("instanceDoesNotExist")
    })
}

impl Instance {
    /// Notes whether it is to run from now on.
    pub(super) fn note_level(&self, tx: &mut Tx, now: Timestamp) {
        let text = |field: &str| self.value[field].as_str().unwrap_or_default();
        let name = format!("projects/{}/instances/{}", text("project"), text("name"));
        let policy = &self.value["settings"]["activationPolicy"];
        levels::note(tx, &name, json!({ "activationPolicy": policy }), now);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.value["settings"]["activationPolicy"] == "NEVER"
    }

    fn settings_version(&self) -> u64 {
        let version = self.value["settings"]["settingsVersion"].as_str();
        version
            .and_then(|version| version.parse().ok())
            .unwrap_or(0)
    }

    /// The instance after a patch: given objects are merged field by field, `null` clears, all else is replaced.
    pub(super) fn patched(&self, change: Value) -> Result<Value, ApiError> {
        let change = self.checked(change)?;
        let mut value = self.value.clone();
        merge(&mut value, &change);
        self.settled(value)
    }

    /// The instance after an update, which has to give the settings whole.
    pub(super) fn updated(&self, change: Value) -> Result<Value, ApiError> {
        let change = self.checked(change)?;
        if change["settings"]["tier"]
            .as_str()
            .is_none_or(str::is_empty)
        {
            return Err(invalid("Missing parameter: settings.tier."));
        }
        let mut value = self.value.clone();
        if let (Value::Object(value), Value::Object(change)) = (&mut value, change) {
            value.extend(change);
        }
        self.settled(value)
    }

    /// The change without what it cannot change.
    fn checked(&self, mut change: Value) -> Result<Value, ApiError> {
        check_fields(&change)?;
        enums::name_instance(&mut change)?;
        let given = &change["settings"]["settingsVersion"];
        let given = given
            .as_str()
            .map(str::to_owned)
            .or_else(|| Some(given.as_u64()?.to_string()));
        if given.is_some_and(|given| given != self.settings_version().to_string()) {
            return Err(ApiError {
                http: 412,
                ..ApiError::new(Code::FailedPrecondition, "Condition does not match.")
            }
            .with_reason("staleData"));
        }
        let policy = change["settings"]["activationPolicy"].as_str();
        if policy == Some("ON_DEMAND") {
            return Err(invalid(
                "Invalid value for: activationPolicy. ON_DEMAND is deprecated; use ALWAYS or NEVER.",
            ));
        }
        if policy == Some("NEVER") && self.value["instanceType"] == "READ_REPLICA_INSTANCE" {
            return Err(invalid(
                "Invalid value for: activationPolicy. NEVER is not supported for read replica instances.",
            ));
        }
        if let Value::Object(fields) = &mut change {
            fields.retain(|field, _| !FIXED.contains(&field.as_str()) && field != "rootPassword");
        }
        Ok(change)
    }

    /// The settings have a new version; those that an update left out have their defaults.
    fn settled(&self, mut value: Value) -> Result<Value, ApiError> {
        if !value["settings"].is_object() {
            return Err(invalid("Missing parameter: settings."));
        }
        with_default_settings(&mut value["settings"]);
        value["settings"]["settingsVersion"] = (self.settings_version() + 1).to_string().into();
        Ok(value)
    }
}

fn invalid(message: &str) -> ApiError {
    ApiError::invalid(format!("Invalid request: {message}")).with_reason("invalid")
}

/// Refuses fields that there are not.
pub(super) fn check_fields(instance: &Value) -> Result<(), ApiError> {
    let unknown = |object: &Value, known: &[&str], at: &str| {
        let fields = object.as_object().into_iter().flat_map(Map::keys);
        let unknown = fields
            .into_iter()
            .find(|field| !known.contains(&field.as_str()));
        unknown.map(|field| {
            ApiError::invalid(format!(
                "Invalid JSON payload received. Unknown name \"{field}\"{at}: Cannot find field."
            ))
            .with_reason("badRequest")
        })
    };
    if !instance.is_object() {
        return Err(ApiError::invalid(
            "Invalid JSON payload received: an instance is an object",
        ));
    }
    match unknown(instance, FIELDS, "")
        .or_else(|| unknown(&instance["settings"], SETTINGS, " at 'settings'"))
    {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn merge(target: &mut Value, change: &Value) {
    let (Value::Object(fields), Value::Object(changes)) = (&mut *target, change) else {
        target.clone_from(change);
        return;
    };
    for (field, new) in changes {
        if new.is_null() {
            fields.remove(field);
        } else {
            merge(fields.entry(field).or_insert(Value::Null), new);
        }
    }
}

fn with_default_settings(settings: &mut Value) {
    let defaults = json!({
        "kind": "sql#settings",
        "settingsVersion": "1",
        "tier": "db-custom-1-3840",
        "edition": "ENTERPRISE",
        "activationPolicy": "ALWAYS",
        "availabilityType": "ZONAL",
        "pricingPlan": "PER_USE",
        "replicationType": "SYNCHRONOUS",
        "dataDiskType": "PD_SSD",
        "dataDiskSizeGb": "10",
        "storageAutoResize": true,
    });
    fill(settings, defaults);
}

/// A seeded instance with what Google's would say besides.
pub(super) fn with_defaults(app: &App, mut value: Value) -> Result<Value, ApiError> {
    check_fields(&value)?;
    enums::name_instance(&mut value)?;
    let text = |field: &str, default: &str| value[field].as_str().unwrap_or(default).to_owned();
    let (project, name) = (text("project", &app.options.project), text("name", ""));
    let region = text("region", &app.options.region);
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(legal)
        && name.len() <= 98)
    {
        return Err(invalid(&format!(
            "Invalid instance name ({name}): lowercase letters, digits and dashes, beginning with a letter."
        )));
    }
    let number = app.identity.project_number(&project);
    let defaults = json!({
        "kind": "sql#instance",
        "state": "RUNNABLE",
        "databaseVersion": "POSTGRES_16",
        "backendType": "SECOND_GEN",
        "instanceType": "CLOUD_SQL_INSTANCE",
        "ipAddresses": [{"type": "PRIMARY", "ipAddress": "127.0.0.1"}],
        "gceZone": format!("{region}-b"),
        "createTime": json::rfc3339(app.clock.now()),
        "connectionName": format!("{project}:{region}:{name}"),
        "selfLink": format!("{}/v1/projects/{project}/instances/{name}", app.url),
        "serviceAccountEmailAddress": format!("p{number}-local@gcp-sa-cloud-sql.iam.gserviceaccount.com"),
        "project": project,
        "region": region,
        "settings": {},
    });
    fill(&mut value, defaults);
    with_default_settings(&mut value["settings"]);
    Ok(value)
}

fn fill(target: &mut Value, defaults: Value) {
    if let (Value::Object(fields), Value::Object(defaults)) = (target, defaults) {
        for (field, default) in defaults {
            fields.entry(field).or_insert(default);
        }
    }
}
