//! An event of any bytes: lines `name: value` are headers until the first empty line, and the rest is the body.
#![no_main]

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use nightshift_runtime::Event;

fuzz_target!(|input: &[u8]| {
    let (headers, body) = request(input);
    match Event::parse(&headers, Bytes::copy_from_slice(body)) {
        Ok(event) => {
            assert!(event.data.len() <= body.len());
            let _ = event.json::<std::collections::BTreeMap<String, u8>>();
        }
        Err(error) => assert!(error.to_string().len() < 1000),
    }
});

fn request(mut rest: &[u8]) -> (HeaderMap, &[u8]) {
    let mut headers = HeaderMap::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        if line.is_empty() {
            break;
        }
        if let Some(colon) = line.iter().position(|byte| *byte == b':')
            && let Ok(name) = HeaderName::from_bytes(&line[..colon])
            && let Ok(value) = HeaderValue::from_bytes(line[colon + 1..].trim_ascii())
        {
            headers.append(name, value);
        }
    }
    (headers, rest)
}
