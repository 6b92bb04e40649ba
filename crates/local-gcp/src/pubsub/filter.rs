//! The filter language of subscriptions: which messages, by their attributes.
//!
//! `attributes:key`, `attributes.key = "v"`, `attributes.key != "v"`, `hasPrefix(attributes.key, "v")`, `NOT` or `-`, `AND`,
//! `OR` and parentheses. `AND` and `OR` may not stand side by side without parentheses.

use std::collections::BTreeMap;

/// Longest filter, in bytes.
const LONGEST: usize = 256;

/// A parsed filter.
#[derive(Debug, PartialEq)]
pub(super) enum Filter {
    Has(String),
    Equals(String, String),
    Prefix(String, String),
    Not(Box<Filter>),
    All(Vec<Filter>),
    Any(Vec<Filter>),
}

impl Filter {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!(
                "a filter has {LONGEST} bytes at most, this one has {}",
                text.len()
            ));
        }
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
        };
        let filter = parser.expression()?;
        match parser.peek() {
            None => Ok(filter),
            Some(token) => Err(format!("{token:?} was not expected")),
        }
    }

    pub(super) fn matches(&self, attributes: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Has(key) => attributes.contains_key(key),
            Self::Equals(key, value) => attributes.get(key) == Some(value),
            Self::Prefix(key, prefix) => attributes.get(key).is_some_and(|v| v.starts_with(prefix)),
            Self::Not(inner) => !inner.matches(attributes),
            Self::All(parts) => parts.iter().all(|part| part.matches(attributes)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(attributes)),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

const SIGNS: [&str; 8] = ["!=", "=", ":", ".", "(", ")", ",", "-"];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = vec![];
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (value, after) = quoted(&rest[1..])?;
            tokens.push(Token::Text(value));
            rest = after;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let word = |c: char| c.is_alphanumeric() || c == '_' || (c == '-');
            let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("{first:?} was not expected"));
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

/// The text up to the closing quote, and what follows it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, c @ ('"' | '\\'))) => value.push(c),
                _ => return Err("only \\\" and \\\\ may be escaped in quotes".to_owned()),
            },
            c => value.push(c),
        }
    }
    Err("a quote is not closed".to_owned())
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.takes(&Token::Word(word.to_owned()))
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        if self.takes(&Token::Sign(sign)) {
            Ok(())
        } else {
            Err(format!("{sign:?} is missing"))
        }
    }

    fn expression(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.term()?];
        let joined_by = match self.peek() {
            Some(Token::Word(word)) if word == "AND" || word == "OR" => word.clone(),
            _ => return Ok(parts.remove(0)),
        };
        while self.takes_word(&joined_by) {
            parts.push(self.term()?);
        }
        if matches!(self.peek(), Some(Token::Word(word)) if word == "AND" || word == "OR") {
            return Err("AND and OR need parentheses between them".to_owned());
        }
        Ok(if joined_by == "AND" {
            Filter::All(parts)
        } else {
            Filter::Any(parts)
        })
    }

    fn term(&mut self) -> Result<Filter, String> {
        if self.takes_word("NOT") || self.takes(&Token::Sign("-")) {
            return Ok(Filter::Not(Box::new(self.term()?)));
        }
        if self.takes(&Token::Sign("(")) {
            let inner = self.expression()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.takes_word("hasPrefix") {
            self.expect("(")?;
            self.attributes()?;
            self.expect(".")?;
            let key = self.key()?;
            self.expect(",")?;
            let prefix = self.value()?;
            self.expect(")")?;
            return Ok(Filter::Prefix(key, prefix));
        }
        self.attributes()?;
        if self.takes(&Token::Sign(":")) {
            return Ok(Filter::Has(self.key()?));
        }
        self.expect(".")?;
        let key = self.key()?;
        if self.takes(&Token::Sign("!=")) {
            return Ok(Filter::Not(Box::new(Filter::Equals(key, self.value()?))));
        }
        self.expect("=")?;
        Ok(Filter::Equals(key, self.value()?))
    }

    fn attributes(&mut self) -> Result<(), String> {
        if self.takes_word("attributes") {
            Ok(())
        } else {
            Err("\"attributes\" is missing".to_owned())
        }
    }

    fn key(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(key) | Token::Text(key)) => Ok(key),
            _ => Err("the key of an attribute is missing".to_owned()),
        }
    }

    fn value(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Text(value)) => Ok(value),
            _ => Err("a value in double quotes is missing".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(filter: &str, attributes: &[(&str, &str)]) -> bool {
        let attributes = attributes
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Filter::parse(filter)
            .unwrap_or_else(|e| panic!("{filter}: {e}"))
            .matches(&attributes)
    }

    #[test]
    fn every_operator_selects_what_the_documentation_says() {
        let message = [("domain", "com.example"), ("iana.org/language_tag", "en")];
        for (filter, wanted) in [
            ("attributes:domain", true),
            ("attributes:name", false),
            ("attributes.domain = \"com.example\"", true),
            ("attributes.domain != \"com.example\"", false),
            ("attributes.name != \"x\"", true),
            ("hasPrefix(attributes.domain, \"com.\")", true),
            ("NOT attributes:name", true),
            ("-attributes:domain", false),
            ("attributes:\"iana.org/language_tag\"", true),
            (
                "attributes.\"iana.org/language_tag\"=\"en\" AND attributes:domain",
                true,
            ),
            (
                "(attributes:name OR attributes:domain) AND NOT attributes:x",
                true,
            ),
        ] {
            assert_eq!(matches(filter, &message), wanted, "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for filter in [
            "",
            "domain",
            "attributes.domain = com",
            "attributes:a AND attributes:b OR attributes:c",
            "attributes:a)",
            "(attributes:a",
            "attributes.a = \"b",
            &format!("attributes:{}", "a".repeat(256)),
        ] {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
    }
}
