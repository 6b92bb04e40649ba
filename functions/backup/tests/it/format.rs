//! The format as `docs/` tells it: a person with PostgreSQL's own programs gets everything back without ours.

use crate::bed::{Bed, bin_dir};
use backup::{manifest::Manifest, repository::Repository};
use local_postgres::{LocalPostgres, compare::same_text, fixtures};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output},
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/restore.sh");
const FORMAT: &str = include_str!("../../../../docs/backup-format.md");

/// Runs the script of the docs with the clients of `server` and its connection in the environment.
fn restore_sh(server: &LocalPostgres, arguments: &[&Path]) -> Output {
    let mut command = Command::new(SCRIPT);
    let psql = server.client("psql", "postgres").unwrap();
    for (name, value) in psql.get_envs() {
        command.env(name, value.unwrap());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(bin_dir(server)).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).unwrap());
    command.args(arguments).output().unwrap()
}

fn succeeded(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
}

fn folder(bed: &Bed, manifest: &Manifest) -> std::path::PathBuf {
    bed.folder.path().join(Repository::folder(&manifest.id))
}

fn same_databases(bed: &Bed, left: &str, right: &str) {
    let text = |database| bed.server.schema_and_data_text(database).unwrap();
    same_text(&text(left), &text(right)).unwrap();
}

async fn the_script_restores_every_kind_of_object(major: u32) {
    let bed = Bed::new(fixtures::server(major).unwrap().start().unwrap());
    fixtures::every_kind_of_object(&bed.server, "app").unwrap();
    let manifest = bed.run("app").await.unwrap();
    let folder = folder(&bed, &manifest);

    succeeded(&restore_sh(&bed.server, &[&folder, Path::new("copy")]));

    same_databases(&bed, "app", "copy");
    every_field_is_documented(&fs::read(folder.join("manifest.json")).unwrap());
}

/// Every key that a manifest has stands in the docs as code.
fn every_field_is_documented(manifest: &[u8]) {
    let manifest: Value = serde_json::from_slice(manifest).unwrap();
    let mut names = BTreeSet::new();
    collect_keys(&manifest, &mut names);
    let missing: Vec<_> = names
        .iter()
        .filter(|name| !FORMAT.contains(&format!("`{name}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/backup-format.md lacks {missing:?}"
    );
}

fn collect_keys(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, names)),
        Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(name.clone());
                // Below it stand names of extensions.
                if name != "extensions" {
                    collect_keys(value, names);
                }
            }
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_of_the_docs_restores_every_kind_of_object_on_15() {
    the_script_restores_every_kind_of_object(15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_of_the_docs_restores_every_kind_of_object_on_18() {
    the_script_restores_every_kind_of_object(18).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_of_the_docs_notices_damage_before_it_makes_a_database() {
    let bed = Bed::empty(15);
    bed.server
        .psql("app", "CREATE TABLE t AS SELECT 1 AS a")
        .unwrap();
    let manifest = bed.run("app").await.unwrap();
    let folder = folder(&bed, &manifest);
    let refused = |what: &str| {
        let output = restore_sh(&bed.server, &[&folder, Path::new("copy")]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(what), "{said}");
        let made = bed.server.psql(
            "postgres",
            "SELECT 1 FROM pg_database WHERE datname = 'copy'",
        );
        assert_eq!(made.unwrap(), "");
    };

    let chunk = bed.file(&manifest, &manifest.tables[0].chunks[0].stored.object);
    let good = fs::read(&chunk).unwrap();
    let mut bad = good.clone();
    bad[10] ^= 1;
    fs::write(&chunk, &bad).unwrap();
    refused("FAILED");
    fs::write(&chunk, &good).unwrap();

    let file = folder.join("manifest.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"rows\": 1", "\"rows\": 2")).unwrap();
    refused("cut short or changed");
    fs::write(&file, &text[..text.len() / 2]).unwrap();
    assert!(
        !restore_sh(&bed.server, &[&folder, Path::new("copy")])
            .status
            .success()
    );
}

/// The program `age` is not everywhere; docs/unproven.md says how to run this one.
#[tokio::test(flavor = "multi_thread")]
async fn the_script_of_the_docs_opens_an_encrypted_backup_where_age_is_installed() {
    if Command::new("age").arg("--version").output().is_err() {
        eprintln!("skipped: the program `age` is not installed");
        return;
    }
    let bed = Bed::empty(15);
    let sql = "CREATE TABLE t AS SELECT g AS a, md5(g::text) AS b FROM generate_series(1, 100) g";
    bed.server.psql("app", sql).unwrap();
    let identity = age::x25519::Identity::generate();
    let mut options = bed.run_options("app");
    options.codec.recipients = vec![identity.to_public()];
    let manifest = bed.run_with(&options).await.unwrap();
    let key = bed.folder.path().join("key.txt");
    fs::write(&key, identity.to_string().expose_secret()).unwrap();

    let folder = folder(&bed, &manifest);
    succeeded(&restore_sh(
        &bed.server,
        &[&folder, Path::new("copy"), &key],
    ));

    same_databases(&bed, "app", "copy");
}
