//! The password of a Postgres role: of one, or of two that take turns.
//!
//! With **two accounts** no login ever fails: while readers use one, the other gets a new password. Both are members of an
//! owner role that they act as (`ALTER ROLE app_a SET role = app_owner`), so that what one creates the other can use. They
//! are made by whoever sets up the database; nothing here creates roles or copies grants.
//!
//! With **one account** there is a window: from the change of the password until a reader has the new version, new logins
//! with the old one fail. Sessions that are open stay open. The window is what proving and publishing take (one login and
//! two calls of Secret Manager) and however long readers take to read.
//!
//! The server never sees a password: it is told the SCRAM verifier. Except by Cloud SQL's API, which has no way to take one.

mod accounts;
mod admin;
mod config;
mod session;

pub use config::{AdminConfig, PostgresConfig, TableRight, TableRights, TlsConfig};

use super::{
    Created, Finding, Overlap, Probe, Surroundings, Target, TargetError, Test,
    cloud_sql::UsersApi,
    layout::{Credential, Login, Misfit},
};
use crate::{
    payload::Payload,
    rotation::state::{OperationId, Slot},
};
use admin::{Admin, SqlAdmin};
use async_trait::async_trait;
use nightshift_runtime::postgres_tls::client_config;
use session::{LoginError, Server};

/// The names of two accounts' places in the state.
const SLOTS: [&str; 2] = ["a", "b"];

pub(super) struct Postgres {
    config: PostgresConfig,
    server: Server,
    admin: Admin,
    /// What the advisory lock is taken on.
    lock: String,
}

/// A payload that has been read and names one of our accounts.
struct Account {
    user: String,
    login: Login,
}

impl Postgres {
    pub(super) fn new(
        config: PostgresConfig,
        surroundings: Surroundings<'_>,
    ) -> Result<Self, TargetError> {
        let denied = |why: String| TargetError::Denied(why);
        let tls = config.tls.params();
        let server = Server {
            host: config.host.clone(),
            port: config.port,
            database: config.database.clone(),
            tls: client_config(&tls).map_err(|error| denied(error.to_string()))?,
            mode: tls.mode,
        };
        let gcp = surroundings.gcp.clone();
        let admin = match &config.admin {
            AdminConfig::CloudSqlApi { project, instance } => Admin::Api(UsersApi::new(
                gcp,
                project.as_deref().unwrap_or(surroundings.secret.project()),
                instance,
            )?),
            sql => Admin::Sql(SqlAdmin {
                config: sql.clone(),
                gcp,
            }),
        };
        Ok(Self {
            lock: format!("nightshift:{}", surroundings.secret),
            config,
            server,
            admin,
        })
    }

    /// What the payload says, if it is about this server and one of these accounts.
    fn account(&self, payload: &Payload) -> Result<Account, Misfit> {
        let login = self.config.payload.read(payload)?;
        for place in &login.places {
            self.config.is_this_server(place).map_err(Misfit::new)?;
        }
        let users = &self.config.users;
        let user = match (&login.user, users.as_slice()) {
            (Some(user), users) if users.contains(user) => user.clone(),
            (Some(_), _) => {
                return Err(Misfit::new(format!(
                    "it names a user other than {}",
                    users.join(" and ")
                )));
            }
            (None, [user]) => user.clone(),
            (None, _) => return Err(Misfit::new("it does not name its user".to_owned())),
        };
        Ok(Account { user, login })
    }

    /// The account that the next credential is for, and its place among the accounts.
    fn next(&self, base: Option<&Payload>) -> Result<usize, Misfit> {
        let Some(base) = base else { return Ok(0) };
        let Account { user, .. } = self.account(base)?;
        let users = &self.config.users;
        let other = users.iter().position(|other| *other != user);
        Ok(other.unwrap_or(0))
    }

    async fn set(&self, user: &str, login: &Login) -> Result<(), TargetError> {
        let (server, lock) = (&self.server, &self.lock);
        self.admin
            .set_password(server, lock, user, &login.password)
            .await
    }

    fn is_pair(&self) -> bool {
        self.config.users.len() == 2
    }
}

