//! `sql.users`: list, get, insert, update, delete.

use super::{
    instance::{self, Instance},
    instances::listed,
    operation::{self, Work},
    postgres,
    user::{self, Described, User},
};
use crate::{
    http::{Answer, ApiError, Call, Reply},
    store::{Tx, View},
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The instance, if it runs: a stopped one has nobody to ask.
fn running(view: &View, project: &str, name: &str) -> Result<Arc<Instance>, ApiError> {
    let instance = instance::find(view, project, name)?;
    if instance.is_stopped() {
        let message = "Invalid request: Invalid request since instance is not running.";
        return Err(ApiError::invalid(message).with_reason("invalid"));
    }
    Ok(instance)
}

fn no_user(name: &str) -> ApiError {
    ApiError::not_found(format!("The user {name} does not exist.")).with_reason("notFound")
}

pub(super) async fn list(call: Call) -> Answer {
    let (project, name) = (call.param("project")?, call.param("instance")?);
    let view = call.view();
    running(&view, project, name)?;
    let prefix = format!("{}/", instance::key(project, name));
    let users = view.with_prefix::<User>(&prefix);
    let users = users.map(|(_, user)| user.json(project, name)).collect();
    Reply::json(&listed("sql#usersList", users, None))
}

pub(super) async fn get(call: Call) -> Answer {
    let (project, instance) = (call.param("project")?, call.param("instance")?);
    let name = call.param("name")?;
    let view = call.view();
    running(&view, project, instance)?;
    let host = call.query.get("host").unwrap_or_default();
    let key = user::key(&instance::key(project, instance), name, host);
    let user = view.get::<User>(&key).ok_or_else(|| no_user(name))?;
    Reply::json(&user.json(project, instance))
}

pub(super) async fn insert(call: Call) -> Answer {
    let described = Described::read(call.json()?)?;
    let name = described.name.clone().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| {
        ApiError::invalid("Invalid request: Missing parameter: name.").with_reason("required")
    })?;
    let host = described.host.clone().unwrap_or_default();
    begin(
        &call,
        |_, _, old| {
            if old.is_some() {
                return Err(
                    ApiError::already_exists(format!("The user {name} already exists."))
                        .with_reason("alreadyExists"),
                );
            }
            let user = User::new(&name, &host);
            Ok(put(user, &described, true))
        },
        &name,
        &host,
    )
}

/// Changes what is said; in a real server, a role that is not listed here can be changed as well.
pub(super) async fn update(call: Call) -> Answer {
    let mut body: Map<String, Value> = call.json()?;
    let roles: Vec<Value> = call.query.all("databaseRoles").map(Value::from).collect();
    if !roles.is_empty() {
        body.insert("databaseRoles".to_owned(), roles.into());
    }
    let described = Described::read(Value::Object(body))?;
    let (name, host) = named(&call, described.name.as_deref(), described.host.as_deref())?;
    begin(
        &call,
        |_, instance, old| {
            let user = match old {
                Some(user) => (*user).clone(),
                None if instance.postgres_url.is_some() => User::new(&name, &host),
                None => return Err(no_user(&name)),
            };
            Ok(put(user, &described, false))
        },
        &name,
        &host,
    )
}

pub(super) async fn delete(call: Call) -> Answer {
    let (name, host) = named(&call, None, None)?;
    begin(
        &call,
        |_, _, old| {
            let user = old.ok_or_else(|| no_user(&name))?;
            Ok(Work::DeleteUser((*user).clone()))
        },
        &name,
        &host,
    )
}

fn put(user: User, described: &Described, new: bool) -> Work {
    Work::PutUser {
        user: described.of(user),
        verifier: described.password.as_deref().map(postgres::verifier),
        new,
    }
}

/// Which user is meant: by the query, else by the body.
fn named(
    call: &Call,
    name: Option<&str>,
    host: Option<&str>,
) -> Result<(String, String), ApiError> {
    let asked = |key: &str| call.query.get(key).filter(|value| !value.is_empty());
    let name = asked("name").or(name).ok_or_else(|| {
        ApiError::invalid("Invalid request: Missing parameter: name.").with_reason("required")
    })?;
    let host = asked("host").or(host).unwrap_or_default();
    Ok((name.to_owned(), host.to_owned()))
}

/// Starts the operation that `work` comes to, given the instance and the user as they are.
fn begin(
    call: &Call,
    work: impl FnOnce(&mut Tx, &Instance, Option<Arc<User>>) -> Result<Work, ApiError>,
    name: &str,
    host: &str,
) -> Answer {
    let (project, instance) = (call.param("project")?, call.param("instance")?);
    let operation = call.write(|tx| {
        let found = running(tx, project, instance)?;
        let key = user::key(&instance::key(project, instance), name, host);
        let old = tx.get::<User>(&key);
        let work = work(tx, &found, old)?;
        operation::begin(call, tx, project, instance, work)
    })?;
    Reply::json(&operation.json(&call.app))
}
