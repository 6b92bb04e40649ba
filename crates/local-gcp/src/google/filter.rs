//! List filters, in the grammar of <https://google.aip.dev/160>: `labels.env=prod AND NOT state:DESTROYED`.
//!
//! Left out: functions, and the fuzzy matching of bare words, which are looked for in `name` here.

use super::mask::camel_case;
use crate::http::{ApiError, Query};
use jiff::Timestamp;
use serde_json::Value;
use std::cmp::Ordering;

/// Deeper nesting is refused.
const DEEPEST: usize = 32;

/// A parsed filter; the empty one matches everything.
pub(crate) struct Filter(Option<Node>);

enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Test {
        path: Vec<String>,
        operator: Operator,
        value: String,
    },
}

#[derive(Clone, Copy, PartialEq)]
enum Operator {
    Has,
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

impl Filter {
    /// Reads the query parameter `filter`.
    pub(crate) fn of(query: &Query) -> Result<Self, ApiError> {
        Self::parse(query.get("filter").unwrap_or_default())
    }

    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let invalid = || {
            ApiError::invalid(format!(
                "The list filter {text:?} is not valid: write for instance labels.env=prod AND state:ENABLED"
            ))
        };
        let tokens = tokens(text).ok_or_else(invalid)?;
        if tokens.is_empty() {
            return Ok(Self(None));
        }
        let mut parser = Parser {
            tokens: &tokens,
            depth: 0,
        };
        let node = parser.expression().ok_or_else(invalid)?;
        if !parser.tokens.is_empty() {
            return Err(invalid());
        }
        Ok(Self(Some(node)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a resource, in its JSON form, is wanted.
    pub(crate) fn matches(&self, resource: &Value) -> bool {
        self.0.as_ref().is_none_or(|node| node.matches(resource))
    }
}

const SIGNS: [&str; 9] = ["!=", "<=", ">=", "<", ">", "=", ":", "(", ")"];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = vec![];
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' || first == '\'' {
            let (quoted, after) = rest[1..].split_once(first)?;
            tokens.push(Token::Text(quoted.to_owned()));
            rest = after;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            // A time has colons of its own, and a number its minus: both belong to the word once a comparison has begun.
            let comparing =
                matches!(tokens.last(), Some(Token::Sign(sign)) if !["(", ")", "-"].contains(sign));
            if first == '-' && !comparing {
                tokens.push(Token::Sign("-"));
                rest = &rest[1..];
                continue;
            }
            let ends =
                |c: char| c.is_whitespace() || "!<>=()\"'".contains(c) || (c == ':' && !comparing);
            let end = rest.find(ends).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Some(tokens)
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Parser<'_> {
    fn next_is(&mut self, wanted: &Token) -> bool {
        let found = self.tokens.first() == Some(wanted);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn next_is_word(&mut self, word: &str) -> bool {
        self.next_is(&Token::Word(word.to_owned()))
    }

    fn take(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    /// Factors joined by `AND` or by nothing but a space.
    fn expression(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut factors = vec![self.factor()?];
        while !self.tokens.is_empty() && self.tokens[0] != Token::Sign(")") {
            self.next_is_word("AND");
            factors.push(self.factor()?);
        }
        self.depth -= 1;
        Some(Node::All(factors))
    }

    /// Terms joined by `OR`, which binds more tightly than `AND`.
    fn factor(&mut self) -> Option<Node> {
        let mut terms = vec![self.term()?];
        while self.next_is_word("OR") {
            terms.push(self.term()?);
        }
        Some(Node::Any(terms))
    }

    fn term(&mut self) -> Option<Node> {
        if self.next_is_word("NOT") || self.next_is(&Token::Sign("-")) {
            return Some(Node::Not(Box::new(self.simple()?)));
        }
        self.simple()
    }

    fn simple(&mut self) -> Option<Node> {
        if self.next_is(&Token::Sign("(")) {
            let inner = self.expression()?;
            return self.next_is(&Token::Sign(")")).then_some(inner);
        }
        let (Token::Word(name) | Token::Text(name)) = self.take()? else {
            return None;
        };
        let operator = match self.tokens.first() {
            Some(Token::Sign(":")) => Operator::Has,
            Some(Token::Sign("=")) => Operator::Equal,
            Some(Token::Sign("!=")) => Operator::NotEqual,
            Some(Token::Sign("<")) => Operator::Less,
            Some(Token::Sign("<=")) => Operator::AtMost,
            Some(Token::Sign(">")) => Operator::More,
            Some(Token::Sign(">=")) => Operator::AtLeast,
            _ => return Some(test("name", Operator::Has, name)),
        };
        self.take();
        if self.next_is(&Token::Sign("(")) {
            return self.alternatives(&name, operator);
        }
        let (Token::Word(value) | Token::Text(value)) = self.take()? else {
            return None;
        };
        Some(test(&name, operator, value))
    }

    /// `state:(ENABLED OR DISABLED)`.
    fn alternatives(&mut self, name: &str, operator: Operator) -> Option<Node> {
        let mut tests = vec![];
        loop {
            let (Token::Word(value) | Token::Text(value)) = self.take()? else {
                return None;
            };
            tests.push(test(name, operator, value));
            if self.next_is(&Token::Sign(")")) {
                return Some(Node::Any(tests));
            }
            if !self.next_is_word("OR") {
                return None;
            }
        }
    }
}

fn test(path: &str, operator: Operator, value: String) -> Node {
    Node::Test {
        path: path.split('.').map(str::to_owned).collect(),
        operator,
        value,
    }
}

impl Node {
    fn matches(&self, resource: &Value) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(resource)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(resource)),
            Self::Not(node) => !node.matches(resource),
            Self::Test {
                path,
                operator,
                value,
            } => {
                let found = values(resource, path);
                // Unlike the other comparisons, this one holds for what is not there.
                if *operator == Operator::NotEqual {
                    return !found.iter().any(|v| compares(v, Operator::Equal, value));
                }
                found.iter().any(|v| compares(v, *operator, value))
            }
        }
    }
}

/// What a path leads to; through a list, it leads to something in each element.
fn values<'a>(from: &'a Value, path: &[String]) -> Vec<&'a Value> {
    if let Value::Array(items) = from {
        return items.iter().flat_map(|item| values(item, path)).collect();
    }
    let Some((first, rest)) = path.split_first() else {
        return vec![from];
    };
    let inner = from
        .get(first.as_str())
        .or_else(|| from.get(camel_case(first)));
    inner.map_or_else(Vec::new, |inner| values(inner, rest))
}

