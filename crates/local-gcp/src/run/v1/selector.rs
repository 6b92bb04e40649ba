//! Label selectors, in the syntax of Kubernetes, which gcloud narrows lists with.

use crate::http::{ApiError, Call};
use serde_json::Value;

/// What the labels of an item have to be; all of it.
pub(super) struct Selector(Vec<Requirement>);

struct Requirement {
    label: String,
    /// Whether one of the values is wanted, or none of them.
    wanted: bool,
    values: Vec<String>,
}

impl Selector {
    /// `labelSelector` of a list.
    pub(super) fn of(call: &Call) -> Result<Self, ApiError> {
        Self::parse(call.query.get("labelSelector").unwrap_or_default())
    }

    /// `a=b, c == d, e != f, g in (h, i), j notin (k)`.
    fn parse(text: &str) -> Result<Self, ApiError> {
        let mut depth = 0_i32;
        let parts = text.split(|c| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            c == ',' && depth == 0
        });
        let parts = parts.map(str::trim).filter(|part| !part.is_empty());
        let parsed = parts.map(|part| {
            Requirement::parse(part).ok_or_else(|| {
                ApiError::invalid(format!(
                    "labelSelector: {part:?} is not of the form LABEL=VALUE, LABEL!=VALUE, LABEL in (VALUES) or LABEL notin \
                     (VALUES)"
                ))
            })
        });
        Ok(Self(parsed.collect::<Result<_, _>>()?))
    }

    /// Whether an item in the v1 form is one of those.
    pub(super) fn takes(&self, item: &Value) -> bool {
        self.0.iter().all(|requirement| {
            let label = &item["metadata"]["labels"][&requirement.label];
            let found = requirement.values.iter().any(|value| label == value);
            found == requirement.wanted
        })
    }
}

impl Requirement {
    fn parse(text: &str) -> Option<Self> {
        let of_set = |(label, set): (&str, &str), wanted| {
            let values = set.trim().strip_prefix('(')?.strip_suffix(')')?;
            let values = values.split(',').map(|value| value.trim().to_owned());
            Some((label.to_owned(), wanted, values.collect()))
        };
        let of_one = |(label, value): (&str, &str), wanted| {
            (label.to_owned(), wanted, vec![value.trim().to_owned()])
        };
        let (label, wanted, values) = if let Some(parts) = text.split_once(" notin ") {
            of_set(parts, false)?
        } else if let Some(parts) = text.split_once(" in ") {
            of_set(parts, true)?
        } else if let Some(parts) = text.split_once("!=") {
            of_one(parts, false)
        } else {
            of_one(
                text.split_once("==").or_else(|| text.split_once('='))?,
                true,
            )
        };
        let label = label.trim().to_owned();
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        (!label.is_empty() && label.chars().all(legal)).then_some(Self {
            label,
            wanted,
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_item_has_to_meet_every_requirement() {
        let item = json!({"metadata": {"labels": {"g/a": "x", "b": "y"}}});
        for (selector, taken) in [
            ("", true),
            ("g/a=x", true),
            ("g/a = x", true),
            ("g/a==x,b = y", true),
            ("g/a=x,b=z", false),
            ("b in (z,y), g/a in (x)", true),
            ("b in (z)", false),
            ("b notin (z,w),g/a!=y", true),
            ("c=x", false),
            ("c!=x", true),
        ] {
            assert_eq!(
                Selector::parse(selector).unwrap().takes(&item),
                taken,
                "{selector}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for selector in ["a", "a in x", "=x", "a b = c"] {
            let refused = Selector::parse(selector).err().map(|error| error.message);
            assert!(
                refused.is_some_and(|message| message.contains("labelSelector")),
                "{selector}"
            );
        }
    }
}
