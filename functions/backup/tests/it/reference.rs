//! The README's reference of the configuration: complete, and its defaults are the program's.

use backup::config::Config;
use nightshift_runtime::config::load;
use std::{collections::BTreeMap, fs};

const README: &str = include_str!("../../README.md");

/// The block that lists every key.
fn block() -> &'static str {
    let (_, rest) = README.split_once("```toml\n").unwrap();
    rest.split_once("```").unwrap().0
}

fn parse(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.toml");
    fs::write(&file, text).unwrap();
    load(Some(&file)).map_err(|error| error.to_string())
}

/// Keys by section; those without a default stand behind a `#`.
fn documented() -> BTreeMap<&'static str, Vec<&'static str>> {
    let (mut keys, mut section) = (BTreeMap::<_, Vec<_>>::new(), "");
    for line in block().lines() {
        if let Some(rest) = line.strip_prefix('[') {
            section = rest.split_once(']').unwrap().0;
        } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ") {
            keys.entry(section).or_default().push(key);
        }
    }
    keys
}

/// The names in backticks behind `expected`: what serde would have taken.
fn known(mistake: &str) -> Vec<&str> {
    let (_, expected) = mistake.split_once("expected").unwrap();
    expected.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_readme_gives_every_default_of_the_configuration() {
    let written = parse(block()).unwrap();
    assert_eq!(format!("{written:#?}"), format!("{:#?}", Config::default()));
}

#[test]
fn the_readme_lists_every_key_of_the_configuration() {
    let documented = documented();
    let sections = parse("[unheard_of]").unwrap_err();
    assert_eq!(
        known(&sections).len(),
        documented.len(),
        "{sections}, documented: {:?}",
        documented.keys()
    );
    for (section, keys) in documented {
        let mistake = parse(&format!("[{section}]\nunheard_of = 1")).unwrap_err();
        assert_eq!(known(&mistake), keys, "[{section}]");
    }
}
