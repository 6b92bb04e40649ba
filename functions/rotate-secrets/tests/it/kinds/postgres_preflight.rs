//! What would go wrong is told before anything is changed.

use super::bed::{Bed, Result, complaints, on_both_servers, operation, postgres, server};
use local_postgres::{Auth, LocalPostgres};
use rotate_secrets::target::{InvalidTarget, TargetConfig, Test};
use serde_json::{Value, json};

on_both_servers!(a_pair_that_is_set_up_well_has_no_complaints);

async fn a_pair_that_is_set_up_well_has_no_complaints(major: u32) -> Result<()> {
    let bed = Bed::new(server(major)?)?;
    let findings = postgres(bed.pair()).await?.check(Some(&bed.first())).await;
    assert_eq!(complaints(&findings), [""; 0]);
    assert_eq!(findings.len(), 4, "{findings:?}");
    Ok(())
}

/// What spoils a pair, and what is then said of it.
const DAMAGE: [(&str, &str); 9] = [
    (
        "REVOKE app_owner FROM app_b",
        "role app_b is not a member of app_owner",
    ),
    (
        "CREATE ROLE extra; GRANT extra TO app_a",
        "app_a is a member of app_owner, extra, and app_b of app_owner",
    ),
    (
        "ALTER ROLE app_b VALID UNTIL '2001-01-01'",
        "VALID UNTIL of role app_b has passed",
    ),
    ("ALTER ROLE app_b NOLOGIN", "role app_b may not log in"),
    (
        "ALTER ROLE app_b RESET role",
        "app_a and app_b have different settings",
    ),
    (
        "CREATE TABLE stray (); ALTER TABLE stray OWNER TO app_b",
        "1 objects belong to app_b itself",
    ),
    (
        "CREATE TABLE stray (); GRANT SELECT ON stray TO app_a",
        "app_a and app_b have rights of their own on different objects",
    ),
    (
        "REVOKE INSERT ON orders FROM app_owner",
        "app_a may not INSERT public.orders",
    ),
    ("DROP TABLE orders", "app_a finds no table public.orders"),
];

/// Takes back any of [`DAMAGE`].
const REPAIR: &str = "
    GRANT app_owner TO app_b;
    DROP ROLE IF EXISTS extra;
    ALTER ROLE app_b LOGIN VALID UNTIL 'infinity';
    ALTER ROLE app_b SET role = app_owner;
    DROP TABLE IF EXISTS stray;
    SET ROLE app_owner;
    CREATE TABLE IF NOT EXISTS orders ();
    GRANT ALL ON orders TO app_owner";

#[tokio::test]
async fn what_is_wrong_with_the_accounts_is_found_before_and_fails_the_test_after() -> Result<()> {
    let bed = Bed::new(server(15)?)?;
    let target = postgres(bed.pair()).await?;
    let base = bed.first();
    for (damage, expected) in DAMAGE {
        bed.sql(damage)?;
        let findings = target.check(Some(&base)).await;
        let complaints = complaints(&findings);
        assert!(
            complaints
                .iter()
                .any(|complaint| complaint.starts_with(expected)),
            "{damage}: {complaints:?}"
        );
        let test = target.test(&base).await?;
        assert!(matches!(test, Test::Failed { .. }), "{damage}");
        bed.sql(REPAIR)?;
        assert_eq!(target.test(&base).await?, Test::Passed, "after {damage}");
    }
    Ok(())
}

#[tokio::test]
async fn an_account_without_the_owner_role_fails_its_test() -> Result<()> {
    let bed = Bed::new(server(18)?)?;
    bed.sql("ALTER ROLE app_a RESET role; ALTER ROLE app_b RESET role")?;
    let test = postgres(bed.pair()).await?.test(&bed.first()).await?;
    let Test::Failed { why } = test else {
        panic!("{test:?}")
    };
    assert!(
        why.starts_with("app_a acts as app_a and not as app_owner"),
        "{why}"
    );
    Ok(())
}

on_both_servers!(an_administrator_without_rights_is_found_before);

async fn an_administrator_without_rights_is_found_before(major: u32) -> Result<()> {
    let bed = Bed::new(server(major)?)?;
    bed.sql("ALTER ROLE rotator NOCREATEROLE; REVOKE app_b FROM rotator")?;
    let findings = postgres(bed.pair()).await?.check(Some(&bed.first())).await;
    let complaints = complaints(&findings);
    assert!(
        complaints
            .iter()
            .any(|complaint| complaint.contains("change the password of app_b")),
        "{complaints:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_server_that_takes_any_password_is_found_before() -> Result<()> {
    let bed = Bed::new(LocalPostgres::for_tests(18)?.auth(Auth::Trust))?;
    let findings = postgres(bed.pair()).await?.check(Some(&bed.first())).await;
    let complaints = complaints(&findings);
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(
        complaints[0].starts_with("the server lets app_a in with any password"),
        "{complaints:?}"
    );
    Ok(())
}

#[tokio::test]
async fn one_account_is_warned_of_its_window() -> Result<()> {
    let bed = Bed::new(server(18)?)?;
    let base = "first".to_owned().into();
    let target = postgres(bed.single()).await?;
    let findings = target.check(Some(&base)).await;
    let complaints = complaints(&findings);
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(
        complaints[0].starts_with("with one account, new logins fail"),
        "{complaints:?}"
    );
    assert!(target.create(None, &operation()).await.is_ok());
    Ok(())
}

#[test]
fn settings_that_cannot_be_meant_name_their_key() {
    let good = json!({
        "host": "db", "database": "shop", "users": ["a", "b"], "owner_role": "o",
        "admin": {"iam": {"user": "rotator@p.iam"}}, "payload": "url",
    });
    let validate = |changes: Value| -> std::result::Result<(), InvalidTarget> {
        let mut config = good.clone();
        for (key, value) in changes.as_object().unwrap() {
            config[key] = value.clone();
        }
        let config: TargetConfig = serde_json::from_value(json!({"postgres": config})).unwrap();
        config.validate()
    };
    assert_eq!(validate(json!({})), Ok(()));
    let cases = [
        (json!({"users": []}), "postgres.users"),
        (json!({"users": ["a", "a"]}), "postgres.users"),
        (json!({"users": ["a", "b", "c"]}), "postgres.users"),
        (json!({"owner_role": null}), "postgres.owner_role"),
        (json!({"payload": "text"}), "postgres.payload"),
        (json!({"host": ""}), "postgres.host"),
        (json!({"tls": {"mode": "prefer"}}), "postgres.tls.mode"),
    ];
    for (changes, key) in cases {
        assert_eq!(validate(changes).unwrap_err().key, key);
    }
}
