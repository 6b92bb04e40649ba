use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn layout(config: Value) -> Layout {
    serde_json::from_value(config).unwrap()
}

fn payload(text: &str) -> Payload {
    text.to_owned().into()
}

fn write(layout: &Layout, base: &str, user: Option<&str>, password: &str) -> String {
    let credential = Credential {
        user,
        password: &password.into(),
    };
    let written = layout.write(Some(&payload(base)), credential).unwrap();
    written.expose_text().unwrap().to_owned()
}

fn misfit(layout: &Layout, text: &str) -> String {
    match layout.read(&payload(text)) {
        Ok(_) => panic!("it fits"),
        Err(Misfit(why)) => why,
    }
}

const RDS_LIKE: &str = r#"{
  "engine" : "postgres", "host":"10.0.0.3",
  "port": 5432, "username": "app_a", "password": "old",
  "big": 123456789012345678901234567890.10, "nested": {"password": "untouched"}
}"#;

#[test]
fn a_json_payload_keeps_its_other_fields_byte_for_byte() {
    let layout = layout(json!({"json": {"user": "username", "host": "host", "port": "port"}}));
    let written = write(&layout, RDS_LIKE, Some("app_b"), "a\"b\\c");
    let expected = RDS_LIKE
        .replace("\"app_a\"", "\"app_b\"")
        .replace("\"old\"", r#""a\"b\\c""#);
    assert_eq!(written, expected);
    let login = layout.read(&payload(&written)).unwrap();
    assert_eq!(login.user.as_deref(), Some("app_b"));
    assert_eq!(login.password.expose_secret(), "a\"b\\c");
    assert_eq!(login.places[0].host.as_deref(), Some("10.0.0.3"));
    assert_eq!(login.places[0].port, Some(5432));
}

#[test]
fn nested_fields_are_named_by_pointer() {
    let layout = layout(json!({"json": {"password": "/nested/password"}}));
    let written = write(&layout, RDS_LIKE, None, "new");
    assert_eq!(written, RDS_LIKE.replace("untouched", "new"));
}

#[test]
fn urls_in_fields_follow_percent_encoded() {
    let layout = layout(json!({"json": {"user": "user", "urls": ["DATABASE_URL"]}}));
    let base = r#"{"DATABASE_URL":"postgres://a:p%40ss@db:6432/shop?sslmode=require","user":"a","password":"p@ss"}"#;
    let written = write(&layout, base, Some("b"), "x@/:?#%");
    assert_eq!(
        written,
        r#"{"DATABASE_URL":"postgres://b:x%40%2F%3A%3F%23%25@db:6432/shop?sslmode=require","user":"b","password":"x@/:?#%"}"#
    );
    let login = layout.read(&payload(&written)).unwrap();
    assert_eq!(login.places[1].host.as_deref(), Some("db"));
    assert_eq!(login.places[1].port, Some(6432));
    assert_eq!(login.places[1].database.as_deref(), Some("shop"));
}

#[test]
fn a_url_and_a_field_that_disagree_are_noticed() {
    let layout = layout(json!({"json": {"urls": ["url"]}}));
    assert_eq!(
        misfit(
            &layout,
            r#"{"url":"postgres://a:one@db/x","password":"two"}"#
        ),
        "field `url` and field `password` hold different passwords"
    );
}

#[test]
fn a_payload_can_be_a_url() {
    let base = "postgresql://app:old@[::1]:5433/shop";
    let written = write(&Layout::Url, base, None, "p w");
    assert_eq!(written, "postgresql://app:p%20w@[::1]:5433/shop");
    let login = Layout::Url.read(&payload(&written)).unwrap();
    assert_eq!(login.password.expose_secret(), "p w");
    assert_eq!(login.places[0].host.as_deref(), Some("::1"));
    assert_eq!(login.places[0].port, Some(5433));
}

#[test]
fn what_does_not_fit_is_named_without_its_content() {
    let fields = layout(json!({"json": {"user": "user"}}));
    let cases = [
        (
            &fields,
            "hunter2",
            "it is not a JSON object: line 1, column 1",
        ),
        (
            &fields,
            r#"["hunter2"]"#,
            "it is not a JSON object: line 1, column 0",
        ),
        (&fields, r#"{"user":"a"}"#, "field `password` is missing"),
        (
            &fields,
            r#"{"password":"hunter2","password":"hunter2"}"#,
            "field `password` is there twice",
        ),
        (
            &fields,
            r#"{"password":12345}"#,
            "field `password` is not a string",
        ),
        (&Layout::Text, "", "it is empty"),
        (
            &Layout::Url,
            "hunter2",
            "it is not a URL, expected scheme://user:password@host/…",
        ),
        (
            &Layout::Url,
            "postgres://hunter2@db/x",
            "the URL names no password, expected scheme://user:password@host/…",
        ),
        (
            &Layout::Url,
            "postgres://a:b@db/x?password=hunter2",
            "the URL names user or password a second time, as a parameter, expected scheme://user:password@host/…",
        ),
    ];
    for (layout, text, why) in cases {
        assert_eq!(misfit(layout, text), why);
    }
}

#[test]
fn without_a_base_only_what_is_known_is_made() {
    let credential = Credential {
        user: Some("app"),
        password: &"new".into(),
    };
    let make = |layout: &Layout| {
        let made = layout.write(None, credential);
        made.map(|made| made.expose_text().unwrap().to_owned())
    };
    assert_eq!(make(&Layout::Text).unwrap(), "new");
    let fields = layout(json!({"json": {"user": "user"}}));
    assert_eq!(make(&fields).unwrap(), r#"{"user":"app","password":"new"}"#);
    assert!(make(&Layout::Url).is_err());
    assert!(make(&layout(json!({"json": {"host": "host"}}))).is_err());
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(user in "\\PC{1,20}", password in "\\PC{1,40}") {
        let fields = layout(json!({"json": {"user": "user", "urls": ["url"]}}));
        let base = r#" { "url" : "postgres://a:b@h/d", "user":"a" ,"password":"b","n":1.0} "#;
        for (layout, base) in [(&fields, base), (&Layout::Url, "postgres://a:b@h/d")] {
            let written = write(layout, base, Some(&user), &password);
            let login = layout.read(&payload(&written)).unwrap();
            prop_assert_eq!(login.user.as_deref(), Some(user.as_str()));
            prop_assert_eq!(login.password.expose_secret(), password.as_str());
            // Back again, nothing is left of it.
            prop_assert_eq!(write(layout, &written, Some("a"), "b"), base);
        }
    }

    #[test]
    fn no_payload_makes_reading_fail_otherwise_than_by_an_error(text in "\\PC{0,60}") {
        let fields = layout(json!({"json": {"user": "user", "urls": ["url"]}}));
        for layout in [&fields, &Layout::Url, &Layout::Text] {
            let _ = layout.read(&payload(&text));
        }
    }
}
