//! Where a guard refuses to stand. Tokens are tested over HTTP, in `tests/it/auth`.

use super::*;

const EVERYWHERE: &str = "0.0.0.0:8080";
const HERE: &str = "127.0.0.1:8080";

fn options(mode: Option<Mode>) -> Options {
    Options {
        mode,
        audiences: vec!["https://f.example".to_owned()],
        callers: vec!["push@demo.iam.gserviceaccount.com".to_owned()],
        endpoint: None,
    }
}

fn started(options: &Options, address: &str, on_cloud_run: bool) -> Result<(), String> {
    let clock = Arc::new(SystemClock);
    let guard = Guard::at(options, address.parse().unwrap(), on_cloud_run, clock);
    guard.map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn nobody_is_let_in_unchecked_from_outside_this_machine() {
    for mode in [None, Some(Mode::None)] {
        for on_cloud_run in [true, false] {
            for address in [EVERYWHERE, "[::]:8080", "192.168.1.7:80", "169.254.8.1:80"] {
                let error = started(&options(mode), address, on_cloud_run).unwrap_err();
                assert!(error.contains("callers are not checked"), "{error}");
            }
            for address in [HERE, "[::1]:8080", "127.8.9.1:1"] {
                assert_eq!(started(&options(mode), address, on_cloud_run), Ok(()));
            }
        }
    }
}

#[test]
fn signatures_are_left_to_cloud_run_only_on_cloud_run() {
    let iam = options(Some(Mode::Iam));
    assert_eq!(started(&iam, EVERYWHERE, true), Ok(()));
    assert_eq!(started(&iam, HERE, false), Ok(()));
    let error = started(&iam, EVERYWHERE, false).unwrap_err();
    assert!(error.contains("set `--auth verify`"), "{error}");
    assert_eq!(
        started(&options(Some(Mode::Verify)), EVERYWHERE, false),
        Ok(())
    );
}

#[test]
fn a_guard_needs_to_know_whom_it_lets_in() {
    for mode in [Mode::Iam, Mode::Verify] {
        let complete = options(Some(mode));
        for (options, expected) in [
            (
                Options {
                    audiences: vec![" ".to_owned()],
                    ..complete.clone()
                },
                "no audience is given",
            ),
            (
                Options {
                    callers: Vec::new(),
                    ..complete.clone()
                },
                "nobody may call",
            ),
            (
                Options {
                    callers: vec!["push".to_owned()],
                    ..complete.clone()
                },
                "`--caller` is \"push\"",
            ),
        ] {
            let error = started(&options, HERE, true).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}

#[test]
fn keys_are_not_fetched_unprotected_over_a_network() {
    for (endpoint, safe) in [
        ("http://127.0.0.1:9099", true),
        ("http://[::1]:9099/", true),
        ("http://localhost:9099", true),
        ("https://keys.example", true),
        ("http://keys.example", false),
        ("http://127.0.0.1.keys.example", false),
        ("http://127.0.0.1@keys.example", false),
        ("ftp://127.0.0.1", false),
        ("keys", false),
    ] {
        let options = Options {
            endpoint: Some(endpoint.to_owned()),
            ..options(Some(Mode::Verify))
        };
        assert_eq!(started(&options, HERE, false).is_ok(), safe, "{endpoint}");
    }
}