#[async_trait]
impl Target for Postgres {
    fn kind(&self) -> &'static str {
        "postgres"
    }

    fn place(&self) -> String {
        let users = self.config.users.join(" and ");
        format!("{users} of {}", self.config.place())
    }

    fn overlap(&self) -> Overlap {
        if self.is_pair() {
            Overlap::Both
        } else {
            Overlap::Single
        }
    }

    fn revokes(&self) -> bool {
        self.is_pair()
    }

    async fn create(
        &self,
        base: Option<&Payload>,
        _operation: &OperationId,
    ) -> Result<Created, TargetError> {
        let next = self.next(base)?;
        let recipe = &self.config.password;
        let password = recipe
            .make()
            .map_err(|error| TargetError::Unreachable(error.to_string()))?;
        let credential = Credential {
            user: Some(&self.config.users[next]),
            password: &password,
        };
        let slot = SLOTS.get(next).filter(|_| self.is_pair());
        Ok(Created {
            payload: self.config.payload.write(base, credential)?,
            slot: slot.and_then(|slot| Slot::try_from((*slot).to_owned()).ok()),
        })
    }

    async fn probe(&self, credential: &Payload) -> Probe {
        let Account { user, login } = match self.account(credential) {
            Ok(account) => account,
            Err(misfit) => return Probe::Unfit { why: misfit.why() },
        };
        match self.server.log_in(&user, &login.password).await {
            // Why it is shut is for the test to say.
            Ok(_) | Err(LoginError::Shut(_)) => Probe::Works,
            Err(LoginError::Rejected(why)) => Probe::Rejected { why },
            Err(LoginError::Unreachable(why)) => Probe::Unreachable { why },
        }
    }

    async fn apply(
        &self,
        credential: &Payload,
        _operation: &OperationId,
    ) -> Result<(), TargetError> {
        let Account { user, login } = self.account(credential)?;
        self.set(&user, &login).await
    }

    async fn test(&self, credential: &Payload) -> Result<Test, TargetError> {
        let Account { user, login } = self.account(credential)?;
        let client = match self.server.log_in(&user, &login.password).await {
            Ok(client) => client,
            Err(LoginError::Unreachable(why)) => return Err(TargetError::Unreachable(why)),
            Err(LoginError::Rejected(why) | LoginError::Shut(why)) => {
                return Ok(Test::Failed { why });
            }
        };
        let lost = |error: tokio_postgres::Error| TargetError::Unreachable(session::words(&error));
        let shortcoming = accounts::shortcoming(&client, &self.config).await;
        if let Some(why) = shortcoming.map_err(lost)? {
            return Ok(Test::Failed { why });
        }
        let problems = accounts::problems(&client, &self.config).await;
        Ok(match problems.map_err(lost)?.into_iter().next() {
            Some(problem) => Test::Failed {
                why: problem.message,
            },
            None => Test::Passed,
        })
    }

    async fn revoke(
        &self,
        credential: &Payload,
        _operation: &OperationId,
    ) -> Result<(), TargetError> {
        let Account { user, mut login } = self.account(credential)?;
        // A password that nobody knows, rather than none: some ways of logging in take an account without one.
        login.password = self
            .config
            .password
            .make()
            .map_err(|error| TargetError::Unreachable(error.to_string()))?;
        self.set(&user, &login).await
    }

    async fn check(&self, current: Option<&Payload>) -> Vec<Finding> {
        let mut findings = self.check_admin().await;
        if let Some(current) = current {
            findings.extend(self.check_current(current).await);
        }
        if !self.is_pair() {
            findings.push(Finding::warning(
                "window",
                "with one account, new logins fail from the change of the password until readers have the new version: \
                 a second account under an owner role closes the gap",
            ));
        }
        findings
    }
}

impl Postgres {
    async fn check_admin(&self) -> Vec<Finding> {
        let admin = match &self.admin {
            Admin::Sql(admin) => admin,
            Admin::Api(api) => return vec![api.check(&self.config.users).await],
        };
        let mut client = match admin.log_in(&self.server).await {
            Ok(client) => client,
            Err(error) => return vec![Finding::error("admin", error.to_string())],
        };
        let mut findings = Vec::new();
        for user in &self.config.users {
            if let Err(error) = admin::may_change(&mut client, user).await {
                let message = format!(
                    "{error}: GRANT {user} TO {} WITH ADMIN OPTION, and CREATEROLE",
                    admin.user()
                );
                findings.push(Finding::error("admin", message));
            }
        }
        if findings.is_empty() {
            let message = format!("{} may change the passwords", admin.user());
            findings.push(Finding::ok("admin", message));
        }
        findings
    }

    async fn check_current(&self, current: &Payload) -> Vec<Finding> {
        let Account { user, login } = match self.account(current) {
            Ok(account) => account,
            Err(misfit) => {
                let message = format!("the published payload does not fit: {}", misfit.why());
                return vec![Finding::error("payload", message)];
            }
        };
        let client = match self.server.log_in(&user, &login.password).await {
            Ok(client) => client,
            Err(error) => {
                let message = format!("log in with the published password: {}", error.why());
                return vec![Finding::error("login", message)];
            }
        };
        let mut findings = vec![self.check_asked(&user).await];
        findings.extend(accounts::findings(&client, &self.config).await);
        match accounts::shortcoming(&client, &self.config).await {
            Ok(None) => findings.push(Finding::ok("rights", format!("{user} has the rights"))),
            Ok(Some(why)) => findings.push(Finding::error("rights", why)),
            Err(error) => findings.push(Finding::error("rights", session::words(&error))),
        }
        findings
    }

    /// Whether the server looks at passwords at all: where it does not, a probe proves nothing.
    async fn check_asked(&self, user: &str) -> Finding {
        let Ok(wrong) = self.config.password.make() else {
            return Finding::warning("login", "the system gives no randomness");
        };
        match self.server.log_in(user, &wrong).await {
            Err(LoginError::Rejected(_)) => {
                Finding::ok("login", format!("{user} needs the published password"))
            }
            Err(LoginError::Unreachable(why)) => Finding::warning("login", why),
            Ok(_) | Err(LoginError::Shut(_)) => Finding::error(
                "login",
                format!(
                    "the server lets {user} in with any password (`trust` in pg_hba.conf), so that no new one can be \
                     proven: ask for scram-sha-256"
                ),
            ),
        }
    }
}
