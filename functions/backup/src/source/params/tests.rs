use super::*;
use secrecy::ExposeSecret;

fn read(text: &str) -> Result<ConnectParams, ParamsError> {
    ConnectParams::read(text, &|_| None, None)
}

#[test]
fn a_url_names_hosts_ports_role_database_and_options() {
    let p = read(
        "postgresql://ann%40x@db1:5433,[::1]:5434/shop%20x?sslmode=verify-full&sslrootcert=/ca.pem",
    )
    .unwrap();
    assert_eq!(
        p.hosts,
        [Host::Tcp("db1".into(), 5433), Host::Tcp("::1".into(), 5434)]
    );
    assert_eq!((p.user.as_str(), p.database.as_str()), ("ann@x", "shop x"));
    assert_eq!(p.tls.mode, SslMode::VerifyFull);
    assert_eq!(p.tls.root_certificates, Some("/ca.pem".into()));
}

#[test]
fn a_socket_folder_of_cloud_sql_is_a_host() {
    let p = read("postgres://backup@/shop?host=/cloudsql/p:europe-west1:db").unwrap();
    assert_eq!(
        p.hosts,
        [Host::Unix("/cloudsql/p:europe-west1:db".into(), 5432)]
    );
    let p = read("host=/cloudsql/p:r:i user=backup dbname='my shop'").unwrap();
    assert_eq!(p.hosts, [Host::Unix("/cloudsql/p:r:i".into(), 5432)]);
    assert_eq!(p.database, "my shop");
}

#[test]
fn the_environment_fills_what_the_text_leaves_open() {
    let env = |key: &str| match key {
        "PGHOST" => Some("env-host".to_owned()),
        "PGUSER" => Some("env-user".to_owned()),
        "PGPASSWORD" => Some("s3cret".to_owned()),
        _ => None,
    };
    let p = ConnectParams::read("postgres://me@/db", &env, None).unwrap();
    assert_eq!((p.user.as_str(), p.database.as_str()), ("me", "db"));
    assert_eq!(p.hosts, [Host::Tcp("env-host".into(), 5432)]);
    assert_eq!(p.password.as_ref().unwrap().expose_secret(), "s3cret");
    assert!(!format!("{p:?} {p}").contains("s3cret"));
}

#[test]
fn a_password_in_the_url_is_refused_without_repeating_it() {
    for text in [
        "postgres://a:s3cret@h/d",
        "host=h password=s3cret",
        "postgres://a@h/d?password=s3cret",
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(
            error.contains("PGPASSFILE") && !error.contains("s3cret"),
            "{error}"
        );
    }
}

#[test]
fn nonsense_is_refused_with_what_would_be_right() {
    for (text, says) in [
        ("shop", "neither a URL nor key=value"),
        ("postgres://h/d?sslmode=maybe", "verify-full"),
        ("postgres://h:99999/d", "1 to 65535"),
        ("postgres://h/d?colour=red", "unknown key `colour`"),
        ("user='ann", "quote of `user` is open"),
        ("postgres://h/d?connect_timeout=soon", "number of seconds"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}
