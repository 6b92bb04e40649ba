//! What is served, for a tour to prove that it went everywhere.

use crate::{Entry, apis, http::template::Template};
use axum::http::Method as Verb;
use std::borrow::Borrow;

/// How many routes local-gcp has, and those that were not visited, as "VERB template (name)".
///
/// A visit is an exchange that succeeded, was answered `501` because local-gcp says no more than that there, or `499`,
/// which is how Cloud Storage confirms that an upload is given up.
/// A method with several paths counts once for each.
pub fn unvisited<E: Borrow<Entry>>(entries: &[E]) -> (usize, Vec<String>) {
    let apis = apis::all();
    let routes: Vec<_> = apis.iter().flat_map(|api| &api.methods).collect();
    let visited = |verb: &Verb, id: &str, template: &Template| {
        entries.iter().map(Borrow::borrow).any(|entry| {
            entry.api == id
                && entry.method == verb.as_str()
                && (entry.status < 400 || matches!(entry.status, 499 | 501))
                && template.matches(&entry.path).is_some()
        })
    };
    let left = routes
        .iter()
        .filter(|method| !visited(&method.verb, method.id, &method.template))
        .map(|method| format!("{} {} ({})", method.verb, method.template.text(), method.id));
    (routes.len(), left.collect())
}
