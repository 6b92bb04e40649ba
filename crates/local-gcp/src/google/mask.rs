//! Field masks: which fields of a change count.

use crate::http::ApiError;
use serde_json::{Map, Value};

/// A list of paths such as `scaling.minInstanceCount`; snake case is accepted and turned to camel case.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldMask(Vec<Vec<String>>);

impl FieldMask {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let paths = text
            .split(',')
            .map(str::trim)
            .filter(|path| !path.is_empty())
            .map(|path| {
                let parts: Vec<String> = path.split('.').map(camel_case).collect();
                let good = parts.iter().all(|part| !part.is_empty());
                good.then_some(parts)
                    .ok_or_else(|| ApiError::invalid(format!("Invalid field mask path {path:?}")))
            });
        Ok(Self(paths.collect::<Result<_, _>>()?))
    }

    /// The paths, joined with dots, in camel case.
    pub(crate) fn paths(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|path| path.join("."))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all paths lie at or below one of `allowed`.
    pub(crate) fn only(&self, allowed: &[&str]) -> bool {
        let below = |path: &str, top: &str| {
            path == top || path.strip_prefix(top).is_some_and(|r| r.starts_with('.'))
        };
        self.paths()
            .all(|path| allowed.iter().any(|top| below(&path, top)))
    }

    /// Takes the masked fields of `change` over into `target`. A masked field that `change` lacks is cleared. `*` stands
    /// for all fields.
    pub(crate) fn apply(&self, target: &mut Value, change: &Value) {
        for path in &self.0 {
            if path.len() == 1 && path[0] == "*" {
                *target = change.clone();
            } else {
                copy(target, change, path);
            }
        }
    }
}

fn copy(target: &mut Value, change: &Value, path: &[String]) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let new = change.get(first);
    if rest.is_empty() {
        match (target, new) {
            (Value::Object(fields), Some(new)) => drop(fields.insert(first.clone(), new.clone())),
            (Value::Object(fields), None) => drop(fields.remove(first)),
            _ => {}
        }
        return;
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else {
        return;
    };
    if new.is_none() && !fields.contains_key(first) {
        return;
    }
    let inner = fields
        .entry(first.clone())
        .or_insert_with(|| Value::Object(Map::new()));
    copy(inner, new.unwrap_or(&Value::Null), rest);
}

/// `min_instance_count` → `minInstanceCount`. What has no underscore stays as it is, map keys included.
pub(super) fn camel_case(part: &str) -> String {
    let mut words = part.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_masked_field_that_the_change_lacks_is_cleared() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "d": 3});
        FieldMask::parse("a.b,d")
            .unwrap()
            .apply(&mut target, &json!({"a": {"c": 9}}));
        assert_eq!(target, json!({"a": {"c": 2}}));
    }

    #[test]
    fn snake_case_and_camel_case_name_the_same_field() {
        let mut target = json!({});
        let change = json!({"rotation": {"nextRotationTime": "t", "rotationPeriod": "p"}});
        FieldMask::parse("rotation.next_rotation_time")
            .unwrap()
            .apply(&mut target, &change);
        assert_eq!(target, json!({"rotation": {"nextRotationTime": "t"}}));
    }

    #[test]
    fn a_field_outside_of_the_mask_is_left_alone() {
        let mut target = json!({"schedule": "0 3 * * *", "timeZone": "Europe/Rome"});
        let change = json!({"schedule": "0 4 * * *", "timeZone": "Etc/UTC"});
        FieldMask::parse("schedule")
            .unwrap()
            .apply(&mut target, &change);
        assert_eq!(
            target,
            json!({"schedule": "0 4 * * *", "timeZone": "Europe/Rome"})
        );
    }

    #[test]
    fn only_says_whether_a_mask_stays_below_some_fields() {
        let mask = FieldMask::parse("scaling.min_instance_count,labels").unwrap();
        assert!(mask.only(&["scaling", "labels"]));
        assert!(!mask.only(&["scal", "labels"]));
    }
}
