//! Whether the target can be listed, written, read and deleted from, tried with an object of our own.

use super::Check;
use crate::{
    chunk::Sealed,
    config::Config,
    error::Error,
    store::{Store, StoreError, Target},
};

/// Where probes lie, out of the way of backups.
const PROBES: &str = "checks";

pub(super) async fn check(config: &Config) -> Vec<Check> {
    if config.target.url.is_empty() {
        return Vec::new();
    }
    match config.open_store() {
        Ok(store) => probe(&store).await,
        Err(error) => vec![Check::fail("target", &error)],
    }
}

pub(super) async fn probe(store: &Store) -> Vec<Check> {
    let backups = match store.names("backups").await {
        Ok(backups) => backups.len(),
        Err(error) => return vec![Check::fail("target", &error.into())],
    };
    let mut checks = vec![Check::ok(
        "target",
        format!("{} can be listed: {backups} backups", store.target()),
    )];
    let object = format!("{PROBES}/{:016x}", rand::random::<u64>());
    let probe = Sealed::new(b"written by `backup check`, and deleted at once\n".to_vec());
    if let Err(error) = store.create(&object, &probe).await {
        checks.push(not_writable(store.target(), error));
        return checks;
    }
    checks.push(match store.read(&object).await {
        Ok(read) if read == probe.bytes => {
            Check::ok("target writes", "an object came back as it was written")
        }
        Ok(_) => Check::fail(
            "target writes",
            &Error::Mismatch("an object came back changed".into()),
        ),
        Err(error) => Check::fail("target writes", &error.into()),
    });
    checks.push(deletion(store.delete(&object).await, &object));
    checks
}

fn not_writable(target: &Target, error: StoreError) -> Check {
    let forbidden = error.is_forbidden();
    let mut check = Check::fail("target writes", &error.into());
    if forbidden {
        check.found = format!("{target} is read-only for this identity ({})", check.found);
        check.next = Some(match target {
            Target::Bucket { .. } => {
                "grant roles/storage.objectCreator on the bucket to this identity".to_owned()
            }
            Target::Folder(_) => "let this user write to the folder".to_owned(),
        });
    }
    check
}

/// A job that only makes backups is better off without the right to delete them.
fn deletion(deleted: Result<(), StoreError>, object: &str) -> Check {
    let name = "target deletes";
    match deleted {
        Ok(()) => Check::ok(name, "allowed: this identity can prune"),
        Err(error) if error.is_forbidden() => Check::ok(
            name,
            format!(
                "refused: right for a job that only makes backups, and `prune` needs another identity ({object} stays)"
            ),
        ),
        Err(error) => Check::warn(
            name,
            Error::from(error).chain(),
            "pruning would fail: find out why",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Outcome, *};
    use object_store::Error::PermissionDenied;

    fn forbidden(doing: &'static str) -> StoreError {
        StoreError::Failed {
            doing,
            target: "gs://b/checks/1".into(),
            source: PermissionDenied {
                path: "checks/1".into(),
                source: "403 Forbidden".into(),
            },
        }
    }

    #[tokio::test]
    async fn a_good_target_passes_and_keeps_no_probe() {
        let store = Store::in_memory();
        let checks = probe(&store).await;
        assert_eq!(checks.len(), 3);
        assert!(
            checks.iter().all(|check| check.outcome == Outcome::Ok),
            "{checks:?}"
        );
        assert!(store.names(PROBES).await.unwrap().is_empty());
    }

    #[test]
    fn a_read_only_bucket_is_called_so_and_the_missing_role_named() {
        let target: Target = "gs://b".parse().unwrap();
        let check = not_writable(&target, forbidden("write"));
        assert_eq!(check.outcome, Outcome::Fail);
        assert!(
            check
                .found
                .starts_with("gs://b is read-only for this identity"),
            "{}",
            check.found
        );
        assert!(check.next.unwrap().contains("roles/storage.objectCreator"));
    }

    #[test]
    fn a_refused_deletion_is_right_and_a_failed_one_is_not() {
        assert_eq!(
            deletion(Err(forbidden("delete")), "checks/1").outcome,
            Outcome::Ok
        );
        let broken = StoreError::NotFound("x".into());
        assert_eq!(deletion(Err(broken), "checks/1").outcome, Outcome::Warn);
    }
}
