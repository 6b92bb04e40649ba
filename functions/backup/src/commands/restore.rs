//! `backup restore`.

use super::Context;
use crate::{
    cli::RestoreArgs,
    error::Error,
    report::restored::PutBack,
    restore::{self, RestoreOptions, Selection},
    source::params::ConnectParams,
};
use nightshift_runtime::ExitStatus;

pub(super) async fn execute(context: &Context, args: &RestoreArgs) -> Result<ExitStatus, Error> {
    let repository = &context.repository;
    let options = options(context, args)?;
    let id = args.which.find(repository, context.now()).await?;
    let manifest = repository.load(&id).await?;
    let store = repository.store();
    let restored = restore::restore(&manifest, store, &options, &context.shutdown).await?;
    let put_back = PutBack::new(id, options.into.to_string(), restored);
    context.print(&put_back)?;
    match put_back.differences() {
        [] => Ok(ExitStatus::Done),
        differences => Err(Error::Mismatch(format!(
            "the restored rows are not those of the backup: {}",
            differences.join("; ")
        ))),
    }
}

fn options(context: &Context, args: &RestoreArgs) -> Result<RestoreOptions, Error> {
    let config = &context.config;
    let env = |name: &str| std::env::var(name).ok();
    Ok(RestoreOptions {
        into: ConnectParams::read(&args.into, &env, args.password_file.as_deref())?,
        pg_bin_dir: config.source.pg_bin_dir.clone(),
        jobs: config.restore.jobs,
        maintenance_work_mem: config.restore.maintenance_work_mem.bytes(),
        identity: config.identity()?,
        selection: Selection {
            tables: args.tables.clone(),
            schemas: args.schemas.clone(),
        },
        into_used: args.into_used,
        create: args.create,
        no_owner: args.no_owner,
        role: args.role.clone(),
        analyze: !args.no_analyze,
        compare: !args.no_compare,
    })
}
