//! A second server that follows the first.

use crate::{
    cluster, command,
    error::{Error, Result},
    home::Home,
    server::LocalPostgres,
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// How often a question is asked again: each costs a run of `psql`.
const POLL: Duration = Duration::from_millis(50);

impl LocalPostgres {
    /// Makes and starts a hot standby of this server, a server of its own by streaming replication.
    ///
    /// It uses files of this server and must not outlive it.
    pub fn standby(&self) -> Result<Self> {
        let mut standby = Self {
            running: None,
            installation: self.installation.clone(),
            programs: self.programs.clone(),
            account: self.account.clone(),
            password: self.password.clone(),
            tcp: self.tcp,
            port: None,
            deadline: self.deadline,
            home: Home::new(self.home.folder().parent(), &[], self.account.as_ref())?,
        };
        let mut command = self.connected(&self.programs.base_backup, cluster::SUPERUSER)?;
        command
            .current_dir(standby.home.folder())
            .arg("--pgdata")
            .arg(standby.home.data());
        command.args([
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--wal-method=stream",
            "--no-sync",
        ]);
        if let Some(account) = &self.account {
            account.assume(&mut command);
        }
        command::run(&mut command)?;
        cluster::write_settings(&standby, cluster::own_settings(&standby))?;
        standby.start_again()?;
        Ok(standby)
    }

    /// Asks until a query answers `t`, such as whether a standby has caught up; fails when that
    /// takes longer than the server's deadline.
    pub fn wait_until(&self, database: &str, query: &str) -> Result<()> {
        let begun = Instant::now();
        while self.psql(database, query)? != "t" {
            if begun.elapsed() > self.deadline {
                return Err(Error::Unanswered {
                    query: query.to_owned(),
                    waited: self.deadline,
                    log: self.end_of_log(),
                });
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}
