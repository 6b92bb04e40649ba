//! `backup run`.

use super::{Context, Found};
use crate::{
    announcement::Subject,
    apply::{self, RunOptions},
    config::Config,
    engine::shard::Task,
    error::Error,
    report::made::Made,
};
use nightshift_runtime::ExitStatus;
use std::{sync::Arc, time::Instant};

pub(super) async fn execute(context: &Context) -> Result<ExitStatus, Error> {
    let options = RunOptions {
        execution: std::env::var("CLOUD_RUN_EXECUTION").ok(),
        task: Task::from_env(&|name| std::env::var(name).ok())?,
        ..options(&context.config)?
    };
    if let Some(task) = options.task.as_ref().filter(|task| task.index > 0) {
        let (repository, clock) = (&context.repository, Arc::clone(&context.clock));
        let followed = apply::follow(task, &options, repository, clock, &context.shutdown).await?;
        tracing::info!(
            task = task.index,
            reads = followed,
            "task 0 makes the backup out of it"
        );
        return Ok(ExitStatus::Done);
    }
    let made = make(context, &options).await;
    context.conclude(Subject::Backup, made).await
}

/// Makes one backup.
pub(super) async fn make(context: &Context, options: &RunOptions) -> Result<Found<Made>, Error> {
    let began = Instant::now();
    let clock = Arc::clone(&context.clock);
    let manifest = apply::run(options, &context.repository, clock, &context.shutdown).await?;
    let report = Made::new(&manifest, began.elapsed());
    report.tell();
    let concern = (!manifest.suspicions.is_empty()).then(|| Error::Suspicious {
        why: manifest.suspicions.join("; "),
        id: manifest.id,
    });
    Ok(Found { report, concern })
}

/// What the configuration says about a run of one process.
pub(super) fn options(config: &Config) -> Result<RunOptions, Error> {
    Ok(RunOptions {
        params: config.connect_params()?,
        pg_bin_dir: config.source.pg_bin_dir.clone(),
        workers: config.run.workers,
        codec: config.codec()?,
        chunk_bytes: usize::try_from(config.run.chunk_size.bytes()).unwrap_or(usize::MAX),
        snapshot: config.snapshot_options(),
        on_blocked_ddl: config.run.on_blocked_ddl,
        globals: config.run.globals,
        execution: None,
        task_silence: config.run.task_silence.into(),
        task: None,
        trigger: None,
    })
}
