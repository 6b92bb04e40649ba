//! Backups that no server was asked for: what decides about them and deletes them never looks at their rows.

use backup::{
    backup_id::BackupId,
    chunk::Sealed,
    manifest::{FORMAT, Manifest, VERSION},
    repository::Repository,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Stores a complete backup of the database `shop`, taken at `at`.
pub(crate) async fn backup(repository: &Repository, at: &str, suspicions: &[&str]) -> BackupId {
    let id = id(at);
    let schema = object(repository, &id, "schema.dump.zst").await;
    let mut chunks = Vec::new();
    for number in 0..2 {
        let mut chunk = object(repository, &id, &format!("data/00000-{number}.zst")).await;
        chunk["rows"] = json!(500);
        chunk["raw_bytes"] = json!(50_000);
        chunk["fingerprint"] = json!("0".repeat(32));
        chunks.push(chunk);
    }
    let manifest = manifest(&id, at, &schema, &chunks, suspicions);
    let mut manifest: Manifest = serde_json::from_value(manifest).unwrap();
    manifest.sum_totals();
    let object = Repository::manifest_object(&id);
    let sealed = Sealed::new(manifest.to_bytes().unwrap());
    repository.store().create(&object, &sealed).await.unwrap();
    id
}

/// Stores what a run leaves that died half-way.
pub(crate) async fn debris(repository: &Repository, at: &str) -> BackupId {
    let id = id(at);
    object(repository, &id, "data/00000-0.zst").await;
    id
}

fn id(at: &str) -> BackupId {
    BackupId::new(at.parse::<Timestamp>().unwrap(), 7)
}

async fn object(repository: &Repository, id: &BackupId, name: &str) -> Value {
    let sealed = Sealed::new(format!("{id} {name}").into_bytes());
    let object = format!("{}/{name}", Repository::folder(id));
    repository.store().create(&object, &sealed).await.unwrap();
    json!({
        "object": name,
        "bytes": sealed.bytes.len(),
        "crc32c": format!("{:08x}", sealed.crc32c),
        "sha256": backup::manifest::hex(&sealed.sha256),
    })
}

fn manifest(
    id: &BackupId,
    at: &str,
    schema: &Value,
    chunks: &[Value],
    suspicions: &[&str],
) -> Value {
    json!({
        "format": FORMAT,
        "version": VERSION,
        "id": id,
        "written_by": "a test",
        "started_at": at,
        "snapshot_at": at,
        "finished_at": at,
        "source": {
            "system_identifier": "7",
            "database": "shop",
            "database_oid": 5,
            "server_version_num": 150_018,
            "server_version": "15.18",
            "encoding": "UTF8",
            "collate": "C",
            "ctype": "C",
            "locale_provider": "c",
            "collation_version": null,
            "lc_monetary": "C",
            "standby": false,
            "extensions": {},
        },
        "codec": { "compression": "zstd", "level": 2, "recipients": [] },
        "client": "15.18",
        "totals": {
            "tables": 1, "user_tables": 1, "rows": 1000, "raw_bytes": 100_000, "stored_bytes": 0, "objects": 3,
        },
        "schema": schema,
        "globals": null,
        "tables": [{
            "oid": 16_384,
            "schema": "public",
            "name": "orders",
            "columns": ["id"],
            "format": "text",
            "rows": 1000,
            "raw_bytes": 100_000,
            "fingerprint": "0".repeat(32),
            "chunks": chunks,
        }],
        "sequences": [],
        "large_objects": null,
        "skipped": [],
        "warnings": [],
        "suspicions": suspicions,
    })
}
