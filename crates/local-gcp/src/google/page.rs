//! Page sizes and page tokens.

use crate::http::{ApiError, Query};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// Which part of a list is wanted.
pub(crate) struct Page {
    size: usize,
    after: Option<String>,
}

impl Page {
    /// Reads `size_key` and `pageToken`. A size of 0 means the default, as it does at Google; more than `largest` is cut.
    pub(crate) fn of(
        query: &Query,
        size_key: &str,
        default: usize,
        largest: usize,
    ) -> Result<Self, ApiError> {
        Self::named(query, size_key, "pageToken", default, largest)
    }

    /// The same where the token has another name, too.
    pub(crate) fn named(
        query: &Query,
        size_key: &str,
        token_key: &str,
        default: usize,
        largest: usize,
    ) -> Result<Self, ApiError> {
        let size = query.parsed::<i64>(size_key)?.unwrap_or(0);
        let size = usize::try_from(size).map_err(|_| {
            ApiError::invalid(format!("{size_key} must not be negative, but is {size}"))
        })?;
        let size = if size == 0 {
            default
        } else {
            size.min(largest)
        };
        let token = query.get(token_key).filter(|token| !token.is_empty());
        let after = token.map(|token| {
            let bytes = URL_SAFE_NO_PAD.decode(token).ok();
            bytes
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| {
                    ApiError::invalid(format!(
                        "The page token {token:?} is not one that was handed out"
                    ))
                })
        });
        Ok(Self {
            size,
            after: after.transpose()?,
        })
    }

    /// The items of this page and the token of the next. `items` come in the order of their keys.
    pub(crate) fn cut<T>(
        &self,
        items: impl Iterator<Item = (String, T)>,
    ) -> (Vec<T>, Option<String>) {
        let mut page: Vec<(String, T)> = items
            .skip_while(|(key, _)| self.after.as_ref().is_some_and(|after| key <= after))
            .take(self.size + 1)
            .collect();
        let more = page.len() > self.size;
        page.truncate(self.size);
        let next = page.last().filter(|_| more).map(|(key, _)| token(key));
        (page.into_iter().map(|(_, item)| item).collect(), next)
    }
}

/// A list answer: absent rather than empty, as proto3 JSON has it.
pub(crate) fn listed(key: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut answer = json!({});
    if !items.is_empty() {
        answer[key] = items.into();
    }
    if let Some(next) = next {
        answer["nextPageToken"] = next.into();
    }
    answer
}

/// The token of the page that begins after `key`.
pub(crate) fn token(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_to_the_whole_list_and_the_last_has_no_token() {
        let items: Vec<(String, u32)> = (0..5).map(|n| (format!("k{n}"), n)).collect();
        let mut seen = vec![];
        let mut query = "pageSize=2".to_owned();
        loop {
            let page = Page::of(&Query::parse(&query), "pageSize", 100, 1000).unwrap();
            let (part, next) = page.cut(items.iter().cloned());
            seen.push(part);
            let Some(next) = next else { break };
            query = format!("pageSize=2&pageToken={next}");
        }
        assert_eq!(seen, [vec![0, 1], vec![2, 3], vec![4]]);
    }
}
