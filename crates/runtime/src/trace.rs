//! Which trace a request belongs to, so that every line about it can say so.

use http::HeaderMap;
use tracing::{Span, error_span, field::Empty};

/// The trace and the span of whoever sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TraceContext {
    /// 32 hexadecimal digits, not all zero.
    pub(crate) trace: String,
    /// 16 hexadecimal digits, not all zero.
    pub(crate) span: Option<String>,
    /// Whether the sender records it.
    pub(crate) sampled: bool,
}

impl TraceContext {
    /// From `traceparent` (W3C), else from Google's older `X-Cloud-Trace-Context`. One that is malformed is as good as none:
    /// the standard says so, and nothing but a log depends on it.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name)?.to_str().ok();
        text("traceparent")
            .and_then(Self::from_traceparent)
            .or_else(|| text("x-cloud-trace-context").and_then(Self::from_google))
    }

    /// `00-TRACE-SPAN-FLAGS`: <https://www.w3.org/TR/trace-context/#traceparent-header>. Later versions may have more
    /// fields behind.
    pub(crate) fn from_traceparent(text: &str) -> Option<Self> {
        let mut fields = text.trim().split('-');
        let (version, trace, span, flags) = (
            fields.next()?,
            fields.next()?,
            fields.next()?,
            fields.next()?,
        );
        let more = fields.next().is_some();
        if !is_hex(version, 2) || version == "ff" || (version == "00" && more) || !is_hex(flags, 2)
        {
            return None;
        }
        let flags = u8::from_str_radix(flags, 16).ok()?;
        (is_id(trace, 32) && is_id(span, 16)).then(|| Self {
            trace: trace.to_owned(),
            span: Some(span.to_owned()),
            sampled: flags & 1 == 1,
        })
    }

    /// `TRACE/SPAN;o=1` with a decimal span, which may be absent as may be the rest:
    /// <https://docs.cloud.google.com/trace/docs/trace-context>.
    fn from_google(text: &str) -> Option<Self> {
        let (ids, options) = text.trim().split_once(';').unwrap_or((text.trim(), ""));
        let (trace, span) = ids.split_once('/').unwrap_or((ids, "0"));
        let trace = trace.to_ascii_lowercase();
        let span: u64 = span.parse().ok()?;
        is_id(&trace, 32).then(|| Self {
            trace,
            span: (span != 0).then(|| format!("{span:016x}")),
            sampled: options.trim() == "o=1",
        })
    }

    /// The trace as Cloud Logging names it, which links a line to it. Without a project, the bare id.
    pub(crate) fn resource(&self, project: Option<&str>) -> String {
        match project {
            Some(project) => format!("projects/{project}/traces/{}", self.trace),
            None => self.trace.clone(),
        }
    }
}

/// The span of one request, whose trace every line within it names. At `error`, so that no level of logging hides it from
/// the lines that are shown.
pub(crate) fn request(sender: Option<TraceContext>, project: Option<&str>) -> Span {
    let span = error_span!(
        "request",
        trace = Empty,
        span_id = Empty,
        trace_sampled = Empty
    );
    #[cfg(feature = "otlp")]
    let sender = crate::telemetry::otlp::adopt(&span, sender.as_ref()).or(sender);
    if let Some(context) = sender {
        span.record("trace", context.resource(project));
        if let Some(parent) = &context.span {
            span.record("span_id", parent.as_str());
        }
        span.record("trace_sampled", context.sampled);
    }
    span
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    type Found = (String, Option<String>, bool);

    fn of(name: &'static str, value: &str) -> Option<Found> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        TraceContext::of(&headers).map(|found| (found.trace, found.span, found.sampled))
    }

    fn found(span: Option<&str>, sampled: bool) -> Found {
        (TRACE.to_owned(), span.map(str::to_owned), sampled)
    }

    #[test]
    fn both_headers_are_read() {
        let span = Some("00f067aa0ba902b7");
        for (name, value, expected) in [
            (
                "traceparent",
                format!("00-{TRACE}-00f067aa0ba902b7-01"),
                found(span, true),
            ),
            (
                "traceparent",
                format!("00-{TRACE}-00f067aa0ba902b7-00"),
                found(span, false),
            ),
            (
                "traceparent",
                format!("cc-{TRACE}-00f067aa0ba902b7-01-what"),
                found(span, true),
            ),
            (
                "x-cloud-trace-context",
                format!("{TRACE}/67667974448284343;o=1"),
                found(span, true),
            ),
            (
                "x-cloud-trace-context",
                format!("{TRACE}/67667974448284343"),
                found(span, false),
            ),
            (
                "x-cloud-trace-context",
                TRACE.to_owned(),
                found(None, false),
            ),
        ] {
            assert_eq!(of(name, &value), Some(expected), "{name}: {value}");
        }
    }

    #[test]
    fn malformed_ones_are_as_good_as_none() {
        let zero = "0".repeat(32);
        for value in [
            String::new(),
            "00".to_owned(),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("00-{zero}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{TRACE}é-00f067aa0ba902b7-01"),
        ] {
            assert_eq!(of("traceparent", &value), None, "{value}");
        }
        for value in [
            zero.as_str(),
            "x/1",
            "4bf92f3577b34da6a3ce929d0e0e4736/99999999999999999999",
        ] {
            assert_eq!(of("x-cloud-trace-context", value), None, "{value}");
        }
    }

    #[test]
    fn the_standard_header_goes_first() {
        let mut headers = HeaderMap::new();
        headers.insert("x-cloud-trace-context", "1".repeat(32).parse().unwrap());
        let standard = format!("00-{TRACE}-00f067aa0ba902b7-01");
        headers.insert("traceparent", standard.parse().unwrap());
        let found = TraceContext::of(&headers).unwrap();
        assert_eq!(found.trace, TRACE);
        assert_eq!(
            found.resource(Some("demo")),
            format!("projects/demo/traces/{TRACE}")
        );
        assert_eq!(found.resource(None), TRACE);
    }
}
