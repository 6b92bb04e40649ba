//! The catalogue of failures keeps its word: every test it names exists, and every row names one.

use std::{collections::BTreeSet, fs, path::Path};

const CATALOGUE: &str = include_str!("../../../../docs/scaling-failures.md");

/// The rows of the tables, without their heads.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let rows = CATALOGUE.lines().filter(|line| line.starts_with("| "));
    let rows =
        rows.filter(|line| !line.starts_with("| ---") && !line.starts_with("| what goes wrong"));
    rows.map(|line| {
        line.trim_end_matches(" |")
            .trim_start_matches("| ")
            .split(" | ")
            .collect()
    })
}

/// The names of the tests in the sources under `folder`.
fn tests_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let mut lines = source.lines().map(str::trim_start);
            while let Some(line) = lines.next() {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    let name = lines.find_map(|line| line.split_once("fn ")).unwrap().1;
                    found.insert(name.split('(').next().unwrap_or_default().to_owned());
                }
            }
        }
    }
}

#[test]
fn every_row_of_the_catalogue_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = BTreeSet::new();
    for folder in ["src", "tests"] {
        tests_in(&root.join(folder), &mut tests);
    }
    assert_eq!(rows().count(), 29);
    for row in rows() {
        let [failure, what_is_done, shown_by] = row[..] else {
            panic!("not three cells: {row:?}");
        };
        assert!(!failure.is_empty() && !what_is_done.is_empty());
        let named: Vec<_> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "nothing shows that {failure}");
        let missing: Vec<_> = named
            .iter()
            .filter(|name| !tests.contains(**name))
            .collect();
        assert!(missing.is_empty(), "no such tests: {missing:?}");
    }
}
