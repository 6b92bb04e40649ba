//! `sql.instances`: list, get, patch, update.

use super::{
    instance::{self, Instance},
    operation::{self, Work},
};
use crate::{
    google::{
        filter::Filter,
        page::{self, Page},
    },
    http::{Answer, ApiError, Call, Reply},
};
use serde_json::Value;

pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "maxResults", 500, 1000)?;
    let filter = Filter::of(&call.query)?;
    let prefix = format!("{}/", call.param("project")?);
    let view = call.view();
    let instances = view
        .with_prefix::<Instance>(&prefix)
        .filter(|(_, instance)| filter.matches(&instance.value))
        .map(|(key, instance)| (key.to_owned(), instance.value.clone()));
    let (items, next) = page.cut(instances);
    Reply::json(&listed("sql#instancesList", items, next))
}

/// A list as this API has it.
pub(super) fn listed(kind: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut list = page::listed("items", items, next);
    list["kind"] = kind.into();
    list
}

pub(super) async fn get(call: Call) -> Answer {
    let (project, name) = (call.param("project")?, call.param("instance")?);
    Reply::json(&instance::find(&call.view(), project, name)?.value)
}

pub(super) async fn patch(call: Call) -> Answer {
    change(&call, Instance::patched)
}

pub(super) async fn update(call: Call) -> Answer {
    change(&call, Instance::updated)
}

fn change(call: &Call, by: fn(&Instance, Value) -> Result<Value, ApiError>) -> Answer {
    let (project, name) = (call.param("project")?, call.param("instance")?);
    let change: Value = call.json()?;
    let operation = call.write(|tx| {
        let old = instance::find(tx, project, name)?;
        let work = Work::Instance(by(&old, change)?);
        operation::begin(call, tx, project, name, work)
    })?;
    Reply::json(&operation.json(&call.app))
}
