//! The methods of jobs.

use super::{
    job::{self, Job},
    run, schema,
};
use crate::{
    app::App,
    google::{mask::FieldMask, page::Page, schema::Object},
    http::{Answer, ApiError, Call, Reply},
    store::{Tx, View},
};
use serde_json::{Value, json};
use std::sync::Arc;

fn find(view: &View, name: &str) -> Result<Arc<Job>, ApiError> {
    view.get::<Job>(name)
        .ok_or_else(|| ApiError::not_found("Job not found."))
}

/// Stores a job and sets its timer.
pub(super) fn keep(app: &App, tx: &mut Tx, job: &Job) -> Result<Value, ApiError> {
    run::plan(app, tx, job)?;
    tx.put(&job.name.clone(), job.clone());
    Ok(job.json(tx))
}

/// A job without a name gets one.
pub(super) async fn create(call: Call) -> Answer {
    let parent = call.param("parent")?;
    let spec = schema().body("Job", &call)?;
    let name = match spec.get("name").and_then(Value::as_str) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => format!("{parent}/jobs/{:020}", rand::random::<u64>()),
    };
    job::check_name(&name)?;
    if !name.starts_with(&format!("{parent}/jobs/")) {
        return Err(ApiError::invalid(format!(
            "job.name: {name:?} is not in {parent}"
        )));
    }
    let json = call.write(|tx| {
        if tx.get::<Job>(&name).is_some() {
            return Err(ApiError::already_exists(format!(
                "Job {name} already exists."
            )));
        }
        keep(&call.app, tx, &Job::new(name, spec, call.now())?)
    })?;
    Reply::json(&json)
}

pub(super) async fn get(call: Call) -> Answer {
    let view = call.view();
    Reply::json(&find(&view, call.param("name")?)?.json(&view))
}

pub(super) async fn list(call: Call) -> Answer {
    let page = Page::of(&call.query, "pageSize", 500, 500)?;
    let prefix = format!("{}/jobs/", call.param("parent")?);
    let view = call.view();
    let rows = view
        .with_prefix::<Job>(&prefix)
        .map(|(name, job)| (name.to_owned(), job.json(&view)));
    let (jobs, next) = page.cut(rows);
    let mut answer = json!({});
    if !jobs.is_empty() {
        answer["jobs"] = jobs.into();
    }
    if let Some(next) = next {
        answer["nextPageToken"] = next.into();
    }
    Reply::json(&answer)
}

/// Changes what the mask names and nothing else; without a mask, the body replaces the job.
pub(super) async fn patch(call: Call) -> Answer {
    let name = call.param("name")?;
    let body = schema().body("Job", &call)?;
    let mask = call.query.get("updateMask").filter(|mask| !mask.is_empty());
    let mask = mask.map(FieldMask::parse).transpose()?;
    let json = call.write(|tx| {
        let old = find(tx, name)?;
        let spec = match &mask {
            None => body.clone(),
            Some(mask) => merged(&old.spec, &body, mask)?,
        };
        keep(&call.app, tx, &old.changed(spec, call.now())?)
    })?;
    Reply::json(&json)
}

fn merged(old: &Object, body: &Object, mask: &FieldMask) -> Result<Object, ApiError> {
    let unknown = mask
        .paths()
        .find(|path| path != "*" && !schema().has("Job", path));
    if let Some(unknown) = unknown {
        return Err(ApiError::invalid(format!(
            "Invalid update_mask: {unknown:?} is not a field of a job"
        )));
    }
    let mut spec = json!(old);
    mask.apply(&mut spec, &json!(body));
    schema().read("Job", spec)
}

pub(super) async fn delete(call: Call) -> Answer {
    let name = call.param("name")?;
    call.write(|tx| {
        let job = find(tx, name)?;
        run::plan(&call.app, tx, &paused(&job, true))?;
        run::forget(tx, name, true);
        tx.delete::<Job>(name);
        Ok(())
    })?;
    Ok(Reply::empty_json())
}

fn paused(job: &Job, paused: bool) -> Job {
    Job {
        paused,
        waiting: None,
        ..job.clone()
    }
}

/// A job that runs goes on to its end; retries and later runs do not come.
pub(super) async fn pause(call: Call) -> Answer {
    switch(&call, true)
}

pub(super) async fn resume(call: Call) -> Answer {
    switch(&call, false)
}

fn switch(call: &Call, pause: bool) -> Answer {
    let name = call.param("name")?;
    let json = call.write(|tx| {
        let job = find(tx, name)?;
        if job.paused == pause {
            let (state, needed) = if pause {
                ("PAUSED", "ENABLED")
            } else {
                ("ENABLED", "PAUSED")
            };
            return Err(ApiError::precondition(format!(
                "Job state is {state}; it must be {needed}."
            )));
        }
        if pause {
            run::forget(tx, name, false);
        }
        keep(&call.app, tx, &paused(&job, pause))
    })?;
    Reply::json(&json)
}

/// Runs a job now, even one that is paused or runs already.
pub(super) async fn run(call: Call) -> Answer {
    let name = call.param("name")?;
    let json = call.write(|tx| {
        let job = find(tx, name)?;
        run::begin(&call.app, tx, &job, call.now())?;
        Ok(find(tx, name)?.json(tx))
    })?;
    Reply::json(&json)
}
