//! Revisions: templates that do not change any more.

use super::{
    execution::newest_first,
    methods,
    names::{self, Kind},
    resource::{Resource, any, condition},
    template,
    traffic::{INSTANCES, TRAFFIC},
};
use crate::{
    google::{etag, json, page::Page, schema::Object},
    http::{Answer, ApiError, Call, Reply},
    store::{Record, View},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A revision as it is stored. Its key is its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Revision {
    pub(super) name: String,
    uid: String,
    /// The template it was made of, without the revision's name.
    pub(super) template: Object,
    created: Timestamp,
    creator: String,
    launch_stage: Value,
}

impl Record for Revision {
    const TABLE: &'static str = "run.revisions";
}

pub(super) const ANY: &str = "type.googleapis.com/google.cloud.run.v2.Revision";

impl Revision {
    pub(super) fn new(
        name: String,
        template: &Value,
        creator: &str,
        stage: Value,
        now: Timestamp,
    ) -> Self {
        let mut template = template.as_object().cloned().unwrap_or_default();
        template.remove("revision");
        Self {
            name,
            uid: crate::google::operations::new_id(),
            template,
            created: now,
            creator: creator.to_owned(),
            launch_stage: stage,
        }
    }

    pub(super) fn created(&self) -> Timestamp {
        self.created
    }

    pub(super) fn json(&self) -> Value {
        let mut of = self.template.clone();
        let mut set = |key: &str, value: Value| drop(of.insert(key.to_owned(), value));
        let created = json::rfc3339(self.created);
        set("name", self.name.as_str().into());
        set("uid", self.uid.as_str().into());
        set("service", names::id(names::owner(&self.name)).into());
        set("generation", "1".into());
        set("observedGeneration", "1".into());
        set("createTime", created.as_str().into());
        set("updateTime", created.into());
        set("creator", self.creator.as_str().into());
        if self.launch_stage.is_string() {
            set("launchStage", self.launch_stage.clone());
        }
        let conditions = [
            "Ready",
            "Active",
            "ContainerHealthy",
            "ContainerReady",
            "ResourcesAvailable",
        ];
        let conditions = conditions.map(|t| condition(t, "CONDITION_SUCCEEDED", self.created));
        set("conditions", conditions.to_vec().into());
        set("etag", etag::of(&(&self.uid, &self.template)).into());
        of.into()
    }
}

/// The revision that a changed template asks for, if it is a new one.
pub(super) fn asked_for(
    view: &View,
    owner: &str,
    old: Option<&Resource>,
    template: &Value,
    force: bool,
) -> Result<Option<String>, ApiError> {
    let before = old.and_then(|old| old.spec.get("template"));
    if let Some(id) = template["revision"].as_str().filter(|id| !id.is_empty()) {
        let name = format!("{owner}/revisions/{id}");
        let service = names::id(owner);
        if !id.starts_with(&format!("{service}-")) || id.len() > 63 {
            return Err(ApiError::invalid(format!(
                "template.revision: Revision name {id:?} must be prefixed by {service:?}, with a single hyphen, and have \
                 at most 63 characters"
            )));
        }
        return match view.get::<Revision>(&name) {
            None => Ok(Some(name)),
            Some(there) if template::same(&json!(there.template), template) => Ok(None),
            Some(_) => Err(ApiError::already_exists(format!(
                "Revision named '{id}' with different configuration already exists."
            ))),
        };
    }
    if !force && before.is_some_and(|before| template::same(before, template)) {
        return Ok(None);
    }
    let number = old.map_or(0, |old| old.made) + 1;
    let tail: String = (0..3)
        .map(|_| CONSONANTS[rand::random_range(0..CONSONANTS.len())])
        .collect();
    Ok(Some(format!(
        "{owner}/revisions/{}-{number:05}-{tail}",
        names::id(owner)
    )))
}

/// Google's names end in three letters that spell no word.
const CONSONANTS: [char; 20] = [
    'b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'q', 'r', 's', 't', 'v', 'w', 'x',
    'z',
];

pub(super) async fn get(call: Call) -> Answer {
    let name = call.param("name")?;
    let revision = call.view().get::<Revision>(name);
    let revision = revision.ok_or_else(|| names::missing_of("REVISION", name))?;
    Reply::json(&revision.json())
}

/// The revisions of one service or worker pool, newest first, or (`-`) of all of them.
pub(super) async fn list(call: Call) -> Answer {
    let parent = call.param("parent")?;
    names::check_location(parent)?;
    let view = call.view();
    let prefix = match parent.strip_suffix("/-") {
        Some(all) => format!("{all}/"),
        None => {
            let kind = Kind::of(parent)?;
            view.get::<Resource>(parent)
                .ok_or_else(|| names::missing(kind, parent))?;
            format!("{parent}/revisions/")
        }
    };
    let page = Page::of(&call.query, "pageSize", 100, 1000)?;
    let rows = view.with_prefix::<Revision>(&prefix);
    let rows = rows.map(|(_, r)| (r.created, r.name.as_str(), r.json()));
    let (revisions, next) = page.cut(newest_first(rows));
    Reply::json(&methods::listed("revisions", revisions, next))
}

/// The newest revision, and those that get traffic, cannot be deleted.
pub(super) async fn delete(call: Call) -> Answer {
    let name = call.param("name")?.to_owned();
    let operation = call.write(|tx| {
        let revision = tx
            .get::<Revision>(&name)
            .ok_or_else(|| names::missing_of("REVISION", &name))?;
        let json = revision.json();
        etag::check(
            call.query.get("etag"),
            json["etag"].as_str().unwrap_or_default(),
        )?;
        let id = names::id(&name);
        if let Some(owner) = tx.get::<Resource>(names::owner(&name)) {
            let uses =
                |split: super::traffic::Split| split.uses(&owner.spec, &owner.latest_ready, id);
            if owner.latest_created == name || uses(TRAFFIC) || uses(INSTANCES) {
                return Err(ApiError::precondition(format!(
                    "Revision {id} cannot be deleted: it is the latest one, or it gets traffic"
                )));
            }
        }
        let body = any(ANY, json);
        methods::operate(
            &call,
            tx,
            &name,
            json!({ "do": "deleteRevision", "name": name }),
            body,
        )
    })?;
    Reply::json(&operation)
}
