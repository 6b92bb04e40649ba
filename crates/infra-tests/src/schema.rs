//! The schema as `terraform providers schema -json` writes it, and as the plugin protocol says it.

use crate::protocol::{Attribute, Block, NestedBlock, Schema, Schemas, nesting_of};
use serde_json::Value;
use std::{fs, io, path::Path};

/// Why a schema cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The file cannot be read.
    #[error("read the provider's schema {path}")]
    Read {
        /// Which file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// The file is not JSON.
    #[error("the provider's schema {path} is not JSON")]
    Json {
        /// Which file.
        path: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// Something is not where `terraform providers schema -json` has it.
    #[error("the provider's schema {path}: {what}")]
    Shape {
        /// Which file.
        path: String,
        /// What is missing, or what was found.
        what: String,
    },
}

/// Reads the first provider of a file that `terraform providers schema -json` wrote.
pub fn read_schema(path: &Path) -> Result<Schemas, SchemaError> {
    let name = path.display().to_string();
    let text = fs::read(path).map_err(|source| SchemaError::Read {
        path: name.clone(),
        source,
    })?;
    let document: Value = serde_json::from_slice(&text).map_err(|source| SchemaError::Json {
        path: name.clone(),
        source,
    })?;
    let provider = members(&document, "provider_schemas")
        .next()
        .ok_or_else(|| "no provider under `provider_schemas`".to_owned())
        .and_then(|(_, provider)| schemas(provider));
    provider.map_err(|what| SchemaError::Shape { path: name, what })
}

fn schemas(provider: &Value) -> Result<Schemas, String> {
    let all = |key: &str| {
        members(provider, key)
            .map(|(name, schema)| Ok((name.clone(), one(schema, name)?)))
            .collect::<Result<_, String>>()
    };
    Ok(Schemas {
        provider: Some(one(&provider["provider"], "provider")?),
        resources: all("resource_schemas")?,
        data_sources: all("data_source_schemas")?,
        ephemeral_resources: all("ephemeral_resource_schemas")?,
    })
}

fn one(schema: &Value, path: &str) -> Result<Schema, String> {
    Ok(Schema {
        version: schema["version"].as_i64().unwrap_or(0),
        block: Some(block(&schema["block"], path)?),
    })
}

fn block(block_: &Value, path: &str) -> Result<Block, String> {
    Ok(Block {
        attributes: members(block_, "attributes")
            .map(|(name, attribute_)| attribute(name, attribute_, path))
            .collect::<Result<_, _>>()?,
        block_types: members(block_, "block_types")
            .map(|(name, nested)| nested_block(name, nested, path))
            .collect::<Result<_, _>>()?,
    })
}

fn attribute(name: &str, attribute: &Value, path: &str) -> Result<Attribute, String> {
    let kind = &attribute["type"];
    if kind.is_null() {
        return Err(format!("{path}.{name} has no `type`"));
    }
    let is = |key: &str| attribute[key].as_bool().unwrap_or(false);
    Ok(Attribute {
        name: name.to_owned(),
        kind: kind.to_string().into_bytes(),
        required: is("required"),
        optional: is("optional"),
        computed: is("computed"),
        sensitive: is("sensitive"),
        write_only: is("write_only"),
    })
}

fn nested_block(name: &str, nested: &Value, path: &str) -> Result<NestedBlock, String> {
    let path = format!("{path}.{name}");
    let mode = nested["nesting_mode"].as_str().unwrap_or_default();
    Ok(NestedBlock {
        name: name.to_owned(),
        nesting: nesting_of(mode).ok_or_else(|| {
            format!(
                "{path} has nesting_mode {mode:?}, which is none of single, list, set, map, group"
            )
        })?,
        min_items: nested["min_items"].as_i64().unwrap_or(0),
        max_items: nested["max_items"].as_i64().unwrap_or(0),
        block: Some(block(&nested["block"], &path)?),
    })
}

/// The members of the object `value[key]`; none where it is absent.
fn members<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value[key].as_object().into_iter().flatten()
}