fn compares(found: &Value, operator: Operator, wanted: &str) -> bool {
    let text = match found {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let anywhere = || fields.values().any(|v| compares(v, operator, wanted));
            let key = wanted == "*" || fields.contains_key(wanted);
            return operator == Operator::Has && (key || anywhere());
        }
        other => other.to_string(),
    };
    let order = || order(&text, wanted);
    match operator {
        Operator::Has if wanted == "*" => true,
        Operator::Has => text.to_lowercase().contains(&wanted.to_lowercase()),
        Operator::Equal => order() == Ordering::Equal,
        Operator::NotEqual => order() != Ordering::Equal,
        Operator::Less => order() == Ordering::Less,
        Operator::AtMost => order() != Ordering::Greater,
        Operator::More => order() == Ordering::Greater,
        Operator::AtLeast => order() != Ordering::Less,
    }
}

/// Times by when they are, numbers by their size, all else by its letters.
fn order(a: &str, b: &str) -> Ordering {
    if let (Ok(a), Ok(b)) = (a.parse::<Timestamp>(), b.parse::<Timestamp>()) {
        return a.cmp(&b);
    }
    if let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>()) {
        return a.total_cmp(&b);
    }
    a.cmp(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(filter: &str) -> bool {
        let secret = json!({
            "name": "projects/1/secrets/db-main",
            "labels": {"env": "prod", "a_b": "x"},
            "topics": [{"name": "projects/1/topics/t1"}, {"name": "projects/1/topics/t2"}],
            "createTime": "2026-11-01T12:00:00Z",
            "rotation": {"nextRotationTime": "2026-12-01T00:00:00Z"},
            "state": "DISABLED",
        });
        Filter::parse(filter).unwrap().matches(&secret)
    }

    #[test]
    fn the_filters_of_the_documentation_match_what_they_say() {
        for filter in [
            "",
            "name:main",
            "db-main",
            "name:other OR name:main",
            "labels.env=prod",
            "labels.a_b=x AND labels:env",
            "labels.env:*",
            "NOT labels.team:*",
            "-labels.env=test name:db",
            "topics:t2",
            "topics.name=projects/1/topics/t1",
            "create_time>2026-11-01T11:00:00Z",
            "create_time<=\"2026-11-01T13:00:00+01:00\"",
            "rotation.next_rotation_time<2027-01-01T00:00:00Z",
            "state:(ENABLED OR DISABLED)",
            "(name:nothing OR state:DISABLED) AND labels.env!=test",
            "labels.absent!=x",
        ] {
            assert!(matches(filter), "{filter}");
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        for filter in [
            "name:other",
            "labels.env=pro",
            "labels.team:*",
            "NOT name:db",
            "state:ENABLED",
            "state:(ENABLED OR DESTROYED)",
            "create_time>2026-11-01T12:00:00Z",
            "name:db AND name:x OR name:y",
            "labels.absent=x",
        ] {
            assert!(!matches(filter), "{filter}");
        }
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused() {
        let deep = "(".repeat(100_000);
        for filter in [
            "name:", "(name:a", "name:a)", "= x", "\"open", "a AND", "!", "a:(b", &deep,
        ] {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
    }
}
