//! Enums by their numbers, which is what Google's Rust client sends; kept and shown by name.
//!
//! The numbers are those of `google/cloud/sql/v1/*.proto`.

use crate::http::ApiError;
use serde_json::Value;

type Names = &'static [(u64, &'static str)];

const INSTANCE: &[(&str, Names)] = &[
    (
        "backendType",
        &[(1, "FIRST_GEN"), (2, "SECOND_GEN"), (3, "EXTERNAL")],
    ),
    (
        "instanceType",
        &[
            (1, "CLOUD_SQL_INSTANCE"),
            (2, "ON_PREMISES_INSTANCE"),
            (3, "READ_REPLICA_INSTANCE"),
            (5, "READ_POOL_INSTANCE"),
        ],
    ),
    (
        "state",
        &[
            (1, "RUNNABLE"),
            (2, "SUSPENDED"),
            (3, "PENDING_DELETE"),
            (4, "PENDING_CREATE"),
            (5, "MAINTENANCE"),
            (6, "FAILED"),
            (7, "ONLINE_MAINTENANCE"),
            (8, "REPAIRING"),
        ],
    ),
    (
        "databaseVersion",
        &[
            (6, "MYSQL_5_7"),
            (20, "MYSQL_8_0"),
            (398, "MYSQL_8_4"),
            (9, "POSTGRES_9_6"),
            (18, "POSTGRES_10"),
            (10, "POSTGRES_11"),
            (19, "POSTGRES_12"),
            (23, "POSTGRES_13"),
            (110, "POSTGRES_14"),
            (172, "POSTGRES_15"),
            (272, "POSTGRES_16"),
            (408, "POSTGRES_17"),
            (557, "POSTGRES_18"),
        ],
    ),
];

const SETTINGS: &[(&str, Names)] = &[
    (
        "activationPolicy",
        &[(1, "ALWAYS"), (2, "NEVER"), (3, "ON_DEMAND")],
    ),
    ("availabilityType", &[(1, "ZONAL"), (2, "REGIONAL")]),
    (
        "connectorEnforcement",
        &[(1, "NOT_REQUIRED"), (2, "REQUIRED")],
    ),
    (
        "dataApiAccess",
        &[(1, "DISALLOW_DATA_API"), (2, "ALLOW_DATA_API")],
    ),
    (
        "dataDiskType",
        &[
            (1, "PD_SSD"),
            (2, "PD_HDD"),
            (3, "OBSOLETE_LOCAL_SSD"),
            (4, "HYPERDISK_BALANCED"),
        ],
    ),
    (
        "edition",
        &[(2, "ENTERPRISE"), (3, "ENTERPRISE_PLUS"), (5, "DEVELOPER")],
    ),
    ("pricingPlan", &[(1, "PACKAGE"), (2, "PER_USE")]),
    (
        "replicationType",
        &[(1, "SYNCHRONOUS"), (2, "ASYNCHRONOUS")],
    ),
];

const USER: &[(&str, Names)] = &[
    (
        "type",
        &[
            (0, "BUILT_IN"),
            (1, "CLOUD_IAM_USER"),
            (2, "CLOUD_IAM_SERVICE_ACCOUNT"),
            (3, "CLOUD_IAM_GROUP"),
            (4, "CLOUD_IAM_GROUP_USER"),
            (5, "CLOUD_IAM_GROUP_SERVICE_ACCOUNT"),
        ],
    ),
    (
        "dualPasswordType",
        &[
            (1, "NO_MODIFY_DUAL_PASSWORD"),
            (2, "NO_DUAL_PASSWORD"),
            (3, "DUAL_PASSWORD"),
        ],
    ),
];

/// Names the enums of an instance and of its settings, and refuses values that there are not.
pub(super) fn name_instance(instance: &mut Value) -> Result<(), ApiError> {
    name(instance, INSTANCE)?;
    instance
        .get_mut("settings")
        .map_or(Ok(()), |settings| name(settings, SETTINGS))
}

/// Names the enums of a user.
pub(super) fn name_user(user: &mut Value) -> Result<(), ApiError> {
    name(user, USER)
}

fn name(object: &mut Value, enums: &[(&str, Names)]) -> Result<(), ApiError> {
    for (field, names) in enums {
        let Some(value) = object.get_mut(*field) else {
            continue;
        };
        let known = match &*value {
            Value::Null => continue,
            Value::String(name) => names.iter().find(|(_, known)| known == name),
            other => names
                .iter()
                .find(|(number, _)| other.as_u64() == Some(*number)),
        };
        // Versions come and go; the others are few.
        if known.is_none() && value.is_string() && *field == "databaseVersion" {
            continue;
        }
        let Some((_, known)) = known else {
            let names: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
            return Err(ApiError::invalid(format!(
                "Invalid value at '{field}': {value}; there are {}",
                names.join(", ")
            )));
        };
        *value = (*known).into();
    }
    Ok(())
}
