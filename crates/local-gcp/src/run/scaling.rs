//! Service-level scaling, which takes effect without a new revision.
//!
//! What switching between the modes does to the counts is documented at
//! <https://cloud.google.com/run/docs/configuring/services/manual-scaling>.

use crate::{
    google::{mask::FieldMask, schema::Object},
    http::ApiError,
};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Automatic,
    Manual,
}

/// What a client wrote, as far as it counts.
pub(super) struct Written<'a> {
    pub(super) body: &'a Object,
    /// Absent: the body replaces everything.
    pub(super) mask: Option<&'a FieldMask>,
}

impl Written<'_> {
    /// Whether the client named a field of `scaling`. Zero counts when the mask names the very field, because the
    /// official clients leave zeros out of bodies.
    fn gave(&self, field: &str) -> bool {
        let path = format!("scaling.{field}");
        let in_body = || {
            let scaling = self.body.get("scaling");
            scaling.is_some_and(|scaling| scaling.get(field).is_some())
        };
        match self.mask {
            None => in_body(),
            Some(mask) => mask
                .paths()
                .any(|p| p == path || ((p == "scaling" || p == "*") && in_body())),
        }
    }
}

/// Brings the scaling of a new desired state in order, given the one before.
pub(super) fn settle(
    old: Option<&Object>,
    new: &mut Object,
    written: &Written,
) -> Result<(), ApiError> {
    let before = old.map_or(Mode::Automatic, mode);
    let after = mode(new);
    let mut scaling = match new.remove("scaling") {
        Some(Value::Object(scaling)) => scaling,
        _ => Object::new(),
    };
    check_counts(&scaling)?;
    match (before, after) {
        (Mode::Automatic, Mode::Manual) => to_manual(&mut scaling),
        (Mode::Manual, Mode::Automatic) => {
            let count = old.map_or(0, |old| count(old.get("scaling"), "manualInstanceCount"));
            to_automatic(&mut scaling, count, written)?;
        }
        (Mode::Manual, Mode::Manual) => stay_manual(&mut scaling)?,
        (Mode::Automatic, Mode::Automatic) => stay_automatic(&mut scaling, written)?,
    }
    for field in ["minInstanceCount", "maxInstanceCount"] {
        if scaling.get(field).and_then(Value::as_i64) == Some(0) {
            scaling.remove(field);
        }
    }
    new.insert("scaling".to_owned(), scaling.into());
    Ok(())
}

fn mode(spec: &Object) -> Mode {
    match spec.get("scaling").map(|scaling| &scaling["scalingMode"]) {
        Some(Value::String(mode)) if mode == "MANUAL" => Mode::Manual,
        _ => Mode::Automatic,
    }
}

fn count(scaling: Option<&Value>, field: &str) -> i64 {
    let value = scaling.and_then(|scaling| scaling.get(field));
    value.and_then(Value::as_i64).unwrap_or(0)
}

/// A count that is not given is the service-level minimum; minimum and maximum are unset then.
fn to_manual(scaling: &mut Object) {
    let minimum = scaling.remove("minInstanceCount");
    scaling.remove("maxInstanceCount");
    scaling
        .entry("manualInstanceCount")
        .or_insert_with(|| minimum.unwrap_or_else(|| 0.into()));
}

/// Both bounds or neither; with neither, both are what the manual count was.
fn to_automatic(scaling: &mut Object, manual: i64, written: &Written) -> Result<(), ApiError> {
    scaling.remove("manualInstanceCount");
    let gave = |field| written.gave(field);
    match (gave("minInstanceCount"), gave("maxInstanceCount")) {
        (true, true) => Ok(()),
        (false, false) => {
            scaling.insert("minInstanceCount".to_owned(), manual.into());
            scaling.insert("maxInstanceCount".to_owned(), manual.into());
            Ok(())
        }
        _ => Err(ApiError::invalid(
            "scaling: when changing from MANUAL to AUTOMATIC, give both min_instance_count and max_instance_count or \
             neither of them",
        )),
    }
}

fn stay_manual(scaling: &mut Object) -> Result<(), ApiError> {
    for field in ["minInstanceCount", "maxInstanceCount"] {
        if scaling.remove(field).is_some_and(|count| count != 0) {
            return Err(ApiError::invalid(format!(
                "scaling.{field} cannot be set while scaling_mode is MANUAL"
            )));
        }
    }
    scaling
        .entry("manualInstanceCount")
        .or_insert_with(|| 0.into());
    Ok(())
}

