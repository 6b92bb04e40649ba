//! Servers that speak TLS. The wheel of PostgreSQL 18 is built without, Debian's 15 with it.

use anyhow::Result;
use local_postgres::{
    LocalPostgres,
    tls::{CertificateAuthority, Tls},
};
use secrecy::ExposeSecret;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use tempfile::TempDir;

struct Setup {
    server: LocalPostgres,
    authority: CertificateAuthority,
    files: TempDir,
}

fn setup(certificates_asked: bool) -> Result<Setup> {
    let authority = CertificateAuthority::new("test authority")?;
    let tls = Tls {
        identity: authority.server(&["127.0.0.1"])?,
        client_authority: certificates_asked.then(|| authority.certificate()),
    };
    let files = tempfile::tempdir()?;
    fs::write(files.path().join("root.crt"), authority.certificate())?;
    let other = CertificateAuthority::new("other authority")?;
    fs::write(files.path().join("other.crt"), other.certificate())?;
    Ok(Setup {
        server: LocalPostgres::for_tests(15)?.tls(tls).start()?,
        authority,
        files,
    })
}

/// What a client over TCP with these parameters of libpq gets: the version of TLS, or a complaint.
fn connect(setup: &Setup, parameters: &str) -> Result<Result<String, String>> {
    let mut client = setup.server.client("psql", "postgres")?;
    let query = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let address = format!("host=127.0.0.1 {parameters}");
    let output = client.args(["-XAtc", query, &address]).output()?;
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    Ok(if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    })
}

fn root(setup: &Setup, name: &str) -> String {
    format!(
        "sslmode=verify-full sslrootcert={}",
        setup.files.path().join(name).display()
    )
}

#[test]
fn verify_full_holds_with_the_right_authority_and_fails_with_another() -> Result<()> {
    let setup = setup(false)?;
    assert_eq!(
        connect(&setup, &root(&setup, "root.crt"))?.as_deref(),
        Ok("TLSv1.3")
    );
    let complaint = connect(&setup, &root(&setup, "other.crt"))?.unwrap_err();
    assert!(
        complaint.contains("certificate verify failed"),
        "{complaint}"
    );
    Ok(())
}

#[test]
fn verify_full_fails_for_a_host_that_the_certificate_does_not_name() -> Result<()> {
    let setup = setup(false)?;
    let parameters = format!(
        "host=localhost hostaddr=127.0.0.1 {}",
        root(&setup, "root.crt")
    );
    let complaint = connect(&setup, &parameters)?.unwrap_err();
    assert!(
        complaint.contains("does not match host name"),
        "{complaint}"
    );
    Ok(())
}

#[test]
fn nothing_but_tls_is_spoken_over_tcp() -> Result<()> {
    let setup = setup(false)?;
    let complaint = connect(&setup, "sslmode=disable")?.unwrap_err();
    assert!(complaint.contains("no encryption"), "{complaint}");
    Ok(())
}

#[test]
fn a_client_shows_a_certificate_of_its_role_where_one_is_asked_for() -> Result<()> {
    let setup = setup(true)?;
    let parameters = root(&setup, "root.crt");
    let complaint = connect(&setup, &parameters)?.unwrap_err();
    assert!(
        complaint.contains("requires a valid client certificate"),
        "{complaint}"
    );

    let identity = setup.authority.client("postgres")?;
    let [certificate, key] = ["client.crt", "client.key"].map(|name| setup.files.path().join(name));
    fs::write(&certificate, identity.certificate)?;
    write_private(&key, identity.key.expose_secret())?;
    let shown = format!("sslcert={} sslkey={}", certificate.display(), key.display());
    assert_eq!(
        connect(&setup, &format!("{parameters} {shown}"))?.as_deref(),
        Ok("TLSv1.3")
    );
    Ok(())
}

fn write_private(path: &Path, content: &str) -> Result<()> {
    fs::write(path, content)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(())
}
