//! Lists of objects, for both APIs.

use super::object::{Object, Past, key};
use crate::{
    google::page,
    http::{ApiError, Call},
    store::View,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::sync::Arc;

const LARGEST_PAGE: usize = 1000;

/// What to list.
#[derive(Debug, Default)]
pub(super) struct Request<'a> {
    pub(super) bucket: &'a str,
    pub(super) prefix: &'a str,
    pub(super) delimiter: &'a str,
    /// The first name that may be listed.
    pub(super) start: &'a str,
    /// The first name that may not.
    pub(super) end: &'a str,
    /// List `dir/` as an object, too, and not only as a prefix.
    pub(super) trailing_delimiter: bool,
    pub(super) which: Which,
    pub(super) most: usize,
    pub(super) token: Option<&'a str>,
}

/// Which generations to list.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Which {
    #[default]
    Live,
    /// Noncurrent ones, too.
    Versions,
    /// Only those that were deleted and can be restored.
    SoftDeleted,
}

/// An object of a list.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Live(Arc<Object>),
    Past(Arc<Past>),
}

impl Entry {
    pub(super) fn object(&self) -> &Object {
        match self {
            Self::Live(object) => object,
            Self::Past(past) => &past.object,
        }
    }
}

/// A page of a list.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) entries: Vec<Entry>,
    pub(super) prefixes: Vec<String>,
    pub(super) next: Option<String>,
}

/// Lists in the order of the names' bytes, as Cloud Storage does.
pub(super) fn list(view: &View, request: &Request<'_>) -> Result<Listing, ApiError> {
    let after = request.token.map(decode).transpose()?;
    let mut listing = Listing::default();
    let mut last = String::new();
    for entry in entries(view, request, after.as_deref()) {
        let object = entry.object();
        if !request.end.is_empty() && object.name.as_str() >= request.end {
            break;
        }
        let place = place(object);
        let rolled = rolled_up(request, &object.name);
        // Where the list stood: a prefix stands for all names below it.
        let passed = |after: &String| {
            place <= *after || rolled.is_some_and(|rolled| rolled == after.as_str())
        };
        let repeated =
            rolled.is_some_and(|rolled| listing.prefixes.last().is_some_and(|last| last == rolled));
        if after.as_ref().is_some_and(passed) || (repeated && !shows_itself(request, &object.name))
        {
            continue;
        }
        if listing.entries.len() + listing.prefixes.len() >= request.most {
            listing.next = Some(page::token(&last));
            break;
        }
        match rolled {
            Some(rolled) => {
                rolled.clone_into(&mut last);
                if !repeated {
                    listing.prefixes.push(rolled.to_owned());
                }
                if shows_itself(request, &object.name) {
                    listing.entries.push(entry);
                }
            }
            None => {
                last = place;
                listing.entries.push(entry);
            }
        }
    }
    Ok(listing)
}

/// How many entries a page may have: 1000, or fewer if asked for.
pub(super) fn page_size(call: &Call, parameter: &str) -> Result<usize, ApiError> {
    let asked = call.query.parsed::<usize>(parameter)?.unwrap_or(0);
    Ok(if asked == 0 {
        LARGEST_PAGE
    } else {
        asked.min(LARGEST_PAGE)
    })
}

fn decode(token: &str) -> Result<String, ApiError> {
    let text = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| {
        ApiError::invalid(format!(
            "The page token {token:?} is not one that was handed out"
        ))
    })
}

/// Sorts by name, then generation.
fn place(object: &Object) -> String {
    format!("{}\0{:020}", object.name, object.generation)
}

/// The prefix that stands for a name when there is a delimiter.
fn rolled_up<'n>(request: &Request<'_>, name: &'n str) -> Option<&'n str> {
    let rest = name
        .strip_prefix(request.prefix)
        .filter(|_| !request.delimiter.is_empty())?;
    let at = rest.find(request.delimiter)?;
    Some(&name[..request.prefix.len() + at + request.delimiter.len()])
}

fn shows_itself(request: &Request<'_>, name: &str) -> bool {
    request.trailing_delimiter && rolled_up(request, name) == Some(name)
}

/// The objects that may be on the page, in order. `after` is where the last one ended: a place, or a prefix.
fn entries<'v>(
    view: &'v View,
    request: &Request<'_>,
    after: Option<&str>,
) -> Box<dyn Iterator<Item = Entry> + 'v> {
    let reached = after
        .and_then(|after| after.split('\0').next())
        .unwrap_or_default();
    let start = key(
        request.bucket,
        request.start.max(request.prefix).max(reached),
    );
    let prefix = key(request.bucket, request.prefix);
    let live = view.from::<Object>(&start).take_while({
        let prefix = prefix.clone();
        move |(key, _)| key.starts_with(&prefix)
    });
    let live = live.map(|(_, object)| Entry::Live(object.clone()));
    let wanted = request.which;
    if wanted == Which::Live {
        return Box::new(live);
    }
    let past = view
        .from::<Past>(&start)
        .take_while(move |(key, _)| key.starts_with(&prefix));
    let past =
        past.filter(move |(_, past)| past.gone_after.is_some() == (wanted == Which::SoftDeleted));
    let mut all: Vec<Entry> = past.map(|(_, past)| Entry::Past(past.clone())).collect();
    if wanted == Which::Versions {
        all.extend(live);
    }
    all.sort_by_cached_key(|entry| place(entry.object()));
    Box::new(all.into_iter())
}
