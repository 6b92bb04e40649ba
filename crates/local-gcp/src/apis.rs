//! The APIs that are served. When two of them own the same path, the one named first has it, unless the request's host
//! says otherwise.

use crate::{
    billing, compute, http::Api, iam, identity, metadata, projects, pubsub, run, scheduler,
    secretmanager, serviceusage, sql, storage,
};

pub(crate) fn all() -> Vec<Api> {
    vec![
        engine(),
        metadata::api(),
        identity::api(),
        iam::api(),
        pubsub::api(),
        run::api(),
        scheduler::api(),
        secretmanager::api(),
        sql::api(),
        billing::api(),
        serviceusage::api(),
        projects::api(),
        compute::api(),
        storage::api(),
    ]
}

/// The rows that belong to no single API.
fn engine() -> Api {
    use crate::engine::{
        SavedClock,
        timers::{Due, Timer},
    };
    Api::new("engine", "")
        .table::<SavedClock>()
        .table::<Timer>()
        .table::<Due>()
        .table::<crate::google::operations::Operation>()
        .table::<crate::google::iam::Policy>()
        .on_start(crate::google::operations::resume)
}
