//! The conventions that Google's JSON APIs share.

pub(crate) mod discovery;
pub(crate) mod etag;
pub(crate) mod fields;
pub(crate) mod filter;
pub(crate) mod iam;
pub(crate) mod json;
pub(crate) mod mask;
pub(crate) mod operations;
pub(crate) mod page;
pub(crate) mod schema;
