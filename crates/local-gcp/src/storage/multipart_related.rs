//! `multipart/related` bodies: metadata, media, and perhaps checksums.
//!
//! Three things that clients were seen to do and a general parser refuses: gcloud quotes the boundary with single quotes and
//! ends lines with a bare LF, and the Rust client gives its media part no content type.

use crate::http::ApiError;
use memchr::memmem;

/// One part: its content type, if it names one, and its bytes.
#[derive(Debug, PartialEq)]
pub(super) struct Part<'a> {
    pub(super) content_type: Option<&'a str>,
    pub(super) body: &'a [u8],
}

pub(super) fn parse<'a>(content_type: &str, body: &'a [u8]) -> Result<Vec<Part<'a>>, ApiError> {
    let boundary = boundary(content_type).ok_or_else(|| {
        malformed(&format!(
            "the content type {content_type:?} names no boundary"
        ))
    })?;
    let delimiter = format!("--{boundary}").into_bytes();
    let starts: Vec<usize> = memmem::find_iter(body, &delimiter)
        .filter(|at| *at == 0 || body[*at - 1] == b'\n')
        .collect();
    let first = *starts
        .first()
        .ok_or_else(|| malformed("the boundary does not occur"))?;
    let newline: &[u8] = if body[first + delimiter.len()..].starts_with(b"\r\n") {
        b"\r\n"
    } else {
        b"\n"
    };
    let mut parts = vec![];
    for pair in starts.windows(2) {
        let content = &body[pair[0] + delimiter.len()..pair[1]];
        let content = content
            .strip_prefix(newline)
            .ok_or_else(|| malformed("a boundary line goes on"))?;
        parts.push(part(
            content.strip_suffix(newline).unwrap_or(content),
            newline,
        )?);
    }
    let last = starts.last().copied().unwrap_or_default();
    if !body[last + delimiter.len()..].starts_with(b"--") {
        return Err(malformed("the closing boundary is missing"));
    }
    Ok(parts)
}

fn part<'a>(content: &'a [u8], newline: &[u8]) -> Result<Part<'a>, ApiError> {
    let blank = [newline, newline].concat();
    let (head, body) = if let Some(body) = content.strip_prefix(newline) {
        (&b""[..], body)
    } else {
        let at = memmem::find(content, &blank).ok_or_else(|| malformed("a part has no body"))?;
        (&content[..at], &content[at + blank.len()..])
    };
    let head = std::str::from_utf8(head).map_err(|_| malformed("a part's headers are not text"))?;
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    let mut types = headers.filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-type"));
    Ok(Part {
        content_type: types.next().map(|(_, value)| value.trim()),
        body,
    })
}

fn boundary(content_type: &str) -> Option<&str> {
    let parameters = content_type
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters
        .into_iter()
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    let value = value.trim();
    let unquoted = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    Some(unquoted.unwrap_or(value)).filter(|boundary| !boundary.is_empty())
}

fn malformed(problem: &str) -> ApiError {
    ApiError::invalid(format!("Malformed multipart body: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_gcloud_with_single_quotes_and_bare_line_feeds_is_read() {
        let body = b"--===0==\nContent-Type: application/json\nMIME-Version: 1.0\n\n{\"name\": \"a\"}\n--===0==\n\
            Content-Type: text/plain\n\na\r\n\n--===0==--";
        let parts = parse("multipart/related; boundary='===0=='", body).unwrap();
        assert_eq!(
            parts[0],
            Part {
                content_type: Some("application/json"),
                body: b"{\"name\": \"a\"}"
            }
        );
        // The carriage return belongs to the media: these lines end with a line feed alone.
        assert_eq!(
            parts[1],
            Part {
                content_type: Some("text/plain"),
                body: b"a\r\n"
            }
        );
    }

    #[test]
    fn a_part_without_headers_and_one_that_holds_the_boundary_text_are_read() {
        let body =
            b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\n\r\nx--b\r\n\r\n--b--\r\n";
        let parts = parse("multipart/related; boundary=\"b\"", body).unwrap();
        assert_eq!(
            parts[1],
            Part {
                content_type: None,
                body: b"x--b\r\n"
            }
        );
    }

    #[test]
    fn a_body_that_breaks_off_is_refused() {
        for body in [
            &b""[..],
            b"--b\r\n",
            b"--b\r\nA: b\r\n\r\nx",
            b"--b\r\nx\r\n--b--",
        ] {
            assert!(
                parse("multipart/related; boundary=b", body).is_err(),
                "{body:?}"
            );
        }
        assert!(parse("multipart/related", b"--b\r\n\r\nx\r\n--b--").is_err());
    }
}
