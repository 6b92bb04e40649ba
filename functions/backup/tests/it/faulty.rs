//! A store that waits or fails where a test wants it to.

use async_trait::async_trait;
use backup::{repository::Repository, store::Store};
use futures::{StreamExt, stream::BoxStream};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, memory::InMemory, path::Path,
};
use std::{fmt, future::Future, pin::Pin, sync::Arc};

/// A call of the store, as a hook sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    Put(String),
    Get(String),
    Delete(String),
}

type Hook = dyn Fn(Call) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send + Sync;

/// In memory, with a hook before each call.
pub(crate) struct Faulty {
    inner: Arc<InMemory>,
    hook: Arc<Hook>,
}

impl Faulty {
    /// A repository whose every call goes through `hook` first, and another one without it over the same objects.
    pub(crate) fn repository<F>(
        hook: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> (Repository, Repository)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let inner = Arc::new(InMemory::new());
        let hook: Arc<Hook> = Arc::new(move |call| Box::pin(hook(call)));
        let faulty = Self {
            inner: Arc::clone(&inner),
            hook,
        };
        (
            Repository::new(Store::over(Arc::new(faulty))),
            Repository::new(Store::over(inner)),
        )
    }
}

/// What a store that is out of order says.
pub(crate) fn unavailable() -> object_store::Error {
    object_store::Error::Generic {
        store: "test",
        source: "503 Service Unavailable".into(),
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        at: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        (self.hook)(Call::Put(at.to_string())).await?;
        self.inner.put_opts(at, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, opts).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        (self.hook)(Call::Get(at.to_string())).await?;
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let (inner, hook) = (Arc::clone(&self.inner), Arc::clone(&self.hook));
        locations
            .then(move |at| {
                let (inner, hook) = (Arc::clone(&inner), Arc::clone(&hook));
                async move {
                    let at = at?;
                    hook(Call::Delete(at.to_string())).await?;
                    object_store::ObjectStoreExt::delete(&*inner, &at).await?;
                    Ok(at)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
