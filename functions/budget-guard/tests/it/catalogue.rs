//! The catalogue of failures keeps its word: every test it names exists, and every row names one.

use std::{collections::BTreeSet, fs, path::Path};

const CATALOGUE: &str = include_str!("../../../../docs/budget-failures.md");

/// The rows of the tables in `text`, without their heads.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let is_row = |line: &&str| {
        line.starts_with("| ") && !line.starts_with("| what goes") && !line.starts_with("| ---")
    };
    text.lines()
        .filter(is_row)
        .map(|line| {
            line.trim_end_matches(" |")
                .trim_start_matches("| ")
                .split(" | ")
                .collect()
        })
        .collect()
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
fn every_row_of_the_catalogue_names_tests_that_exist_or_says_that_it_is_unproven() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = BTreeSet::new();
    for folder in ["src", "tests"] {
        tests_in(&root.join(folder), &mut tests);
    }
    let rows = rows(CATALOGUE);
    assert!(rows.len() >= 48, "{}", rows.len());
    for row in rows {
        let [failure, what_the_guard_does, shown_by] = row[..] else {
            panic!("not three cells: {row:?}");
        };
        assert!(!failure.is_empty() && !what_the_guard_does.is_empty());
        let named = shown_by.split('`').skip(1).step_by(2);
        let missing: Vec<_> = named.filter(|name| !tests.contains(*name)).collect();
        assert!(missing.is_empty(), "no such tests: {missing:?}");
        assert!(
            shown_by.contains('`') || shown_by.contains("(unproven.md)"),
            "nothing shows that {failure}"
        );
    }
}
