//! Which method a request means, by the documents alone.

use crate::{
    google::discovery::{Document, Fields, Method},
    http::template::Template,
};
use std::{cmp::Reverse, sync::LazyLock};

/// What a path asks of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Upload,
    Download,
}

/// A method that a request may mean.
#[derive(Clone, Copy)]
pub(super) struct Meant {
    pub(super) document: &'static Document,
    pub(super) id: &'static str,
    pub(super) method: &'static Method,
    pub(super) kind: Kind,
}

struct Path {
    template: Template,
    meant: Meant,
}

static DOCUMENTS: LazyLock<Vec<Document>> = LazyLock::new(|| {
    [
        include_str!("../../schemas/cloudbilling.v1.json"),
        include_str!("../../schemas/cloudresourcemanager.v3.json"),
        include_str!("../../schemas/cloudscheduler.v1.json"),
        include_str!("../../schemas/compute.v1.json"),
        include_str!("../../schemas/iam.v1.json"),
        include_str!("../../schemas/pubsub.v1.json"),
        include_str!("../../schemas/run.v1.json"),
        include_str!("../../schemas/run.v2.json"),
        include_str!("../../schemas/secretmanager.v1.json"),
        include_str!("../../schemas/serviceusage.v1beta1.json"),
        include_str!("../../schemas/sqladmin.v1.json"),
        include_str!("../../schemas/sqladmin.v1beta4.json"),
        include_str!("../../schemas/storage.v1.json"),
    ]
    .map(Document::parse)
    .into()
});

static PATHS: LazyLock<Vec<Path>> = LazyLock::new(|| {
    let mut paths = vec![];
    for document in DOCUMENTS.iter() {
        for (id, method) in &document.methods {
            let mut add = |path, kind| {
                let meant = Meant {
                    document,
                    id,
                    method,
                    kind,
                };
                let template = Template::parse(path);
                paths.push(Path { template, meant });
            };
            add(method.path, Kind::Plain);
            for upload in &method.uploads {
                add(upload, Kind::Upload);
            }
            if let Some(download) = method.download {
                add(download, Kind::Download);
            }
        }
    }
    paths.sort_by_key(|path| Reverse(path.template.precedence()));
    paths
});

/// The methods with this verb and path, the most exact path first; methods of several APIs may share one.
pub(super) fn methods(verb: &str, path: &str) -> Vec<Meant> {
    let fits = |one: &&Path| one.meant.method.verb == verb && one.template.matches(path).is_some();
    PATHS.iter().filter(fits).map(|one| one.meant).collect()
}

/// Whether some method's path begins as this one, which therefore is no bucket's.
pub(super) fn begin_as(path: &str) -> bool {
    let first = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
    PATHS
        .iter()
        .any(|one| first(one.template.text()) == first(path))
}

impl Meant {
    /// The message of this name.
    pub(super) fn message(&self, name: &str) -> Option<&'static Fields> {
        self.document.messages.get(name)
    }

    /// The message that an `@type` names: `google.cloud.run.v2.Service` is `GoogleCloudRunV2Service` or `Service`.
    pub(super) fn any(&self, url: &str) -> Option<&'static Fields> {
        let name = url.rsplit('/').next().unwrap_or_default();
        let capital = |part: &str| {
            let (first, rest) = part.split_at_checked(1).unwrap_or((part, ""));
            first.to_ascii_uppercase() + rest
        };
        let whole: String = name.split('.').map(capital).collect();
        let last = name.rsplit('.').next().unwrap_or_default();
        self.message(&whole).or_else(|| self.message(last))
    }
}
