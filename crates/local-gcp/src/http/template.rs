//! Path templates in the syntax of `google.api.http`, as the discovery documents print them.
//!
//! `/v1/{name=projects/*/secrets/*}:access` matches three captured segments and a verb. Axum's own router cannot
//! express verbs, and two APIs may own the same path, so the templates are matched here.

use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// The variables of a matched path, decoded.
pub(crate) type Params = BTreeMap<&'static str, String>;

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Literal(&'static str),
    /// One non-empty segment.
    One,
    /// All that is left, slashes included; not empty.
    Rest,
}

/// A parsed path template.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    text: &'static str,
    pieces: Vec<Piece>,
    /// Variable name, first piece, number of pieces.
    variables: Vec<(&'static str, usize, usize)>,
    verb: Option<&'static str>,
}

impl Template {
    /// Parses a template that is part of this program.
    pub(crate) fn parse(text: &'static str) -> Self {
        let (path, verb) = match text.rfind(':') {
            Some(at) if !text[at..].contains(['}', '/']) => (&text[..at], Some(&text[at + 1..])),
            _ => (text, None),
        };
        let mut template = Self {
            text,
            pieces: vec![],
            variables: vec![],
            verb,
        };
        let mut rest = path.trim_start_matches('/');
        while !rest.is_empty() {
            if let Some((variable, after)) = rest.strip_prefix('{').and_then(|r| r.split_once('}'))
            {
                let (name, pattern) = variable.split_once('=').unwrap_or((variable, "*"));
                let start = template.pieces.len();
                template.pieces.extend(pattern.split('/').map(piece));
                template
                    .variables
                    .push((name, start, template.pieces.len() - start));
                rest = after.trim_start_matches('/');
            } else {
                let (segment, after) = rest.split_once('/').unwrap_or((rest, ""));
                template.pieces.push(piece(segment));
                rest = after;
            }
        }
        template
    }

    /// What was parsed.
    pub(crate) fn text(&self) -> &'static str {
        self.text
    }

    /// Verbs and literals come before wildcards when several templates match.
    pub(crate) fn precedence(&self) -> (bool, usize) {
        let literals = self
            .pieces
            .iter()
            .filter(|p| matches!(p, Piece::Literal(_)))
            .count();
        (self.verb.is_some(), literals)
    }

    /// Matches a path as it stood in the request line, still percent-encoded. A slash at the end makes no difference,
    /// except in a name that may hold slashes.
    pub(crate) fn matches(&self, path: &str) -> Option<Params> {
        let mut path = path.strip_prefix('/')?;
        if let Some(verb) = self.verb {
            path = path.strip_suffix(verb)?.strip_suffix(':')?;
        }
        let open_ended = self.pieces.last() == Some(&Piece::Rest);
        let segments: Vec<&str> = if open_ended {
            path.splitn(self.pieces.len(), '/').collect()
        } else {
            path.strip_suffix('/').unwrap_or(path).split('/').collect()
        };
        if segments.len() != self.pieces.len() && !(path.is_empty() && self.pieces.is_empty()) {
            return None;
        }
        let fits = self
            .pieces
            .iter()
            .zip(&segments)
            .all(|(piece, segment)| match piece {
                Piece::Literal(literal) => literal == segment,
                Piece::One | Piece::Rest => !segment.is_empty(),
            });
        if !fits {
            return None;
        }
        let capture = |&(name, start, count): &(&'static str, usize, usize)| {
            let decoded: Option<Vec<_>> = segments[start..start + count]
                .iter()
                .map(|s| decode(s))
                .collect();
            Some((name, decoded?.join("/")))
        };
        self.variables.iter().map(capture).collect()
    }
}

fn piece(text: &'static str) -> Piece {
    match text {
        "*" => Piece::One,
        "**" => Piece::Rest,
        literal => Piece::Literal(literal),
    }
}

fn decode(segment: &str) -> Option<String> {
    percent_decode_str(segment)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(template: &'static str, path: &str) -> Option<Vec<(String, String)>> {
        let params = Template::parse(template).matches(path)?;
        Some(params.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
    }

    #[test]
    fn a_variable_captures_the_whole_resource_name() {
        let found = matched(
            "/v1/{name=projects/*/secrets/*}:access",
            "/v1/projects/p/secrets/s:access",
        );
        assert_eq!(
            found,
            Some(vec![("name".into(), "projects/p/secrets/s".into())])
        );
    }

    #[test]
    fn an_encoded_slash_stays_within_its_segment() {
        let found = matched(
            "/storage/v1/b/{bucket}/o/{object}",
            "/storage/v1/b/bk/o/a%2Fb%20c",
        );
        assert_eq!(
            found,
            Some(vec![
                ("bucket".into(), "bk".into()),
                ("object".into(), "a/b c".into())
            ])
        );
    }

    #[test]
    fn the_rest_of_a_path_keeps_its_slashes() {
        let found = matched("/{bucket}/{object=**}", "/bk/a/b%2Fc");
        assert_eq!(
            found,
            Some(vec![
                ("bucket".into(), "bk".into()),
                ("object".into(), "a/b/c".into())
            ])
        );
    }

    #[test]
    fn another_verb_another_length_or_an_empty_segment_do_not_match() {
        assert_eq!(
            matched(
                "/v1/{name=projects/*/secrets/*}:access",
                "/v1/projects/p/secrets/s"
            ),
            None
        );
        assert_eq!(
            matched(
                "/v1/{name=projects/*/secrets/*}",
                "/v1/projects/p/secrets/s/versions"
            ),
            None
        );
        assert_eq!(
            matched("/v1/{name=projects/*/secrets/*}", "/v1/projects//secrets/s"),
            None
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_do_not_match() {
        assert_eq!(matched("/{bucket}/{object=**}", "/bk/%FF"), None);
    }
}
