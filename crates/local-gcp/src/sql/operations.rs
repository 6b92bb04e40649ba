//! `sql.operations`: get, list.

use super::{instances::listed, operation::Operation};
use crate::{
    google::page::Page,
    http::{Answer, ApiError, Call, Reply},
};
use std::cmp::Reverse;

pub(super) async fn get(call: Call) -> Answer {
    let (project, name) = (call.param("project")?, call.param("operation")?);
    let operation = call.view().get::<Operation>(name);
    let operation = operation.filter(|o| o.project == project).ok_or_else(|| {
        ApiError::not_found("The Cloud SQL operation does not exist.")
            .with_reason("operationDoesNotExist")
    })?;
    Reply::json(&operation.json(&call.app))
}

/// The newest come first.
pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "maxResults", 100, 1000)?;
    let project = call.param("project")?;
    let instance = call.query.get("instance").filter(|name| !name.is_empty());
    let view = call.view();
    let mut operations: Vec<_> = view
        .from::<Operation>("")
        .map(|(_, operation)| operation)
        .filter(|o| o.project == project && instance.is_none_or(|name| o.instance == name))
        .collect();
    operations.sort_by_key(|o| (Reverse(o.inserted), o.name.clone()));
    let items = operations.iter().map(|o| {
        let age = i64::MAX - o.inserted.as_microsecond();
        (format!("{age:020} {}", o.name), o.json(&call.app))
    });
    let (items, next) = page.cut(items);
    Reply::json(&listed("sql#operationsList", items, next))
}
