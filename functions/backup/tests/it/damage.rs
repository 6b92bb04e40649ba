//! Damage in the store is found, named, and never restored.

use crate::{bed::Bed, program::run};
use backup::{
    Error,
    manifest::{Manifest, ManifestError, hex},
    repository::{Level, Repository, State},
    store::StoreError,
};
use sha2::{Digest as _, Sha256};
use std::{fs, path::PathBuf};

/// A backup whose every object is damaged in turn, and put right again.
struct Damaged {
    bed: Bed,
    manifest: Manifest,
    into: u32,
}

async fn a_backup() -> Damaged {
    let bed = Bed::empty(15);
    let sql = "CREATE TABLE t AS SELECT g AS a, md5(g::text) AS b FROM generate_series(1, 9000) g;
               SELECT lo_from_bytea(4711, 'large');";
    bed.server.psql("app", sql).unwrap();
    let manifest = bed.run("app").await.unwrap();
    assert!(manifest.tables[0].chunks.len() > 1);
    Damaged {
        bed,
        manifest,
        into: 0,
    }
}

impl Damaged {
    fn file(&self, object: &str) -> PathBuf {
        self.bed.file(&self.manifest, object)
    }

    /// Proofs at `levels` fail, and name the object.
    async fn is_noticed(&self, object: &str, levels: &[Level]) {
        for level in levels {
            let proof = self.bed.verify(&self.manifest, *level).await.unwrap();
            assert!(!proof.passed, "{object} at {level:?}");
            assert!(proof.summary.contains(object), "{}", proof.summary);
        }
    }

