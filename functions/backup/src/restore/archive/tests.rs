use super::*;
use std::collections::BTreeSet;

const LIST: &str = "\
;
; Archive created at 2026-06-30 02:00:00 UTC
;
7; 2615 16389 SCHEMA - app owner
215; 1259 16400 TABLE app orders owner
216; 1259 16401 TABLE app orders of 2026 owner
217; 1259 16402 SEQUENCE app orders_id_seq owner
3400; 2604 16403 DEFAULT app orders id owner
3500; 0 0 COMMENT app TABLE orders owner
3600; 2606 16410 FK CONSTRAINT app orders orders_customer_fkey owner
3601; 1259 16411 INDEX app orders_at owner
";

fn chosen(schemas: &[&str], names: &[(&str, &str)]) -> Chosen {
    Chosen {
        whole: false,
        tables: BTreeSet::new(),
        sequences: BTreeSet::new(),
        schemas: schemas.iter().map(ToString::to_string).collect(),
        names: names
            .iter()
            .map(|(s, n)| QualifiedName {
                schema: (*s).into(),
                name: (*n).into(),
            })
            .collect(),
    }
}

fn numbers(chosen: &Chosen, parts: &[&str]) -> Vec<String> {
    parse(LIST)
        .iter()
        .filter(|e| e.is_chosen(chosen, parts))
        .map(|e| e.line.split(';').next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_line_gives_catalogue_oid_and_words() {
    let entries = parse(LIST);
    assert_eq!(entries.len(), 8);
    assert_eq!((entries[7].catalog, entries[7].oid), (1259, 16411));
}

#[test]
fn a_table_is_made_of_itself_its_defaults_its_sequences_and_its_comments() {
    let one = chosen(&[], &[("app", "orders")]);
    let parts = ["TABLE", "DEFAULT", "SEQUENCE", "COMMENT"];
    // `orders of 2026` cannot be told from `orders` followed by an owner called `of`: it comes along, empty.
    assert_eq!(numbers(&one, &parts), ["215", "216", "217", "3400", "3500"]);
}

#[test]
fn a_schema_brings_everything_in_it_but_foreign_keys() {
    let all = chosen(&["app"], &[]);
    assert_eq!(
        numbers(&all, &[]),
        ["7", "215", "216", "217", "3400", "3500", "3601"]
    );
    assert!(numbers(&chosen(&["ap"], &[]), &[]).is_empty());
}
