use super::*;
use serde::Deserialize;
use std::io::Write;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    rpo: HumanDuration,
    chunk: Option<ByteSize>,
    password: Option<SecretSource>,
    #[serde(default)]
    targets: Vec<Target>,
    #[serde(default)]
    on_blocked_ddl: OnBlocked,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    url: String,
    attempts: u8,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnBlocked {
    #[default]
    Wait,
    Abort,
}

fn from_variable(text: &str) -> Result<Settings, ConfigError> {
    find(None, Some(text.to_owned())).and_then(|document| document.unwrap().parse())
}

fn mistake_in(text: &str) -> String {
    from_variable(text).unwrap_err().to_string()
}

fn file(suffix: &str, text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(suffix).tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn toml_and_json_mean_the_same() {
    let toml = "rpo = '36h'\nchunk = '16 MiB'\npassword.file = '/secrets/pg'\ntargets = [{ url = 'file:///b', attempts = 3 }]";
    let json = r#"{"rpo": "36h", "chunk": "16 MiB", "password": {"file": "/secrets/pg"},
        "targets": [{"url": "file:///b", "attempts": 3}]}"#;
    let settings = from_variable(toml).unwrap();
    assert_eq!(settings, from_variable(json).unwrap());
    assert_eq!(settings.chunk, Some(ByteSize::new(16 << 20)));
    assert_eq!(
        settings.password,
        Some(SecretSource::File("/secrets/pg".into()))
    );
}

#[test]
fn the_variable_may_hold_a_path() {
    let file = file(".toml", "rpo = '36h'");
    let settings = from_variable(file.path().to_str().unwrap()).unwrap();
    assert_eq!(settings.rpo, "36h".parse().unwrap());
}

#[test]
fn a_file_named_on_the_command_line_goes_before_the_variable() {
    let file = file("", r#" {"rpo": "1h"}"#);
    let document = find(Some(file.path()), Some("rpo = '2h'".to_owned()))
        .unwrap()
        .unwrap();
    assert_eq!(
        document.parse::<Settings>().unwrap().rpo,
        "1h".parse().unwrap()
    );
}

#[test]
fn the_ending_of_a_file_name_decides_its_syntax() {
    let file = file(".json", "rpo = '1h'");
    let document = find(Some(file.path()), None).unwrap().unwrap();
    assert_eq!(document.syntax, Syntax::Json);
    let error = document.parse::<Settings>().unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "configuration {}:1:1: expected value",
            file.path().display()
        )
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = find(Some(Path::new("/nowhere/backup.toml")), None)
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "read configuration file `/nowhere/backup.toml`"
    );
}

#[test]
fn nothing_given_says_how_to_give_it() {
    assert!(find(None, None).unwrap().is_none());
    assert!(
        ConfigError::NotGiven
            .to_string()
            .contains("`--config FILE`")
    );
}

#[test]
fn an_unknown_key_is_answered_with_the_nearest_known_one() {
    assert_eq!(
        mistake_in("rpo = '1h'\n[[targets]]\nurl = 'file:///b'\natempts = 3\n"),
        "configuration NIGHTSHIFT_CONFIG:4:1: `targets[0].atempts`: unknown field `atempts`, expected `url` or \
         `attempts`; did you mean `attempts`?"
    );
    assert_eq!(
        mistake_in(r#"{"rpo": "1h", "on_blocked_ddl": "abrot"}"#),
        "configuration NIGHTSHIFT_CONFIG:1:39: `on_blocked_ddl`: unknown variant `abrot`, expected `wait` or `abort`; \
         did you mean `abort`?"
    );
}

#[test]
fn an_unknown_key_unlike_any_known_one_gets_no_guess() {
    assert!(mistake_in("rpo = '1h'\nzzz = 1").ends_with("`targets`, `on_blocked_ddl`"));
}

#[test]
fn a_missing_key_is_named_with_its_table() {
    assert_eq!(
        mistake_in("rpo = '1h'\n\n[[targets]]\nurl = 'file:///b'\n"),
        "configuration NIGHTSHIFT_CONFIG:3:1: `targets[0]`: missing field `attempts`"
    );
}

#[test]
fn a_wrong_value_is_shown_with_what_would_be_right() {
    assert_eq!(
        mistake_in("rpo = 36\n"),
        r#"configuration NIGHTSHIFT_CONFIG:1:7: `rpo`: invalid type: integer `36`, expected a duration with its unit such as "36h", "15m" or "7d""#
    );
    assert_eq!(
        mistake_in("rpo = '1h'\nchunk = '16'\n"),
        r#"configuration NIGHTSHIFT_CONFIG:2:9: `chunk`: "16" is not a whole number of bytes with its unit such as "16 MiB" or "500 MB""#
    );
}

#[test]
fn columns_count_characters() {
    assert!(
        mistake_in("targets = [{ url = 'grün', attempts = 999 }]\n")
            .starts_with("configuration NIGHTSHIFT_CONFIG:1:39: ")
    );
}

#[test]
fn broken_syntax_is_located_without_quoting_the_line() {
    for text in [
        "rpo = '1h'\npassword = hunter2\n",
        "{\"rpo\": \"1h\",\n \"password\": hunter2}",
    ] {
        let mistake = mistake_in(text);
        assert!(
            mistake.starts_with("configuration NIGHTSHIFT_CONFIG:2:"),
            "{mistake}"
        );
        assert!(!mistake.contains("hunter2"), "{mistake}");
    }
}

#[test]
fn a_secret_written_into_the_configuration_is_not_repeated() {
    let secrets = [
        "rpo = '1h'\npassword = 'hunter2'",
        "rpo = '1h'\npassword = 22222",
        "{\"rpo\": \"1h\", \"password\": 22222}",
        "{\"rpo\": \"1h\", \"password\": 22222.5}",
    ];
    for text in secrets {
        let error = from_variable(text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("22222"),
            "{shown}"
        );
        assert!(
            shown.contains("a secret is not written into the configuration"),
            "{shown}"
        );
    }
}

#[test]
fn a_secret_has_exactly_one_source() {
    for text in [
        "rpo = '1h'\npassword = {}",
        "rpo = '1h'\npassword = { env = 'A', file = '/a' }",
    ] {
        assert!(
            mistake_in(text).ends_with(r#"expected either { env = "NAME" } or { file = "/path" }"#)
        );
    }
    assert!(mistake_in("rpo = '1h'\npassword = { evn = 'A' }").ends_with("did you mean `env`?"));
}