    /// A restore is refused, and names the object.
    async fn is_not_restored(&mut self, object: &str) {
        self.into += 1;
        let into = format!("copy_{}", self.into);
        let error = self.bed.restore(&self.manifest, &into).await.unwrap_err();
        let line = error.one_line();
        assert!(line.contains(object), "{line}");
        assert!(
            matches!(
                error,
                Error::Store(StoreError::Damaged { .. } | StoreError::NotFound(_))
            ),
            "{line}"
        );
        assert!(line.contains("next: "), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_a_cut_and_a_missing_object_are_each_found_and_never_restored() {
    let mut damaged = a_backup().await;
    let large = damaged.manifest.large_objects.as_ref().unwrap();
    let objects = [
        damaged.manifest.tables[0].chunks[1].stored.object.clone(),
        large.pages[0].stored.object.clone(),
        damaged.manifest.schema.object.clone(),
    ];
    for object in objects {
        let file = damaged.file(&object);
        let good = fs::read(&file).unwrap();

        let mut flipped = good.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        fs::write(&file, flipped).unwrap();
        damaged.is_noticed(&object, &[Level::Bytes]).await;
        damaged.is_not_restored(&object).await;

        fs::write(&file, &good[..good.len() - 1]).unwrap();
        damaged
            .is_noticed(&object, &[Level::Objects, Level::Bytes])
            .await;

        fs::remove_file(&file).unwrap();
        damaged
            .is_noticed(&object, &[Level::Objects, Level::Bytes])
            .await;

        fs::write(&file, good).unwrap();
    }
    let proof = damaged.bed.verify(&damaged.manifest, Level::Bytes).await;
    assert!(proof.unwrap().passed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_failed_stays_until_one_as_thorough_passes() {
    let damaged = a_backup().await;
    let file = damaged.file(&damaged.manifest.schema.object);
    let good = fs::read(&file).unwrap();
    fs::write(&file, b"x").unwrap();
    let ran = run(&mut damaged.bed.program(&["verify"]));
    ran.failed(1, &["schema.dump", "next: keep the backup"]);
    let listed = run(&mut damaged.bed.program(&["list"])).succeeded();
    assert!(listed.stdout.contains("FAILED"), "{}", listed.stdout);
    fs::write(&file, good).unwrap();
    run(&mut damaged.bed.program(&["verify"])).succeeded();
}

/// What `load` and the list of backups say when the bytes of the manifest are `bytes`.
async fn judged(bed: &Bed, manifest: &Manifest, bytes: &[u8]) -> ManifestError {
    fs::write(bed.file(manifest, "manifest.json"), bytes).unwrap();
    let state = bed.repository.state(&manifest.id).await.unwrap();
    assert!(matches!(state, State::Damaged(_)), "{state:?}");
    let listed = run(&mut bed.program(&["list"])).succeeded();
    assert!(listed.stdout.contains("damaged"), "{}", listed.stdout);
    let id = manifest.id.as_str();
    run(&mut bed.program(&["show", id]));
    let into = bed.server.socket_url("copy");
    let restore = ["restore", id, "--create", "--into", &into];
    run(&mut bed.program(&restore)).failed(1, &[id, "next: "]);
    run(&mut bed.program(&["verify", id])).failed(1, &[id, "next: "]);
    // It is no candidate for the latest, either.
    run(&mut bed.program(&["verify"])).failed(1, &["no complete backup"]);
    match bed.repository.load(&manifest.id).await.unwrap_err() {
        Error::Manifest { source, .. } => source,
        other => panic!("{}", other.one_line()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_was_cut_edited_or_is_of_a_newer_format_is_not_trusted() {
    let bed = Bed::empty(15);
    bed.server
        .psql("app", "CREATE TABLE t AS SELECT 1 AS a")
        .unwrap();
    let manifest = bed.run("app").await.unwrap();
    let good = fs::read_to_string(bed.file(&manifest, "manifest.json")).unwrap();

    let cut = good.as_bytes();
    for length in [0, 1, cut.len() / 2, cut.len() - 1] {
        let error = judged(&bed, &manifest, &cut[..length]).await;
        assert!(
            matches!(error, ManifestError::CutShort),
            "{length}: {error}"
        );
    }
    let edited = good.replace("\"rows\": 1", "\"rows\": 2");
    let error = judged(&bed, &manifest, edited.as_bytes()).await;
    assert!(matches!(error, ManifestError::Changed { .. }), "{error}");

    let newer = closed(&good, "\"version\": 1,", "\"version\": 2,");
    let error = judged(&bed, &manifest, newer.as_bytes()).await;
    assert!(error.to_string().contains("version 2"), "{error}");
    let ran = run(&mut bed.program(&["verify", manifest.id.as_str()]));
    ran.failed(
        1,
        &[
            "version 2",
            "up to version 1",
            "newer version of this program",
        ],
    );

    let foreign = closed(&good, "nightshift-backup", "somebody-elses");
    let error = judged(&bed, &manifest, foreign.as_bytes()).await;
    assert!(error.to_string().contains("somebody-elses"), "{error}");

    // Fields that a later program of the same format adds are passed over.
    let more = closed(
        &good,
        "\"version\": 1,",
        "\"version\": 1,\n  \"later\": true,",
    );
    fs::write(bed.file(&manifest, "manifest.json"), more).unwrap();
    assert_eq!(bed.repository.load(&manifest.id).await.unwrap(), manifest);
}

/// The manifest with something replaced, closed by the hash that fits.
fn closed(manifest: &str, from: &str, to: &str) -> String {
    let (body, _) = manifest.rsplit_once("\n  \"sha256\"").unwrap();
    let body = body.replacen(from, to, 1);
    let hash = hex(&Sha256::digest(body.as_bytes()));
    format!("{body}\n  \"sha256\": \"{hash}\"\n}}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_of_another_backup_is_not_taken_for_this_ones() {
    let bed = Bed::empty(15);
    bed.server
        .psql("app", "CREATE TABLE t AS SELECT 1 AS a")
        .unwrap();
    let (one, two) = (bed.run("app").await.unwrap(), bed.run("app").await.unwrap());
    fs::copy(
        bed.file(&one, "manifest.json"),
        bed.file(&two, "manifest.json"),
    )
    .unwrap();
    let error = bed.repository.load(&two.id).await.unwrap_err().one_line();
    assert!(
        error.contains(one.id.as_str()) && error.contains(two.id.as_str()),
        "{error}"
    );
    assert_eq!(Repository::folder(&one.id), format!("backups/{}", one.id));
}
