//! The messages of plugin protocol 5 that validation needs, with the numbers of `tfplugin5.proto`.

use prost::Message;
use std::collections::HashMap;

/// What `GetSchema` answers.
#[derive(Clone, PartialEq, Message)]
pub struct Schemas {
    #[prost(message, optional, tag = "1")]
    pub(crate) provider: Option<Schema>,
    #[prost(map = "string, message", tag = "2")]
    pub(crate) resources: HashMap<String, Schema>,
    #[prost(map = "string, message", tag = "3")]
    pub(crate) data_sources: HashMap<String, Schema>,
    #[prost(map = "string, message", tag = "8")]
    pub(crate) ephemeral_resources: HashMap<String, Schema>,
}

/// The schema of one resource, data source or provider.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Schema {
    #[prost(int64, tag = "1")]
    pub(crate) version: i64,
    #[prost(message, optional, tag = "2")]
    pub(crate) block: Option<Block>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Block {
    #[prost(message, repeated, tag = "2")]
    pub(crate) attributes: Vec<Attribute>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) block_types: Vec<NestedBlock>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Attribute {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    /// The type in JSON, as the schema's file has it.
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) kind: Vec<u8>,
    #[prost(bool, tag = "4")]
    pub(crate) required: bool,
    #[prost(bool, tag = "5")]
    pub(crate) optional: bool,
    #[prost(bool, tag = "6")]
    pub(crate) computed: bool,
    #[prost(bool, tag = "7")]
    pub(crate) sensitive: bool,
    #[prost(bool, tag = "10")]
    pub(crate) write_only: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct NestedBlock {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) block: Option<Block>,
    #[prost(int32, tag = "3")]
    pub(crate) nesting: i32,
    #[prost(int64, tag = "4")]
    pub(crate) min_items: i64,
    #[prost(int64, tag = "5")]
    pub(crate) max_items: i64,
}

/// The number of a `nesting_mode`.
pub(crate) fn nesting_of(mode: &str) -> Option<i32> {
    Some(match mode {
        "single" => 1,
        "list" => 2,
        "set" => 3,
        "map" => 4,
        "group" => 5,
        _ => return None,
    })
}

/// Any message whose fields 1 to 3 are messages: enough to give a value of a request back.
#[derive(Clone, PartialEq, Message)]
struct Values {
    #[prost(bytes = "vec", optional, tag = "1")]
    first: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    second: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    third: Option<Vec<u8>>,
}

/// The answer to one call, or `None` for a method that is not implemented. Every configuration is valid here: Terraform has
/// held it against the schema before it asks.
pub fn answer(method: &str, request: &[u8], schema: &[u8]) -> Option<Vec<u8>> {
    let given = || Values::decode(request).unwrap_or_default();
    let echo = |first| {
        Values {
            first,
            ..Values::default()
        }
        .encode_to_vec()
    };
    Some(match method {
        "GetSchema" => schema.to_vec(),
        "PrepareProviderConfig" => echo(given().first),
        "ReadResource" | "ReadDataSource" => echo(given().second),
        "PlanResourceChange" | "ApplyResourceChange" => echo(given().third),
        "ValidateResourceTypeConfig"
        | "ValidateDataSourceConfig"
        | "ValidateEphemeralResourceConfig"
        | "Configure"
        | "GetMetadata"
        | "GetFunctions"
        | "GetResourceIdentitySchemas"
        | "Stop"
        | "Shutdown" => Vec::new(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_request_is_given_back() {
        let request = Values {
            first: Some(b"google_storage_bucket".to_vec()),
            second: Some(b"before".to_vec()),
            third: Some(b"planned".to_vec()),
        }
        .encode_to_vec();
        let given = |method| {
            let reply = answer(method, &request, b"").unwrap();
            Values::decode(reply.as_slice()).unwrap().first.unwrap()
        };
        assert_eq!(given("ApplyResourceChange"), b"planned");
        assert_eq!(given("ReadDataSource"), b"before");
    }

    #[test]
    fn an_unknown_method_has_no_answer() {
        assert_eq!(answer("CallFunction", b"", b""), None);
    }
}
