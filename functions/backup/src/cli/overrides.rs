//! What the command line says in place of the configuration.

use super::{
    CheckArgs, Command, RestoreArgs, RunArgs, ServeArgs, SourceArgs, StatusArgs,
    options::{DrillArgs, ScratchArgs, VerifyArgs, Which},
};
use crate::{backup_id::BackupId, config::Config, error::Error, repository::Repository};
use jiff::Timestamp;

impl Command {
    /// Puts the options of the command line over the configuration.
    pub fn configure(&self, config: &mut Config) {
        match self {
            Self::Run(args) => args.configure(config),
            Self::Check(CheckArgs { source, .. }) | Self::Serve(ServeArgs { source, .. }) => {
                source.configure(config);
            }
            Self::Verify(VerifyArgs { scratch, .. }) | Self::Drill(DrillArgs { scratch, .. }) => {
                scratch.configure(config);
            }
            Self::Restore(args) => args.configure(config),
            Self::Status(args) => args.configure(config),
            Self::List(_) | Self::Show(_) | Self::Prune(_) | Self::Pin(_) | Self::Unpin(_) => {}
        }
    }
}

fn put<T: Clone>(given: Option<&T>, place: &mut T) {
    if let Some(given) = given {
        place.clone_from(given);
    }
}

fn put_some<T: Clone>(given: Option<&T>, place: &mut Option<T>) {
    if given.is_some() {
        *place = given.cloned();
    }
}

impl SourceArgs {
    fn configure(&self, config: &mut Config) {
        put(self.from.as_ref(), &mut config.source.url);
        put_some(
            self.password_file.as_ref(),
            &mut config.source.password_file,
        );
        put_some(self.pg_bin_dir.as_ref(), &mut config.source.pg_bin_dir);
    }
}

impl RunArgs {
    fn configure(&self, config: &mut Config) {
        self.source.configure(config);
        let run = &mut config.run;
        put(self.workers.as_ref(), &mut run.workers);
        put(self.compression_level.as_ref(), &mut run.compression_level);
        put(self.on_blocked_ddl.as_ref(), &mut run.on_blocked_ddl);
        put(self.lock_timeout.as_ref(), &mut run.lock_timeout);
        if !self.skip_unreadable.is_empty() {
            run.skip_unreadable.clone_from(&self.skip_unreadable);
        }
        run.globals &= !self.no_globals;
        if !self.recipients.is_empty() {
            config.encryption.recipients.clone_from(&self.recipients);
        }
    }
}

impl ScratchArgs {
    fn configure(&self, config: &mut Config) {
        put_some(
            self.identity_file.as_ref(),
            &mut config.encryption.identity_file,
        );
        put_some(self.pg_bin_dir.as_ref(), &mut config.source.pg_bin_dir);
        put(self.jobs.as_ref(), &mut config.restore.jobs);
    }
}

impl RestoreArgs {
    fn configure(&self, config: &mut Config) {
        put_some(
            self.identity_file.as_ref(),
            &mut config.encryption.identity_file,
        );
        put_some(self.pg_bin_dir.as_ref(), &mut config.source.pg_bin_dir);
        put(self.jobs.as_ref(), &mut config.restore.jobs);
    }
}

impl StatusArgs {
    fn configure(&self, config: &mut Config) {
        put(self.rpo.as_ref(), &mut config.objectives.rpo);
        put(self.rto.as_ref(), &mut config.objectives.rto);
        put(
            self.proven_within.as_ref(),
            &mut config.objectives.proven_within,
        );
    }
}

impl Which {
    /// Finds the backup that was named.
    pub async fn find(&self, repository: &Repository, now: Timestamp) -> Result<BackupId, Error> {
        self.id
            .find(repository, self.database.as_deref(), now)
            .await
    }
}
