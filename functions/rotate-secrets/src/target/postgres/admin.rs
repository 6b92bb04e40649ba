//! Changing the password of a role.

use super::{
    AdminConfig,
    session::{LoginError, Server, words},
};
use crate::{
    scram::{Verifier, is_verifier},
    target::{TargetError, cloud_sql::UsersApi, google::access_token},
};
use nightshift_runtime::{config::SecretError, gcp::Gcp};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use std::error::Error as _;
use tokio_postgres::{Client, error::SqlState};

/// The way by which passwords are changed.
pub(super) enum Admin {
    /// By SQL, as this role.
    Sql(SqlAdmin),
    /// By Cloud SQL's own API, where SQL cannot be had. The password crosses to Google in clear, within TLS.
    Api(UsersApi),
}

/// A role that may change the passwords of others.
pub(super) struct SqlAdmin {
    pub(super) config: AdminConfig,
    pub(super) gcp: Gcp,
}

impl Admin {
    /// Gives `user` this password.
    pub(super) async fn set_password(
        &self,
        server: &Server,
        lock: &str,
        user: &str,
        password: &SecretString,
    ) -> Result<(), TargetError> {
        match self {
            Self::Api(api) => api.set_password(user, password).await,
            Self::Sql(admin) => {
                let verifier = Verifier::new(password.expose_secret())
                    .map_err(|error| TargetError::Unreachable(error.to_string()))?;
                let mut client = admin.log_in(server).await?;
                alter(&mut client, lock, user, &verifier).await
            }
        }
    }
}

impl SqlAdmin {
    /// Who we log in as.
    pub(super) fn user(&self) -> &str {
        match &self.config {
            AdminConfig::Password { user, .. } | AdminConfig::Iam { user } => user,
            AdminConfig::CloudSqlApi { .. } => "",
        }
    }

    pub(super) async fn log_in(&self, server: &Server) -> Result<Client, TargetError> {
        let user = self.user();
        let password = self.password().await?;
        let logged_in = server.log_in(user, &password).await;
        logged_in.map_err(|error| match error {
            LoginError::Unreachable(why) => TargetError::Unreachable(why),
            LoginError::Rejected(why) | LoginError::Shut(why) => {
                TargetError::Denied(format!("log in as {user}: {why}"))
            }
        })
    }

    async fn password(&self) -> Result<SecretString, TargetError> {
        match &self.config {
            // Read each time: the password of the administrator may be rotated too.
            AdminConfig::Password { password, .. } => {
                password.read().map_err(|error| self.unread(&error))
            }
            // Cloud SQL takes an access token for the password of an IAM user.
            _ => access_token(&self.gcp).await,
        }
    }

    /// Why there is no password to log in with, and what the system said.
    fn unread(&self, error: &SecretError) -> TargetError {
        let user = self.user();
        TargetError::Denied(match error.source() {
            Some(source) => format!("log in as {user}: {error}: {source}"),
            None => format!("log in as {user}: {error}"),
        })
    }
}

/// One transaction, so that two rotators cannot interleave. `lock` names the secret.
async fn alter(
    client: &mut Client,
    lock: &str,
    user: &str,
    verifier: &Verifier,
) -> Result<(), TargetError> {
    // Whatever is not a verifier, the server would hash as if it were the password.
    if !is_verifier(verifier.expose()) {
        return Err(TargetError::Denied(
            "made something that is not a verifier; please report this".to_owned(),
        ));
    }
    let before = |error: &tokio_postgres::Error| not_done(error, user);
    let transaction = client.transaction().await.map_err(|e| before(&e))?;
    // A default role (`ALTER ROLE … SET role`) would hide the rights of the one who logged in.
    let prepare = transaction.batch_execute("SET LOCAL ROLE NONE");
    prepare.await.map_err(|e| before(&e))?;
    let locked = transaction
        .execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
            &[&lock],
        )
        .await;
    locked.map_err(|e| before(&e))?;
    let statement = Zeroizing::new(format!(
        "ALTER ROLE {} PASSWORD '{}'",
        quoted(user),
        verifier.expose()
    ));
    let altered = transaction.batch_execute(&statement).await;
    altered.map_err(|e| before(&e))?;
    transaction.commit().await.map_err(|error| {
        if error.as_db_error().is_some() {
            before(&error)
        } else {
            TargetError::Unknown(words(&error))
        }
    })
}

/// Before the commit nothing is done, whatever went wrong.
fn not_done(error: &tokio_postgres::Error, user: &str) -> TargetError {
    let why = words(error);
    match error.code() {
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            TargetError::Denied(format!("change the password of {user}: {why}"))
        }
        Some(code) if *code == SqlState::UNDEFINED_OBJECT => TargetError::Denied(why),
        // What hooks such as `passwordcheck` and `credcheck` raise.
        Some(code) if *code == SqlState::INVALID_PARAMETER_VALUE => TargetError::Refused(why),
        Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE => {
            TargetError::Unreachable("another rotation of this secret is at work".to_owned())
        }
        Some(code) if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            TargetError::Denied(why)
        }
        _ => TargetError::Unreachable(why),
    }
}

/// Whether we may change `user`, tried on a setting that has no effect and undone.
pub(super) async fn may_change(client: &mut Client, user: &str) -> Result<(), TargetError> {
    let failed = |error: &tokio_postgres::Error| not_done(error, user);
    let transaction = client.transaction().await.map_err(|e| failed(&e))?;
    let limit = transaction
        .query_opt(
            "SELECT rolconnlimit FROM pg_roles WHERE rolname = $1",
            &[&user],
        )
        .await
        .map_err(|e| failed(&e))?;
    let Some(limit) = limit else {
        return Err(TargetError::Denied(format!("role {user} does not exist")));
    };
    let limit: i32 = limit.get(0);
    let user = quoted(user);
    let trial = format!("SET LOCAL ROLE NONE; ALTER ROLE {user} CONNECTION LIMIT {limit}");
    let tried = transaction.batch_execute(&trial).await;
    tried.map_err(|e| failed(&e))?;
    transaction.rollback().await.map_err(|e| failed(&e))
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
