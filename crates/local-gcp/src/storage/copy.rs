//! New objects out of old ones: copy, rewrite, compose.

use super::{
    checksum::Expected,
    error,
    object::{self, Object, Settings},
    precondition::Preconditions,
    write::{NewObject, store},
};
use crate::{
    http::{Answer, ApiError, Call, Reply},
    store::blobs::Blob,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// As many as Cloud Storage composes at once.
const MOST_SOURCES: usize = 32;

pub(super) async fn copy(call: Call) -> Answer {
    let object = copied(&call).await?;
    Reply::json(&object.json(&call.app.store.view(), &call.app.url)?)
}

/// All in one call: no object here is so large that it takes several.
pub(super) async fn rewrite(call: Call) -> Answer {
    let object = copied(&call).await?;
    let size = object.blob.size.to_string();
    Reply::json(&json!({
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": size,
        "objectSize": size,
        "done": true,
        "resource": object.json(&call.app.store.view(), &call.app.url)?,
    }))
}

async fn copied(call: &Call) -> Result<Object, ApiError> {
    let resource: Value = call.json()?;
    let source = Source {
        bucket: call.param("sourceBucket")?,
        name: call.param("sourceObject")?,
        generation: call.query.parsed("sourceGeneration")?,
        preconditions: Preconditions::of_source(call)?,
    };
    // A resource in the body replaces all metadata; without one the source's is taken over.
    let given = resource
        .as_object()
        .is_some_and(|fields| !fields.is_empty());
    let settings = if given {
        Some(Settings::of(&resource)?)
    } else {
        None
    };
    let target = (call.param("bucket")?, call.param("object")?);
    duplicate(
        call,
        &source,
        target,
        settings,
        Preconditions::of_query(call)?,
    )
    .await
}

/// What is copied.
pub(super) struct Source<'a> {
    pub(super) bucket: &'a str,
    pub(super) name: &'a str,
    pub(super) generation: Option<u64>,
    pub(super) preconditions: Preconditions,
}

/// Makes a copy with these settings, or with the source's.
pub(super) async fn duplicate(
    call: &Call,
    source: &Source<'_>,
    (bucket, name): (&str, &str),
    settings: Option<Settings>,
    preconditions: Preconditions,
) -> Result<Object, ApiError> {
    let object = object::find(&call.view(), source.bucket, source.name, source.generation)?;
    source.preconditions.check(Some(&object))?;
    let settings = settings.unwrap_or_else(|| object.settings.without_protection());
    let settings = Settings {
        content_type: settings
            .content_type
            .or(object.settings.content_type.clone()),
        ..settings
    };
    let new = NewObject {
        bucket: bucket.to_owned(),
        name: name.to_owned(),
        settings,
        blob: call.app.blobs.duplicate(&object.blob).await?,
        component_count: object.component_count,
        expected: Expected::default(),
        preconditions,
    };
    store(call, new)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Compose {
    #[serde(rename = "kind", default)]
    _kind: Option<String>,
    source_objects: Vec<Component>,
    #[serde(default)]
    destination: Value,
    #[serde(rename = "deleteSourceObjects", default)]
    delete_source_objects: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Component {
    name: String,
    #[serde(default)]
    generation: Option<Value>,
    #[serde(default)]
    object_preconditions: Conditions,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Conditions {
    #[serde(default)]
    if_generation_match: Option<Value>,
}

pub(super) async fn compose(call: Call) -> Answer {
    let request: Compose = call.json()?;
    if request.source_objects.is_empty() || request.source_objects.len() > MOST_SOURCES {
        return Err(ApiError::invalid(format!(
            "The number of source components provided ({}) must be between 1 and {MOST_SOURCES}",
            request.source_objects.len()
        )));
    }
    if request.delete_source_objects {
        return Err(ApiError::status(
            501,
            "local-gcp does not serve deleteSourceObjects; delete the sources afterwards",
        ));
    }
    let (bucket, name) = (call.param("bucket")?, call.param("object")?);
    let sources = sources(&call, bucket, &request.source_objects)?;
    let blobs: Vec<Blob> = sources.iter().map(|source| source.blob.clone()).collect();
    let resource = if request.destination.is_null() {
        json!({})
    } else {
        request.destination
    };
    let mut settings = Settings::of(&resource)?;
    if let (None, Some(first)) = (&settings.content_type, sources.first()) {
        settings
            .content_type
            .clone_from(&first.settings.content_type);
    }
    let blob = call.app.blobs.concat(&blobs).await?;
    let new = NewObject {
        bucket: bucket.to_owned(),
        name: name.to_owned(),
        settings,
        blob: Blob { md5: None, ..blob },
        component_count: Some(
            sources
                .iter()
                .map(|source| source.component_count.unwrap_or(1))
                .sum(),
        ),
        expected: Expected::default(),
        preconditions: Preconditions::of_query(&call)?,
    };
    let object = store(&call, new)?;
    Reply::json(&object.json(&call.app.store.view(), &call.app.url)?)
}

fn sources(call: &Call, bucket: &str, components: &[Component]) -> Result<Vec<Object>, ApiError> {
    let view = call.view();
    let find = |component: &Component| {
        let generation = number("generation", component.generation.as_ref())?;
        let object = object::find(&view, bucket, &component.name, generation)?;
        let wanted = number(
            "ifGenerationMatch",
            component.object_preconditions.if_generation_match.as_ref(),
        )?;
        if wanted.is_some_and(|wanted| wanted != object.generation) {
            return Err(error::condition_not_met());
        }
        Ok((*object).clone())
    };
    components.iter().map(find).collect()
}

/// A 64-bit number, which JSON carries as a string.
fn number(field: &str, value: Option<&Value>) -> Result<Option<u64>, ApiError> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    number
        .map(Some)
        .ok_or_else(|| ApiError::invalid(format!("{field} must be a number, but is {value}")))
}