fn stay_automatic(scaling: &mut Object, written: &Written) -> Result<(), ApiError> {
    if scaling.remove("manualInstanceCount").is_some() && written.gave("manualInstanceCount") {
        return Err(ApiError::invalid(
            "scaling.manual_instance_count can be set only with scaling_mode MANUAL",
        ));
    }
    Ok(())
}

/// The rules that hold for the bounds of a service and of a revision alike.
pub(super) fn check_counts(scaling: &Object) -> Result<(), ApiError> {
    for field in [
        "minInstanceCount",
        "maxInstanceCount",
        "manualInstanceCount",
    ] {
        if let Some(negative) = scaling
            .get(field)
            .and_then(Value::as_i64)
            .filter(|n| *n < 0)
        {
            return Err(ApiError::invalid(format!(
                "scaling.{field} must not be negative, but is {negative}"
            )));
        }
    }
    let of = |field| scaling.get(field).and_then(Value::as_i64).unwrap_or(0);
    let (least, most) = (of("minInstanceCount"), of("maxInstanceCount"));
    if most > 0 && least > most {
        return Err(ApiError::invalid(format!(
            "min_instance_count {least} must not be greater than max_instance_count {most}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What becomes of `old` when a client sends `change` with `mask`.
    fn settled(old: &Value, change: &Value, mask: &str) -> Result<Value, ApiError> {
        let mask = FieldMask::parse(mask).unwrap();
        let mut new = json!({ "scaling": old });
        let body = json!({ "scaling": change });
        mask.apply(&mut new, &body);
        let object = |value: &Value| value.as_object().unwrap().clone();
        let (old, mut new, body) = (
            object(&json!({ "scaling": old })),
            object(&new),
            object(&body),
        );
        let written = Written {
            body: &body,
            mask: Some(&mask),
        };
        settle(Some(&old), &mut new, &written)?;
        Ok(new["scaling"].clone())
    }

    #[test]
    fn a_manual_count_that_is_not_given_is_the_minimum_and_the_bounds_are_unset() {
        let old = json!({"minInstanceCount": 2, "maxInstanceCount": 9});
        let manual = json!({"scalingMode": "MANUAL"});
        assert_eq!(
            settled(&old, &manual, "scaling.scaling_mode").unwrap(),
            json!({"scalingMode": "MANUAL", "manualInstanceCount": 2})
        );
        let off = json!({"scalingMode": "MANUAL", "manualInstanceCount": 0});
        let mask = "scaling.scaling_mode,scaling.manual_instance_count";
        assert_eq!(settled(&old, &off, mask).unwrap(), off);
    }

    #[test]
    fn the_way_back_takes_both_bounds_or_inherits_the_count() {
        let old = json!({"scalingMode": "MANUAL", "manualInstanceCount": 3});
        let back = json!({"scalingMode": "AUTOMATIC"});
        assert_eq!(
            settled(&old, &back, "scaling.scaling_mode").unwrap(),
            json!({"scalingMode": "AUTOMATIC", "minInstanceCount": 3, "maxInstanceCount": 3})
        );
        let change = json!({"scalingMode": "AUTOMATIC", "maxInstanceCount": 5});
        let one = "scaling.scaling_mode,scaling.max_instance_count";
        assert!(settled(&old, &change, one).is_err());
        // The official clients leave a zero out of the body; the mask names it all the same.
        let both = format!("{one},scaling.min_instance_count");
        assert_eq!(settled(&old, &change, &both).unwrap(), change);
    }

    #[test]
    fn bounds_are_refused_in_manual_mode_and_counts_in_automatic_mode() {
        let manual = json!({"scalingMode": "MANUAL", "manualInstanceCount": 3});
        let bound = json!({"minInstanceCount": 1});
        assert!(settled(&manual, &bound, "scaling.min_instance_count").is_err());
        let count = json!({"manualInstanceCount": 1});
        assert!(settled(&json!({}), &count, "scaling.manual_instance_count").is_err());
    }

    #[test]
    fn a_minimum_above_the_maximum_is_refused() {
        let old = json!({"maxInstanceCount": 2});
        assert!(
            settled(
                &old,
                &json!({"minInstanceCount": 3}),
                "scaling.min_instance_count"
            )
            .is_err()
        );
        assert!(
            settled(
                &old,
                &json!({"minInstanceCount": -1}),
                "scaling.min_instance_count"
            )
            .is_err()
        );
    }
}
