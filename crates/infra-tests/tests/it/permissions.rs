//! What the programs ask of Google, what their documents say that they need, and what the roles in `infra/` hold.

use crate::{
    facts::{read, sources},
    terraform::repository,
};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};

/// A function: its folder, the first word of its roles, and the documents that say what it needs.
const FUNCTIONS: [(&str, &str, &[&str]); 3] = [
    (
        "budget-guard",
        "budget",
        &["functions/budget-guard/README.md", "docs/budget-guard.md"],
    ),
    (
        "rotate-secrets",
        "rotation",
        &["functions/rotate-secrets/README.md"],
    ),
    (
        "scheduled-scaling",
        "scaling",
        &["functions/scheduled-scaling/README.md"],
    ),
];

/// Not ours to hold. A custom role of a project cannot be bound to a billing account, for acting as an account there is a role of
/// Google's, and uploading keys is `create` to IAM: what the organisation allows is a constraint.
const PREDEFINED: [&str; 3] = [
    "billing.resourceassociations.create",
    "iam.serviceaccountkeys.upload",
    "iam.serviceaccounts.actas",
];

/// Granted, though neither code nor documents spell them: waiting, and what they name roles of Google's for
/// (`roles/iam.serviceAccountKeyAdmin`, `roles/storage.objectUser`).
const UNSPELLED: [&str; 3] = [
    "iam.serviceaccountkeys.",
    "operations.get",
    "storage.objects.",
];

/// What is in front of the first dot of a permission.
const SERVICES: [&str; 9] = [
    "billing",
    "cloudscheduler",
    "cloudsql",
    "compute",
    "iam",
    "resourcemanager",
    "run",
    "secretmanager",
    "serviceusage",
];

/// Google writes `run.workerpools`, people `run.workerPools`.
fn permission(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('.').collect();
    let letters = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphabetic());
    let fits = parts.len() == 3 && SERVICES.contains(&parts[0]) && parts.iter().all(letters);
    fits.then(|| text.to_lowercase())
}

/// The roles in a file with their permissions, and the reason of each.
fn roles(file: &str) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let hcl = read(file)?;
    let (mut roles, mut role) = (BTreeMap::<_, BTreeMap<_, _>>::new(), String::new());
    for line in hcl.lines().map(str::trim) {
        if let Some(name) = line.strip_suffix(" = {") {
            name.clone_into(&mut role);
        } else if let Some((key, reason)) = line.split_once('=')
            && let Some(key) = key.trim().strip_prefix('"')
        {
            let bare = |text: &str| text.trim().trim_matches('"').to_owned();
            let of_role = roles.entry(role.clone()).or_default();
            of_role.insert(bare(key), bare(reason));
        }
    }
    Ok(roles)
}

/// All that a function is granted.
fn granted(function: &str) -> Result<BTreeSet<String>> {
    let mut granted = BTreeSet::new();
    for (role, permissions) in roles("infra/live/roles.tf")? {
        if role.split('_').next() == Some(function) {
            granted.extend(permissions.keys().map(|name| name.to_lowercase()));
        }
    }
    Ok(granted)
}

/// The permissions between quotation marks in the sources of a function.
fn asked_for(folder: &str) -> Result<BTreeSet<String>> {
    let sources = sources(&repository().join("functions").join(folder).join("src"))?;
    let texts = sources.iter().flat_map(|source| source.split('"'));
    Ok(texts.filter_map(permission).collect())
}

/// The permissions that a document names: `a.b.c`, `a.b.{c,d}`, and `.d` after one of them.
fn documented(text: &str) -> BTreeSet<String> {
    let (mut found, mut stem) = (BTreeSet::new(), String::new());
    for words in text.split('`').skip(1).step_by(2) {
        let (front, verbs) = match words.split_once(".{") {
            Some((front, verbs)) => (front, verbs.trim_end_matches('}')),
            None => words.rsplit_once('.').unwrap_or_default(),
        };
        let front = if front.is_empty() { &stem } else { front };
        let all = verbs
            .split(',')
            .map(|verb| format!("{front}.{}", verb.trim()));
        let named: Vec<String> = all.filter_map(|name| permission(&name)).collect();
        if !named.is_empty() {
            stem = front.to_owned();
        }
        found.extend(named);
    }
    found
}

#[test]
fn every_permission_has_its_reason() -> Result<()> {
    for (file, at_least) in [
        ("infra/live/roles.tf", 50),
        ("infra/modules/github-deployer/main.tf", 10),
    ] {
        let mut seen = 0;
        for (role, permissions) in roles(file)? {
            for (name, reason) in permissions {
                assert!(reason.len() > 10, "{file}: {role}: {name}: {reason:?}");
                seen += 1;
            }
        }
        assert!(seen >= at_least, "{file} has only {seen} permissions");
    }
    Ok(())
}

#[test]
fn shorthands_of_documents_are_read() {
    let text = "`run.services.{get,list}`, `secretmanager.versions.add`, `.access`, and `roles/run.developer`, `a.b`";
    let expected = [
        "run.services.get",
        "run.services.list",
        "secretmanager.versions.access",
        "secretmanager.versions.add",
    ];
    assert_eq!(documented(text), expected.map(str::to_owned).into());
}

#[test]
fn roles_hold_what_programs_and_documents_name_and_nothing_else() -> Result<()> {
    for (folder, function, documents) in FUNCTIONS {
        let granted = granted(function)?;
        let mut named = asked_for(folder)?;
        for document in documents {
            named.extend(documented(&read(document)?));
        }
        assert!(named.len() > 3, "{folder} names only {named:?}");
        let missing: Vec<_> = named
            .iter()
            .filter(|name| !granted.contains(*name) && !PREDEFINED.contains(&name.as_str()))
            .collect();
        assert!(missing.is_empty(), "{folder} lacks {missing:?} in roles.tf");
        let unspelled = |name: &String| UNSPELLED.iter().any(|known| name.contains(known));
        let extra: Vec<_> = granted
            .iter()
            .filter(|name| !named.contains(*name) && !unspelled(name))
            .collect();
        assert!(extra.is_empty(), "{folder} has no use for {extra:?}");
    }
    Ok(())
}
