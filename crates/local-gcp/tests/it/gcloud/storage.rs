//! `gcloud storage`.

use super::{Gcloud, gcloud};
use crate::support::{Api, Result, start};
use std::fs;

/// From here on gcloud sends and fetches in pieces.
const LARGE: usize = 9 << 20;

/// A server with a bucket, and `gcloud storage` for it.
struct Storage {
    api: Api,
    gcloud: Gcloud,
}

impl Storage {
    async fn start() -> Result<Option<Self>> {
        let api = start().await?;
        let Some(gcloud) = gcloud(&api)? else {
            return Ok(None);
        };
        let storage = Self { api, gcloud };
        let made = ["buckets", "create", "gs://vault", "--location=eu"];
        storage.run(&made).await?;
        Ok(Some(storage))
    }

    async fn run(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        self.piped(arguments, b"").await
    }

    async fn piped(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>> {
        let arguments = [&["storage"], arguments].concat();
        self.gcloud.piped(&arguments, input).await
    }

    async fn fail(&self, arguments: &[&str]) -> Result<String> {
        self.gcloud.fail(&[&["storage"], arguments].concat()).await
    }
}

#[tokio::test]
async fn gcloud_copies_small_files_up_lists_and_removes_them() -> Result<()> {
    let Some(storage) = Storage::start().await? else {
        return Ok(());
    };
    fs::write(storage.gcloud.folder().join("a.txt"), "hello\n")?;
    let to = "gs://vault/folder/a.txt";
    storage.run(&["cp", "a.txt", to]).await?;
    let refused = storage
        .fail(&["cp", "a.txt", to, "--if-generation-match=0"])
        .await?;
    assert!(refused.contains("412"), "{refused}");
    assert_eq!(storage.run(&["cat", to]).await?, b"hello\n");
    storage
        .piped(&["cp", "-", "gs://vault/piped.txt"], b"from a pipe")
        .await?;
    assert_eq!(
        storage.run(&["cat", "gs://vault/piped.txt"]).await?,
        b"from a pipe"
    );
    let listed = String::from_utf8(storage.run(&["ls", "gs://vault"]).await?)?;
    assert_eq!(listed, "gs://vault/piped.txt\ngs://vault/folder/\n");
    storage.run(&["rm", to]).await?;
    let missing = storage.fail(&["cat", to]).await?;
    assert!(missing.contains("matched no objects"), "{missing}");
    storage.run(&["rm", "--recursive", "gs://vault"]).await?;
    assert_eq!(storage.api.get("/storage/v1/b/vault").await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn gcloud_copies_large_files_up_and_down_in_pieces() -> Result<()> {
    let Some(storage) = Storage::start().await? else {
        return Ok(());
    };
    let file = |name: &str| storage.gcloud.folder().join(name);
    let large: Vec<u8> = (0..=250).cycle().take(LARGE).collect();
    fs::write(file("large.bin"), &large)?;
    let to = "gs://vault/large.bin";
    storage.run(&["cp", "large.bin", to]).await?;
    let describe = ["storage", "objects", "describe", to];
    assert_eq!(storage.gcloud.run(&describe).await?["size"], LARGE);
    storage.run(&["cp", to, "back.bin"]).await?;
    assert!(fs::read(file("back.bin"))? == large, "it differs");
    let describe = ["storage", "buckets", "describe", "gs://vault"];
    assert_eq!(storage.gcloud.run(&describe).await?["location"], "EU");
    Ok(())
}
