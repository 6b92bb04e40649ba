//! What the user writes, validated into the types the rest of the program uses.
//!
//! Command-line options override the file; `PG*` variables fill what the source URL leaves open.

use crate::{
    chunk::Codec,
    engine::OnBlockedDdl,
    error::Error,
    google::Google,
    preflight::Allowances,
    retention::Policy,
    snapshot::SnapshotOptions,
    source::params::ConnectParams,
    store::{Store, Target},
};
use nightshift_runtime::{
    config::{ByteSize, HumanDuration},
    gcp,
};
use secrecy::SecretString;
use serde::Deserialize;
use std::{path::PathBuf, time::Duration};

/// The whole configuration file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The database to back up.
    pub source: SourceConfig,
    /// Where backups are kept.
    pub target: TargetConfig,
    /// How a backup is made.
    pub run: RunConfig,
    /// Who can read it.
    pub encryption: EncryptionConfig,
    /// How it is restored.
    pub restore: RestoreConfig,
    /// What may be lost, and how long it may take to come back.
    pub objectives: Objectives,
    /// Which backups stay.
    pub retention: Policy,
    /// Who is told how runs ended.
    pub publish: PublishConfig,
    /// How Google is reached, which the command line and the environment say.
    #[serde(skip)]
    pub google: Google,
}

/// The database to back up.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceConfig {
    /// A libpq URL or `key=value` pairs, without a password; `PG*` variables fill the rest.
    pub url: String,
    /// A file that holds the password, such as a mounted secret.
    pub password_file: Option<PathBuf>,
    /// Where `pg_dump` and `pg_restore` of the server's major version are.
    pub pg_bin_dir: Option<PathBuf>,
}

/// Where backups are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetConfig {
    /// `gs://BUCKET/PREFIX` or `file:///FOLDER`.
    pub url: String,
    /// How long a request is repeated that a bucket cannot answer.
    pub retry_for: HumanDuration,
}

impl Default for TargetConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            retry_for: HumanDuration::from(Duration::from_mins(3)),
        }
    }
}

/// How a backup is made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunConfig {
    /// Reading sessions. As many as the server's cores are of use; each takes about 12 MiB here.
    pub workers: usize,
    /// zstd level, 1 to 19. Level 2 is as small as level 3 at nearly twice its speed on table rows.
    pub compression_level: i32,
    /// Compressed size at which a chunk is closed.
    pub chunk_size: ByteSize,
    /// How long one attempt may wait for its locks.
    pub lock_timeout: HumanDuration,
    /// What to do when somebody waits for an exclusive lock behind us.
    pub on_blocked_ddl: OnBlockedDdl,
    /// How far behind a standby may be.
    pub max_replica_lag: Option<HumanDuration>,
    /// Tables, as `schema.name`, that are left out when the role may not read them.
    pub skip_unreadable: Vec<String>,
    /// Whether roles and tablespaces are stored too, without passwords.
    pub globals: bool,
    /// When several tasks of a job make one backup: after how long a silent one counts as dead.
    pub task_silence: HumanDuration,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            workers: 2,
            compression_level: 2,
            chunk_size: ByteSize::new(4 << 20),
            lock_timeout: HumanDuration::from(Duration::from_mins(1)),
            on_blocked_ddl: OnBlockedDdl::Wait,
            max_replica_lag: None,
            skip_unreadable: Vec::new(),
            globals: true,
            task_silence: HumanDuration::from(Duration::from_secs(30)),
        }
    }
}

/// Who can read a backup.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncryptionConfig {
    /// age recipients (`age1…`). With at least one, every object but the manifest is encrypted to all of them.
    pub recipients: Vec<String>,
    /// A file with an age identity, needed to restore and to verify bytes; a backup job should not have it.
    pub identity_file: Option<PathBuf>,
}

/// How a backup is restored.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RestoreConfig {
    /// Loads and index builds that run side by side.
    pub jobs: usize,
    /// `maintenance_work_mem` of the sessions that build indexes.
    pub maintenance_work_mem: ByteSize,
}

impl Default for RestoreConfig {
    fn default() -> Self {
        Self {
            jobs: 2,
            maintenance_work_mem: ByteSize::new(256 << 20),
        }
    }
}

/// What `status` holds the backups against.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objectives {
    /// Recovery point: how old the newest good backup may be.
    pub rpo: HumanDuration,
    /// Recovery time: how long a restore may take.
    pub rto: HumanDuration,
    /// How long ago a restore may have been proven last.
    pub proven_within: HumanDuration,
}

