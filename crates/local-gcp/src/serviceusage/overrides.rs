//! `consumerOverrides`: list, create, patch, delete. Each change is a long-running operation.

use super::{
    limit::{self, Limit, Override},
    names::Path,
};
use crate::{
    app::App,
    google::{
        json,
        mask::FieldMask,
        operations::{self, Operation},
        page::{Page, listed},
    },
    http::{Answer, ApiError, Call, Reply},
    store::{Tx, View},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// By how many percent a limit may fall before somebody has to insist.
const MOST_DECREASE: i64 = 10;

/// What an operation does once its time has come.
#[derive(Serialize, Deserialize)]
enum Work {
    Put(Override),
    Delete(String),
}

pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "pageSize", 100, 1000)?;
    let name = Path::of(&call)?.limit();
    let view = call.view();
    limit::find(&view, &name)?;
    let overrides = limit::overrides(&view, &name);
    let overrides = overrides.iter().map(|o| (o.name.clone(), json!(**o)));
    let (overrides, next) = page.cut(overrides);
    Reply::json(&listed("overrides", overrides, next))
}

/// `QuotaOverride` as callers send it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sent {
    #[serde(default, with = "json::int64")]
    override_value: i64,
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
    #[serde(default, rename = "name")]
    _name: Option<String>,
    #[serde(default, rename = "metric")]
    _metric: Option<String>,
    #[serde(default, rename = "unit")]
    _unit: Option<String>,
    #[serde(default, rename = "adminOverrideAncestor")]
    _ancestor: Option<String>,
}

pub(super) async fn create(call: Call) -> Answer {
    let name = Path::of(&call)?.limit();
    let sent: Sent = call.json()?;
    begin(&call, |tx| {
        let limit = limit::find(tx, &name)?;
        check_dimensions(&limit, &sent.dimensions)?;
        let old = limit::overrides(tx, &name);
        if let Some(old) = old.iter().find(|old| old.dimensions == sent.dimensions) {
            return Err(ApiError::already_exists(format!(
                "{} has these dimensions already; patch it.",
                old.name
            )));
        }
        let id = format!("{:08x}", rand::random::<u32>());
        let new = Override {
            name: format!("{name}/consumerOverrides/{id}"),
            override_value: sent.override_value,
            dimensions: sent.dimensions,
            metric: limit.metric.clone(),
            unit: limit.unit.clone(),
        };
        check_value(&call, tx, &limit, &name, &new)?;
        Ok(Work::Put(new))
    })
}

pub(super) async fn patch(call: Call) -> Answer {
    let (limit_name, name) = named(&call)?;
    let sent: Sent = call.json()?;
    let mask = FieldMask::parse(call.query.get("updateMask").unwrap_or_default())?;
    if !mask.is_empty() && !mask.only(&["overrideValue"]) {
        return Err(ApiError::invalid("Only override_value can be updated."));
    }
    begin(&call, |tx| {
        let limit = limit::find(tx, &limit_name)?;
        let new = Override {
            override_value: sent.override_value,
            ..(*find(tx, &name)?).clone()
        };
        check_value(&call, tx, &limit, &limit_name, &new)?;
        Ok(Work::Put(new))
    })
}

pub(super) async fn delete(call: Call) -> Answer {
    let (_, name) = named(&call)?;
    begin(&call, |tx| {
        find(tx, &name)?;
        Ok(Work::Delete(name))
    })
}

/// The names of the limit and of the override.
fn named(call: &Call) -> Result<(String, String), ApiError> {
    let limit = Path::of(call)?.limit();
    let name = format!("{limit}/consumerOverrides/{}", call.param("id")?);
    Ok((limit, name))
}

fn find(view: &View, name: &str) -> Result<std::sync::Arc<Override>, ApiError> {
    view.get::<Override>(name)
        .ok_or_else(|| ApiError::not_found(format!("Quota override {name} not found.")))
}

fn check_dimensions(limit: &Limit, dimensions: &BTreeMap<String, String>) -> Result<(), ApiError> {
    match dimensions
        .keys()
        .find(|key| !limit.unit.contains(&format!("{{{key}}}")))
    {
        None => Ok(()),
        Some(key) => Err(ApiError::invalid(format!(
            "The dimension {key} is not part of the limit's unit {}.",
            limit.unit
        ))),
    }
}

/// Refuses what is no limit, and what the two safety checks catch unless `force` (or `forceOnly`) waives them.
fn check_value(
    call: &Call,
    view: &View,
    limit: &Limit,
    name: &str,
    new: &Override,
) -> Result<(), ApiError> {
    let value = new.override_value;
    if value < -1 {
        return Err(ApiError::invalid(format!(
            "override_value is {value}, but must be at least 0, or -1 for no limit."
        )));
    }
    let force = call.query.flag("force");
    if force && call.query.has("forceOnly") {
        return Err(ApiError::invalid(
            "force and force_only cannot both be set.",
        ));
    }
    let waived = |check: &str| force || call.query.all("forceOnly").any(|waived| waived == check);
    if value == -1 {
        return Ok(());
    }
    if value < limit.usage && !waived("LIMIT_DECREASE_BELOW_USAGE") {
        return Err(unsafe_change(
            "LIMIT_DECREASE_BELOW_USAGE",
            &format!(
                "the new limit {value} is below the current usage {}",
                limit.usage
            ),
        ));
    }
    let now = limit.effective(view, name, &new.dimensions);
    let low = now - now / 100 * MOST_DECREASE - now % 100 * MOST_DECREASE / 100;
    if (now == -1 || value < low) && !waived("LIMIT_DECREASE_PERCENTAGE_TOO_HIGH") {
        return Err(unsafe_change(
            "LIMIT_DECREASE_PERCENTAGE_TOO_HIGH",
            &format!(
                "the new limit {value} is more than {MOST_DECREASE} % below the current one, {now}"
            ),
        ));
    }
    Ok(())
}

fn unsafe_change(check: &str, why: &str) -> ApiError {
    ApiError::precondition(format!(
        "The quota override fails the safety check {check}: {why}. Set force to make it all the same."
    ))
}

fn begin(call: &Call, work: impl FnOnce(&mut Tx) -> Result<Work, ApiError>) -> Answer {
    let operation = call.write(|tx| {
        let work = json!(work(tx)?);
        let name = format!("operations/quf.{}", operations::new_id());
        Ok(operations::begin(call, tx, name, work, json!({})))
    })?;
    Reply::json(&operation.json())
}

/// Makes the change that an operation stands for.
pub(super) fn finish(_: &App, tx: &mut Tx, operation: &Operation) -> Result<Value, ApiError> {
    match json::decode_value(operation.work.clone())? {
        Work::Put(new) => {
            let mut answer = json!(new);
            answer["@type"] =
                "type.googleapis.com/google.api.serviceusage.v1beta1.QuotaOverride".into();
            tx.put(&new.name.clone(), new);
            Ok(answer)
        }
        Work::Delete(name) => {
            tx.delete::<Override>(&name);
            Ok(json!({ "@type": "type.googleapis.com/google.protobuf.Empty" }))
        }
    }
}
