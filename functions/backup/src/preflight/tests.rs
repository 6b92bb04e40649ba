use super::*;
use crate::name::QualifiedName;

fn relation(name: &str) -> Relation {
    Relation {
        oid: 1,
        name: QualifiedName {
            schema: "app".into(),
            name: name.into(),
        },
        unlogged: false,
        heap: true,
        planning_runs_functions: false,
        extension: None,
        condition: String::new(),
        load_through: None,
        columns: vec!["a".into()],
        pages: 1,
        bytes: 8192,
        estimated_rows: 1.0,
        readable: true,
        schema_usable: true,
        row_security: false,
        indexes: vec![],
    }
}

fn findings<'a>(relations: &'a [Relation], large_objects: &'a LargeObjectFacts) -> Findings<'a> {
    Findings {
        role: "backup",
        standby: false,
        relations,
        sequences: &[],
        large_objects,
        prepared_transactions: 0,
        lock_slots: 6400,
    }
}

#[test]
fn every_missing_grant_is_named_at_once() {
    let mut tables = [relation("orders"), relation("rls"), relation("fine")];
    tables[0].readable = false;
    tables[1].row_security = true;
    let large = LargeObjectFacts {
        count: 3,
        ..LargeObjectFacts::default()
    };
    let error = judge(&findings(&tables, &large), &Allowances::default())
        .unwrap_err()
        .to_string();
    for part in [
        "GRANT SELECT ON \"app\".\"orders\" TO \"backup\"",
        "app.rls has row security",
        "3 large objects",
    ] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!error.contains("fine"));
}

#[test]
fn a_table_is_left_out_only_when_the_configuration_names_it() {
    let mut tables = [relation("secret")];
    tables[0].readable = false;
    let allowed = Allowances {
        skip_unreadable: vec!["app.secret".into()],
    };
    let verdict = judge(&findings(&tables, &LargeObjectFacts::default()), &allowed).unwrap();
    assert_eq!(verdict.skip, [1]);
    assert_eq!(verdict.skipped[0].what, "table app.secret");
    assert_eq!(verdict.excluded, [tables[0].name.clone()]);

    // Whose rows a policy would hide can be locked, so that its definition is there at least.
    (tables[0].readable, tables[0].row_security) = (true, true);
    let verdict = judge(&findings(&tables, &LargeObjectFacts::default()), &allowed).unwrap();
    assert_eq!(verdict.skipped[0].what, "rows of app.secret");
    assert!(verdict.excluded.is_empty());
}

#[test]
fn a_standby_leaves_out_unlogged_tables_and_says_so() {
    let mut tables = [relation("scratch")];
    tables[0].unlogged = true;
    let large = LargeObjectFacts::default();
    let found = Findings {
        standby: true,
        ..findings(&tables, &large)
    };
    let verdict = judge(&found, &Allowances::default()).unwrap();
    assert_eq!(verdict.skip, [1]);
    assert!(verdict.skipped[0].why.contains("standby"));
}

#[test]
fn prepared_transactions_and_a_crowded_lock_table_are_remarked() {
    let tables = vec![relation("t"); 20];
    let large = LargeObjectFacts::default();
    let found = Findings {
        prepared_transactions: 2,
        lock_slots: 30,
        ..findings(&tables, &large)
    };
    let verdict = judge(&found, &Allowances::default()).unwrap();
    assert_eq!(verdict.warnings.len(), 2);
}
