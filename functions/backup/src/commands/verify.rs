//! `backup verify` and `backup drill`.

use super::{Context, Found};
use crate::{
    announcement::Subject,
    backup_id::BackupId,
    cli::{DrillArgs, ScratchArgs, VerifyArgs},
    error::Error,
    report::verified::Verified,
    repository::Level,
    selector::Selector,
    source::params::ConnectParams,
    verify::{self, VerifyOptions},
};
use nightshift_runtime::ExitStatus;

pub(super) async fn execute(context: &Context, args: &VerifyArgs) -> Result<ExitStatus, Error> {
    let options = options(context, args.level, &args.scratch)?;
    if args.level != Level::Restore && args.scratch.scratch.is_some() {
        return Err(Error::Usage(format!(
            "--scratch is where a restore is tried and --level {} restores nothing: say --level restore",
            args.level.word()
        )));
    }
    let database = args.database.as_deref();
    let id = args
        .id
        .find(&context.repository, database, context.now())
        .await?;
    let proven = prove(context, &id, &options).await;
    context.conclude(Subject::Proof, proven).await
}

pub(super) async fn drill(context: &Context, args: &DrillArgs) -> Result<ExitStatus, Error> {
    let database = args.database.as_deref();
    let proven = prove_newest(context, database, &args.scratch).await;
    context.conclude(Subject::Proof, proven).await
}

/// Restores the newest backup and compares.
pub(super) async fn prove_newest(
    context: &Context,
    database: Option<&str>,
    scratch: &ScratchArgs,
) -> Result<Found<Verified>, Error> {
    let options = options(context, Level::Restore, scratch)?;
    let id = Selector::Latest
        .find(&context.repository, database, context.now())
        .await?;
    prove(context, &id, &options).await
}

async fn prove(
    context: &Context,
    id: &BackupId,
    options: &VerifyOptions,
) -> Result<Found<Verified>, Error> {
    let Context {
        repository,
        clock,
        shutdown,
        ..
    } = context;
    let manifest = repository.load(id).await?;
    let proof = verify::verify(&manifest, repository, options, clock.as_ref(), shutdown).await?;
    let report = Verified::new(&manifest, &proof);
    report.tell();
    let concern = (!proof.passed).then(|| Error::Refuted {
        id: id.clone(),
        why: proof.summary,
    });
    Ok(Found { report, concern })
}

fn options(context: &Context, level: Level, args: &ScratchArgs) -> Result<VerifyOptions, Error> {
    let config = &context.config;
    let env = |name: &str| std::env::var(name).ok();
    let scratch =
        |url: &String| ConnectParams::read(url, &env, args.scratch_password_file.as_deref());
    Ok(VerifyOptions {
        level,
        jobs: config.restore.jobs,
        identity: config.identity()?,
        pg_bin_dir: config.source.pg_bin_dir.clone(),
        scratch: args.scratch.as_ref().map(scratch).transpose()?,
        maintenance_work_mem: config.restore.maintenance_work_mem.bytes(),
    })
}
