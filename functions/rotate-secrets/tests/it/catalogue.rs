//! The catalogue of failures keeps its word: every test it names exists, and every row names one.

use std::{collections::BTreeSet, fs, path::Path};

const CATALOGUE: &str = include_str!("../../../../docs/rotation-failures.md");

/// The names of the tests in the sources under `folder`.
fn tests_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            // Tests that run on two servers are made by a macro.
            for named in source.split("on_both_servers!(").skip(1) {
                let name = named.split(')').next().unwrap_or_default();
                found.insert(name.trim().to_owned());
            }
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

fn rows() -> Vec<&'static str> {
    let is_row = |line: &&str| {
        line.starts_with("| ") && !line.starts_with("| what") && !line.starts_with("| ---")
    };
    CATALOGUE.lines().filter(is_row).collect()
}

#[test]
fn every_failure_that_others_have_reported_has_a_row() {
    let rows = rows().join("\n");
    let (_, sources) = CATALOGUE.split_once("## Sources").unwrap();
    for number in 1..=25 {
        assert!(
            rows.contains(&format!("[{number}]")),
            "no row is for [{number}]"
        );
        assert!(
            sources.contains(&format!("\n{number} ")),
            "[{number}] has no source"
        );
    }
}

#[test]
fn every_row_of_the_catalogue_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = BTreeSet::new();
    tests_in(&root.join("src"), &mut tests);
    tests_in(&root.join("tests"), &mut tests);
    let rows = rows();
    assert!(rows.len() > 70, "{}", rows.len());
    for row in rows {
        let cells: Vec<&str> = row.trim_matches(['|', ' ']).split(" | ").collect();
        let [_, _, shown_by] = cells[..] else {
            panic!("not three cells: {row}");
        };
        let names: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test in {row}");
        for name in names {
            assert!(tests.contains(name), "there is no test {name}");
        }
    }
}
