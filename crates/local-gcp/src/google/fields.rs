//! The `fields` parameter: which parts of an answer to send, as in `items(name,size),nextPageToken` or `items/name`.

use crate::http::ApiError;
use serde_json::Value;

/// What to keep of an object. An empty list keeps all.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Selector(Vec<(String, Selector)>);

/// Parses a selector, which is as deep as it is long at most.
pub(crate) fn parse(text: &str) -> Result<Selector, ApiError> {
    let mut rest = text;
    let selector = list(&mut rest, 0).filter(|_| rest.is_empty());
    selector.ok_or_else(|| ApiError::invalid(format!("Invalid field selection {text}")))
}

const DEEPEST: usize = 32;

fn list(rest: &mut &str, depth: usize) -> Option<Selector> {
    let mut parts = vec![path(rest, depth)?];
    while let Some(after) = rest.strip_prefix(',') {
        *rest = after;
        parts.push(path(rest, depth)?);
    }
    Some(Selector(parts))
}

fn path(rest: &mut &str, depth: usize) -> Option<(String, Selector)> {
    let end = rest.find([',', '/', '(', ')']).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    *rest = after;
    if name.is_empty() || depth > DEEPEST {
        return None;
    }
    let inner = if let Some(after) = rest.strip_prefix('/') {
        *rest = after;
        Selector(vec![path(rest, depth + 1)?])
    } else if let Some(after) = rest.strip_prefix('(') {
        *rest = after;
        let inner = list(rest, depth + 1)?;
        *rest = rest.strip_prefix(')')?;
        inner
    } else {
        Selector(vec![])
    };
    Some((name.to_owned(), inner))
}

impl Selector {
    /// Removes from `value` what was not selected.
    pub(crate) fn apply(&self, value: &mut Value) {
        if self.0.is_empty() {
            return;
        }
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.apply(item)),
            Value::Object(fields) => fields.retain(|key, value| {
                let mut selected = self
                    .0
                    .iter()
                    .filter(|(name, _)| name == key || name == "*")
                    .peekable();
                let keep = selected.peek().is_some();
                // One field named several times (`a/b,a/c`) keeps the union.
                let inner: Vec<&Selector> = selected.map(|(_, inner)| inner).collect();
                apply_union(&inner, value);
                keep
            }),
            _ => {}
        }
    }
}

fn apply_union(selectors: &[&Selector], value: &mut Value) {
    match selectors {
        [] => {}
        [one] => one.apply(value),
        several if several.iter().any(|s| s.0.is_empty()) => {}
        several => {
            let parts = several.iter().flat_map(|s| s.0.iter().cloned()).collect();
            Selector(parts).apply(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn selected(fields: &str, mut value: Value) -> Value {
        parse(fields).unwrap().apply(&mut value);
        value
    }

    #[test]
    fn slashes_and_parentheses_select_alike() {
        let list = json!({"kind": "k", "items": [{"name": "a", "size": "1", "etag": "e"}], "nextPageToken": "t"});
        let wanted = json!({"items": [{"name": "a", "size": "1"}], "nextPageToken": "t"});
        assert_eq!(
            selected("items(name,size),nextPageToken", list.clone()),
            wanted
        );
        assert_eq!(
            selected("items/name,items/size,nextPageToken", list),
            wanted
        );
    }

    #[test]
    fn a_selection_that_cannot_be_read_is_refused() {
        for text in ["", "a,", "a(b", "a)b", "a//b", &"a/".repeat(100)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
