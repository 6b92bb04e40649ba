//! `backup run`.

use super::Context;
use crate::{
    apply::{self, RunOptions},
    config::Config,
    engine::shard::Task,
    error::Error,
    report::made::Made,
};
use nightshift_runtime::ExitStatus;
use std::{sync::Arc, time::Instant};

pub(super) async fn execute(context: &Context) -> Result<ExitStatus, Error> {
    let began = Instant::now();
    let options = options(&context.config)?;
    let (repository, clock) = (&context.repository, Arc::clone(&context.clock));
    if let Some(task) = options.task.as_ref().filter(|task| task.index > 0) {
        let followed = apply::follow(task, &options, repository, clock, &context.shutdown).await?;
        tracing::info!(
            task = task.index,
            reads = followed,
            "task 0 makes the backup out of it"
        );
        return Ok(ExitStatus::Done);
    }
    let manifest = apply::run(&options, repository, clock, &context.shutdown).await?;
    let made = Made::new(&manifest, began.elapsed());
    made.tell();
    context.print(&made)?;
    if manifest.suspicions.is_empty() {
        return Ok(ExitStatus::Done);
    }
    Err(Error::Suspicious {
        why: manifest.suspicions.join("; "),
        id: manifest.id,
    })
}

fn options(config: &Config) -> Result<RunOptions, Error> {
    Ok(RunOptions {
        params: config.connect_params()?,
        pg_bin_dir: config.source.pg_bin_dir.clone(),
        workers: config.run.workers,
        codec: config.codec()?,
        chunk_bytes: usize::try_from(config.run.chunk_size.bytes()).unwrap_or(usize::MAX),
        snapshot: config.snapshot_options(),
        on_blocked_ddl: config.run.on_blocked_ddl,
        globals: config.run.globals,
        execution: std::env::var("CLOUD_RUN_EXECUTION").ok(),
        task_silence: config.run.task_silence.into(),
        task: Task::from_env(&|name| std::env::var(name).ok())?,
    })
}
