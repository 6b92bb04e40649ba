//! Whether an account can do what the application needs, and whether a pair of accounts can do the same.
//!
//! Everything is read from catalogs that every role may read.

use super::{PostgresConfig, TableRights, session::words};
use crate::target::Finding;
use tokio_postgres::{Client, Error};

/// One of the login roles.
struct Account {
    name: String,
    may_log_in: bool,
    /// Within a day, or already: the server then answers as to a wrong password.
    expires: bool,
    member_of: Vec<String>,
    settings: Vec<String>,
    /// How many objects belong to it rather than to the owner role, in all databases.
    owns: i64,
    /// The objects on which it has rights of its own, in all databases.
    granted: Vec<String>,
}

const ACCOUNTS: &str = "
    SELECT r.rolname::text,
           r.rolcanlogin,
           coalesce(r.rolvaliduntil < now() + interval '1 day', false),
           ARRAY(SELECT DISTINCT g.rolname::text
                   FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                  WHERE m.member = r.oid ORDER BY 1),
           coalesce((SELECT array_agg(s.setdatabase::text || ' ' || setting ORDER BY setting)
                       FROM pg_db_role_setting s, unnest(s.setconfig) setting
                      WHERE s.setrole = r.oid), '{}'),
           (SELECT count(*) FROM pg_shdepend d
             WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o'),
           ARRAY(SELECT d.dbid::text || '/' || d.classid::text || '/' || d.objid::text FROM pg_shdepend d
                  WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'a'
                    AND d.classid <> 'pg_auth_members'::regclass ORDER BY 1)
      FROM pg_roles r WHERE r.rolname = ANY($1) ORDER BY 1";

async fn read(client: &Client, users: &[String]) -> Result<Vec<Account>, Error> {
    let rows = client.query(ACCOUNTS, &[&users]).await?;
    let account = |row: &tokio_postgres::Row| Account {
        name: row.get(0),
        may_log_in: row.get(1),
        expires: row.get(2),
        member_of: row.get(3),
        settings: row.get(4),
        owns: row.get(5),
        granted: row.get(6),
    };
    Ok(rows.iter().map(account).collect())
}

/// What would go wrong when `config`'s accounts take turns; empty if nothing.
pub(super) async fn problems(
    client: &Client,
    config: &PostgresConfig,
) -> Result<Vec<Finding>, Error> {
    let accounts = read(client, &config.users).await?;
    let mut problems = Vec::new();
    for user in &config.users {
        if !accounts.iter().any(|account| account.name == *user) {
            let message = format!("role {user} does not exist: create it");
            problems.push(Finding::error("account", message));
        }
    }
    for account in &accounts {
        of_one(account, config.owner_role.as_deref(), &mut problems);
    }
    if let [a, b] = accounts.as_slice() {
        of_both(a, b, &mut problems);
    }
    Ok(problems)
}

fn of_one(account: &Account, owner_role: Option<&str>, problems: &mut Vec<Finding>) {
    let name = &account.name;
    if !account.may_log_in {
        let message = format!("role {name} may not log in: ALTER ROLE {name} LOGIN");
        problems.push(Finding::error("account", message));
    }
    if account.expires {
        problems.push(Finding::error(
            "valid-until",
            format!(
                "VALID UNTIL of role {name} has passed or passes within a day, and the server will answer as to a wrong \
                 password: ALTER ROLE {name} VALID UNTIL 'infinity'"
            ),
        ));
    }
    let Some(owner) = owner_role else { return };
    if !account.member_of.iter().any(|role| role == owner) {
        let message = format!("role {name} is not a member of {owner}: GRANT {owner} TO {name}");
        problems.push(Finding::error("owner-role", message));
    }
    if account.owns > 0 {
        problems.push(Finding::error(
            "owner-role",
            format!(
                "{} objects belong to {name} itself, where the other account cannot use them: REASSIGN OWNED BY {name} \
                 TO {owner} in each database",
                account.owns
            ),
        ));
    }
}

fn of_both(a: &Account, b: &Account, problems: &mut Vec<Finding>) {
    let (one, other) = (&a.name, &b.name);
    if a.member_of != b.member_of {
        let message = format!(
            "{one} is a member of {}, and {other} of {}: grant both the same roles",
            list(&a.member_of),
            list(&b.member_of)
        );
        problems.push(Finding::error("memberships", message));
    }
    if a.settings != b.settings {
        let message = format!(
            "{one} and {other} have different settings (ALTER ROLE … SET): give both the same, among them `role`"
        );
        problems.push(Finding::error("settings", message));
    }
    if a.granted != b.granted {
        let message = format!(
            "{one} and {other} have rights of their own on different objects: grant them to the owner role instead"
        );
        problems.push(Finding::error("grants", message));
    }
}

fn list(roles: &[String]) -> String {
    if roles.is_empty() {
        return "no role".to_owned();
    }
    roles.join(", ")
}

/// What the role that logged in cannot do, if anything.
pub(super) async fn shortcoming(
    client: &Client,
    config: &PostgresConfig,
) -> Result<Option<String>, Error> {
    let row = client
        .query_one("SELECT session_user::text, current_user::text", &[])
        .await?;
    let (session, current): (String, String) = (row.get(0), row.get(1));
    if let Some(owner) = config.owner_role.as_deref()
        && current != owner
    {
        return Ok(Some(format!(
            "{session} acts as {current} and not as {owner}, so tables it makes are closed to the other account: ALTER \
             ROLE {session} SET role = {owner}"
        )));
    }
    for TableRights { table, rights } in &config.rights {
        for right in rights {
            let sql = right.sql();
            // `to_regclass` is NULL where there is no such table, and so is the answer then.
            let row = client
                .query_one(
                    "SELECT has_table_privilege(to_regclass($1)::oid, $2)",
                    &[table, &sql],
                )
                .await?;
            match row.get::<_, Option<bool>>(0) {
                Some(true) => {}
                Some(false) => return Ok(Some(format!("{session} may not {sql} {table}"))),
                None => return Ok(Some(format!("{session} finds no table {table}"))),
            }
        }
    }
    Ok(None)
}

/// [`problems`], or the one that they could not be looked for.
pub(super) async fn findings(client: &Client, config: &PostgresConfig) -> Vec<Finding> {
    match problems(client, config).await {
        Ok(found) if found.is_empty() => vec![Finding::ok(
            "accounts",
            format!(
                "{} can take over from each other",
                config.users.join(" and ")
            ),
        )],
        Ok(found) => found,
        Err(error) => vec![Finding::error("accounts", words(&error))],
    }
}