impl Default for Objectives {
    fn default() -> Self {
        let hours = |hours: u64| HumanDuration::from(Duration::from_secs(hours * 3600));
        Self {
            rpo: hours(26),
            rto: hours(1),
            proven_within: hours(8 * 24),
        }
    }
}

/// Who is told how runs ended.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PublishConfig {
    /// A Pub/Sub topic, as `projects/PROJECT/topics/TOPIC`.
    pub topic: Option<String>,
}

impl Config {
    /// How to reach the source.
    pub fn connect_params(&self) -> Result<ConnectParams, Error> {
        let env = |name: &str| std::env::var(name).ok();
        Ok(ConnectParams::read(
            &self.source.url,
            &env,
            self.source.password_file.as_deref(),
        )?)
    }

    /// Opens the target.
    pub fn open_store(&self) -> Result<Store, Error> {
        if self.target.url.is_empty() {
            return Err(Error::Usage(
                "no target: give --to gs://BUCKET/PREFIX or file:///FOLDER, or set target.url in the configuration"
                    .into(),
            ));
        }
        let target: Target = self.target.url.parse()?;
        Ok(Store::open(
            target,
            &self.google,
            self.target.retry_for.into(),
        )?)
    }

    /// How chunks are made.
    pub fn codec(&self) -> Result<Codec, Error> {
        let level = self.run.compression_level;
        if !(1..=19).contains(&level) {
            return Err(Error::Usage(format!(
                "run.compression_level is {level}; zstd takes 1 to 19, and 2 is the best bargain for table rows"
            )));
        }
        let recipient = |text: &String| {
            text.parse().map_err(|why: &str| {
                Error::Usage(format!(
                    "encryption.recipients has `{text}`, which is not an age recipient ({why}); `age-keygen` prints one \
                     that begins with age1"
                ))
            })
        };
        let recipients = self
            .encryption
            .recipients
            .iter()
            .map(recipient)
            .collect::<Result<_, _>>()?;
        Ok(Codec { level, recipients })
    }

    /// The age identity that opens encrypted backups, when one is configured.
    pub fn identity(&self) -> Result<Option<SecretString>, Error> {
        let Some(file) = &self.encryption.identity_file else {
            return Ok(None);
        };
        let doing = format!("read the age identity from {}", file.display());
        let text = std::fs::read_to_string(file).map_err(Error::io(doing))?;
        let key = text
            .lines()
            .map(str::trim)
            .find(|line| line.starts_with("AGE-SECRET-KEY-"));
        match key {
            Some(key) => Ok(Some(key.to_owned().into())),
            None => Err(Error::Usage(format!(
                "{} holds no age identity: a line that begins with AGE-SECRET-KEY-",
                file.display()
            ))),
        }
    }

    /// How the snapshot is taken.
    pub fn snapshot_options(&self) -> SnapshotOptions {
        SnapshotOptions {
            lock_timeout: self.run.lock_timeout.into(),
            max_replica_lag: self.run.max_replica_lag.map(Into::into),
            allowances: Allowances {
                skip_unreadable: self.run.skip_unreadable.clone(),
            },
        }
    }

    /// Refuses what cannot work before anything is tried.
    pub fn validate(&self) -> Result<(), Error> {
        self.codec()?;
        for (key, value) in [
            ("run.workers", self.run.workers),
            ("restore.jobs", self.restore.jobs),
        ] {
            if !(1..=64).contains(&value) {
                return Err(Error::Usage(format!(
                    "{key} is {value}; write a number from 1 to 64"
                )));
            }
        }
        // A credential is not renewed between the attempts of one request: object_store asks for less than 5 minutes.
        for (key, value, longest) in [
            ("run.task_silence", self.run.task_silence, 10),
            ("target.retry_for", self.target.retry_for, 4),
        ] {
            let value = Duration::from(value);
            if !(Duration::from_secs(1)..=Duration::from_mins(longest)).contains(&value) {
                return Err(Error::Usage(format!(
                    "{key} is {} s; write a duration from \"1s\" to \"{longest}m\"",
                    value.as_secs_f64()
                )));
            }
        }
        if let Some(topic) = &self.publish.topic
            && !gcp::is_resource(topic, "topics")
        {
            return Err(Error::Usage(format!(
                "publish.topic is `{topic}`; write projects/PROJECT/topics/NAME"
            )));
        }
        let size = self.run.chunk_size.bytes();
        if !(64 << 10..=1 << 30).contains(&size) {
            return Err(Error::Usage(format!(
                "run.chunk_size is {size} B; write a size from \"64 KiB\" to \"1 GiB\""
            )));
        }
        Ok(())
    }
}
