//! Backups in Cloud Storage, as far as a bucket behaves otherwise than a folder.

use crate::{
    bed::{Bed, run_into},
    cloud::{Cloud, creates_once},
    forged,
    process::run,
};
use backup::{
    Error,
    backup_id::BackupId,
    chunk::Sealed,
    prune::{Fate, PruneOptions, Pruned, prune},
    repository::{Level, Repository},
    retention::Policy,
    store::StoreError,
};
use local_gcp::Fault;
use nightshift_runtime::{Shutdown, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};

const PUT: &str = "storage.xml.objects.put";

/// A server with a little data, and its backups in the bucket.
fn bed(cloud: &Cloud) -> Bed {
    let mut bed = Bed::empty(15);
    let fill = "CREATE TABLE orders AS SELECT g AS id, md5(g::text) AS note FROM generate_series(1, 20000) g";
    bed.server.psql("app", fill).unwrap();
    bed.repository = cloud.repository();
    bed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_listed_proven_restored_and_pruned_in_a_bucket() {
    let cloud = Cloud::start().await;
    let bed = bed(&cloud);
    let made = |_| run(cloud.command(bed.backup_run(""))).well();
    let _ = [0, 1, 2].map(made);
    let backup = |arguments: &[&str]| {
        let mut command = cloud.command(bed.backup("", arguments));
        if let Some(file) = bed.server.password_file() {
            command.env("PGPASSFILE", file);
        }
        run(command).well().stdout
    };
    let listed: Value = serde_json::from_str(&backup(&["list", "--output", "json"])).unwrap();
    assert_eq!(listed["backups"].as_array().unwrap().len(), 3, "{listed}");
    assert!(backup(&["verify", "latest"]).contains("20,000 rows counted"));
    let copy = bed.server.socket_url("copy");
    let restored = backup(&["restore", "latest", "--into", &copy, "--create"]);
    assert!(restored.contains("20,000"), "{restored}");
    let rows = "SELECT count(*), md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o";
    assert_eq!(
        bed.server.psql("copy", rows).unwrap(),
        bed.server.psql("app", rows).unwrap()
    );
    assert!(backup(&["check", "--offline"]).contains("ok"));

    let kept = prune_to_one(&bed.repository).await.unwrap();
    assert_eq!(kept.plan.backups.len(), 3);
    let listed: Value = serde_json::from_str(&backup(&["list", "--output", "json"])).unwrap();
    assert_eq!(listed["backups"].as_array().unwrap().len(), 1, "{listed}");
}

/// Every object of a backup is created, never overwritten, and arrives with its checksum or not at all.
#[tokio::test(flavor = "multi_thread")]
async fn every_object_of_a_backup_is_sent_with_its_checksum_and_on_condition_that_it_is_not_there()
{
    let cloud = Cloud::start().await;
    let bed = bed(&cloud);
    let manifest = bed.run("app").await.unwrap();
    let puts = cloud.gcp.journal().of(PUT);
    let of_the_backup: Vec<_> = puts
        .iter()
        .filter(|put| put.path.contains("backups%2F"))
        .collect();
    assert_eq!(
        of_the_backup.len() as u64,
        manifest.totals.objects + 1,
        "the manifest and what it names"
    );
    for put in &puts {
        let header = |name| {
            let found = put.headers.iter().find(|(header, _)| header == name);
            found.map(|(_, value)| value.as_str())
        };
        assert!(
            header("x-goog-hash").is_some_and(|hash| hash.starts_with("crc32c=")),
            "{put:?}"
        );
        if put.path.contains("backups%2F") {
            assert_eq!(header("x-goog-if-generation-match"), Some("0"), "{put:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_lost_after_the_objects_were_stored_cost_nothing() {
    let cloud = Cloud::start().await;
    let bed = bed(&cloud);
    for path in ["leases", "%2Fdata%2F", "schema", "manifest"] {
        cloud.gcp.faults().add(Fault {
            lose_answer: true,
            path: Some(path.to_owned()),
            times: Some(2),
            ..Fault::on(PUT)
        });
    }
    let manifest = bed.run("app").await.unwrap();
    let hits: u32 = cloud.gcp.faults().list().iter().map(|f| f.hit).sum();
    assert!(hits >= 5, "{:?}", cloud.gcp.faults().list());
    let proof = bed.verify(&manifest, Level::Bytes).await.unwrap();
    assert!(proof.passed, "{}", proof.summary);
    let names = cloud.names("backups").await;
    assert_eq!(names.len() as u64, manifest.totals.objects + 1, "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_refuses_for_a_moment_is_asked_again() {
    let cloud = Cloud::start().await;
    let bed = bed(&cloud);
    for (method, status) in [
        (PUT, 503),
        (PUT, 429),
        ("storage.xml.objects.list", 503),
        ("storage.xml.objects.get", 500),
    ] {
        cloud.gcp.faults().add(Fault {
            status: Some(status),
            after: 1,
            times: Some(2),
            ..Fault::on(method)
        });
    }
    cloud.gcp.faults().add(Fault {
        reset: true,
        after: 4,
        times: Some(2),
        ..Fault::on("storage.xml.objects.*")
    });
    let manifest = bed.run("app").await.unwrap();
    let restored = bed.restore(&manifest, "copy").await.unwrap();
    assert!(restored.comparison.unwrap().differences.is_empty());
    let unused: Vec<_> = cloud.gcp.faults().list();
    assert!(unused.iter().all(|fault| fault.hit == 2), "{unused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_place_of_a_new_object_already_is_compared_and_never_overwritten() {
    let cloud = Cloud::start().await;
    creates_once(&cloud.store(), "backups/x").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_that_does_not_fit_is_refused_by_the_bucket_and_nothing_is_stored() {
    let cloud = Cloud::start().await;
    let store = cloud.store();
    let mut sealed = Sealed::new(b"what was read".to_vec());
    sealed.bytes = "what was sent".into();
    let refused = store.create("backups/x", &sealed).await.unwrap_err();
    let line = Error::from(refused).chain();
    assert!(line.contains("400 Bad Request"), "{line}");
    let missing = store.read("backups/x").await.unwrap_err();
    assert!(matches!(missing, StoreError::NotFound(_)), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_was_exchanged_is_found_by_its_checksum_without_being_read() {
    let cloud = Cloud::start().await;
    let bed = bed(&cloud);
    let manifest = bed.run("app").await.unwrap();
    let chunk = &manifest.tables[0].chunks[0].stored;
    let name = format!("{}/{}", Repository::folder(&manifest.id), chunk.object);
    let other = vec![b'x'; usize::try_from(chunk.bytes).unwrap()];
    cloud.store().replace(&name, other).await.unwrap();
    cloud.gcp.journal().clear();
    let proof = bed.verify(&manifest, Level::Objects).await.unwrap();
    assert!(!proof.passed);
    let said = format!("{name} is damaged: CRC32C is ");
    assert!(proof.summary.contains(&said), "{}", proof.summary);
    let read = cloud.gcp.journal().of("storage.xml.objects.get");
    assert!(
        read.iter().all(|get| !get.path.contains("data%2F")),
        "{read:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_into_a_bucket_at_once_one_is_refused() {
    let cloud = Cloud::start().await;
    let bed = bed(&cloud);
    // Both have found no lease before either takes one.
    cloud.gcp.faults().add(Fault {
        delay: Some("300ms".parse().unwrap()),
        path: Some("leases".to_owned()),
        times: Some(2),
        ..Fault::on(PUT)
    });
    let options = bed.run_options("app");
    let other = cloud.repository();
    let (one, two) = tokio::join!(
        run_into(&options, &bed.repository),
        run_into(&options, &other)
    );
    let refused = one.err().or(two.err()).unwrap();
    assert!(matches!(refused, Error::Busy { .. }), "{refused}");
    let backups = bed.repository.survey().await.unwrap();
    assert_eq!(backups.len(), 1, "{backups:?}");
}

async fn prune_to_one(repository: &Repository) -> Result<Pruned, Error> {
    let options = PruneOptions {
        policy: Policy {
            last: 1,
            max_delete_ratio: 1.0,
            ..Policy::default()
        },
        dry_run: false,
        accept: vec![],
    };
    prune(
        repository,
        &options,
        Arc::new(SystemClock),
        &Shutdown::new(),
    )
    .await
}

/// Three backups whose objects the bucket guards as `settings` say.
async fn three_backups(cloud: &Cloud, settings: Value) -> (Repository, Vec<BackupId>) {
    cloud
        .ask(Method::PATCH, "/storage/v1/b/vault", settings)
        .await;
    let repository = cloud.repository();
    let mut ids = Vec::new();
    for day in 27..30 {
        let at = format!("2026-06-{day}T02:00:00Z");
        ids.push(forged::backup(&repository, &at, &[]).await);
    }
    (repository, ids)
}

fn fates(pruned: &Pruned) -> HashMap<&BackupId, &Fate> {
    let backups = pruned.plan.backups.iter();
    backups.map(|backup| (&backup.id, &backup.fate)).collect()
}

fn deferred(fate: &Fate, because: &str) {
    assert!(
        matches!(fate, Fate::Deferred { why } if why.contains(because)),
        "{fate:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_retention_policy_protects_stays_whole_and_goes_when_its_time_is_over() {
    let cloud = Cloud::start().await;
    let policy = json!({"retentionPolicy": {"retentionPeriod": "86400"}});
    let (repository, ids) = three_backups(&cloud, policy).await;
    let before = cloud.names("backups").await;
    let pruned = prune_to_one(&repository).await.unwrap();
    deferred(fates(&pruned)[&ids[0]], "retention");
    deferred(fates(&pruned)[&ids[1]], "retention");
    assert_eq!(pruned.freed.objects, 0);
    assert_eq!(cloud.names("backups").await, before);
    // Nothing of ours stands in the way of the next one: not the lease either, which nobody may write again.
    prune_to_one(&repository).await.unwrap();

    cloud.gcp.advance("48h".parse().unwrap()).await.unwrap();
    let pruned = prune_to_one(&repository).await.unwrap();
    let gone = fates(&pruned)[&ids[0]];
    assert!(
        matches!(gone, Fate::Deleted { freed, .. } if freed.objects == 3),
        "{gone:?}"
    );
    assert_eq!(repository.ids().await.unwrap(), ids[2..]);
    // The note that a deletion has begun is a new object, so it stays for a while.
    let pruned = prune_to_one(&repository).await.unwrap();
    deferred(
        fates(&pruned)[&ids[0]],
        "only the note of its deletion is left: Object",
    );
    cloud.gcp.advance("48h".parse().unwrap()).await.unwrap();
    prune_to_one(&repository).await.unwrap();
    assert_eq!(cloud.names("deleted").await, [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_on_a_manifest_keeps_the_backup_whole_and_one_on_a_chunk_only_that() {
    let cloud = Cloud::start().await;
    let (repository, ids) = three_backups(&cloud, json!({})).await;
    let chunk = format!("{}/data/00000-1.zst", Repository::folder(&ids[1]));
    let hold = |held: bool| json!({"temporaryHold": held});
    cloud
        .patch(&Repository::manifest_object(&ids[0]), hold(true))
        .await;
    cloud.patch(&chunk, hold(true)).await;
    let pruned = prune_to_one(&repository).await.unwrap();
    deferred(fates(&pruned)[&ids[0]], "hold");
    deferred(fates(&pruned)[&ids[1]], "hold");
    let left = |id: &BackupId| {
        let folder = Repository::folder(id);
        let cloud = &cloud;
        async move { cloud.names(&folder).await }
    };
    assert_eq!(left(&ids[0]).await.len(), 4);
    assert_eq!(left(&ids[1]).await, [&*chunk]);

    // The deletion that has begun ends when the hold does.
    cloud.patch(&chunk, hold(false)).await;
    prune_to_one(&repository).await.unwrap();
    assert_eq!(left(&ids[1]).await, [] as [&str; 0]);
    assert_eq!(cloud.names("deleted").await, [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_whose_answers_are_lost_is_done_all_the_same() {
    let cloud = Cloud::start().await;
    let (repository, ids) = three_backups(&cloud, json!({})).await;
    cloud.gcp.faults().add(Fault {
        lose_answer: true,
        times: Some(5),
        ..Fault::on("storage.xml.objects.delete")
    });
    prune_to_one(&repository).await.unwrap();
    assert_eq!(repository.ids().await.unwrap(), ids[2..]);
}

#[test]
fn a_stand_in_that_secrets_would_reach_unprotected_is_refused() {
    let ended = run(crate::process::backup(&[
        "list",
        "--in",
        "gs://vault",
        "--gcp-endpoint",
        "http://stand-in.example",
    ]));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("expected https"), "{}", ended.stderr);
}
