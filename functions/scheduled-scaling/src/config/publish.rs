//! Who is told what happens.

use nightshift_runtime::{config::HumanDuration, gcp};
use serde::{Deserialize, Serialize};

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The topic that is told of changes, drift, failures and overrides that end: `projects/P/topics/T`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// How long before a target is lowered the topic is told, so that whoever works late can say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_before: Option<HumanDuration>,
}

impl Publish {
    pub(super) fn check(&self) -> Result<(), String> {
        let Some(topic) = &self.topic else {
            return match self.notify_before {
                Some(_) => {
                    Err("publish.notify_before: nobody is told; write publish.topic too".into())
                }
                None => Ok(()),
            };
        };
        if gcp::is_resource(topic, "topics") {
            return Ok(());
        }
        Err(format!(
            "publish.topic: it is {topic:?}; the name of a topic is projects/PROJECT/topics/NAME"
        ))
    }
}
