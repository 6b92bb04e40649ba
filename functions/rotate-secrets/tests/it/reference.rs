//! The README and the example: complete, readable, and with the program's own defaults.

use nightshift_runtime::config::load;
use rotate_secrets::config::Config;

const README: &str = include_str!("../../README.md");
const EXAMPLE: &str = include_str!("../../example.toml");

fn read(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rotate.toml");
    std::fs::write(&file, text).unwrap();
    let config: Config = load(Some(&file)).map_err(|error| error.to_string())?;
    match config.validate() {
        Ok(()) => Ok(config),
        Err(error) => Err(format!("{:#}", anyhow::Error::from(error))),
    }
}

/// The blocks of the README that are whole configurations.
fn configurations() -> Vec<&'static str> {
    let blocks = README.split("```toml\n").skip(1);
    let blocks = blocks.map(|block| block.split_once("```").unwrap().0);
    blocks
        .filter(|block| block.contains("project_number"))
        .collect()
}

#[test]
fn the_example_and_each_configuration_of_the_readme_are_read() {
    let example = read(EXAMPLE).unwrap();
    let mut kinds: Vec<String> = example
        .secrets
        .values()
        .map(|secret| format!("{:?}", secret.target))
        .map(|target| target.split('(').next().unwrap().to_owned())
        .collect();
    kinds.sort();
    kinds.dedup();
    let all = [
        "HttpHook",
        "KeyPair",
        "Postgres",
        "Random",
        "ServiceAccountKey",
    ];
    assert_eq!(kinds, all, "an example of each kind");
    let configurations = configurations();
    assert!(configurations.len() >= 2);
    for text in configurations {
        assert!(read(text).is_ok(), "{:?}\n{text}", read(text).err());
    }
}

#[test]
fn the_readme_gives_every_default_of_a_secret() {
    let reference = configurations().pop().unwrap();
    let config = read(reference).unwrap();
    let mut defaults = "project = \"shop\"\nproject_number = 1\n".to_owned();
    defaults.push_str("[secrets.session-key]\ntarget.random = {}\n");
    let defaults = read(&defaults).unwrap();
    let debug = |config: &Config| format!("{:#?}", config.secrets["session-key"]);
    assert_eq!(debug(&config), debug(&defaults));
    assert_eq!(
        format!("{:?}", config.publish),
        format!("{:?}", defaults.publish)
    );
}

/// What a mistake at this place says would have been right.
fn known(before: &str, after: &str) -> Vec<String> {
    let text = format!("project = \"p\"\nproject_number = 1\n{before}unheard_of = 1{after}\n");
    let mistake = read(&text).unwrap_err();
    let (_, expected) = mistake.split_once("expected").expect(&mistake);
    let names = expected.split('`').skip(1).step_by(2).map(str::to_owned);
    names.filter(|name| name != "unheard_of").collect()
}

#[test]
fn the_readme_names_every_key_of_the_configuration() {
    let secret = |inside: &str| format!("[secrets.s]\n{inside}");
    let target = |kind: &str| format!("[secrets.s.target.{kind}]\n");
    let postgres = |key: &str| format!("[secrets.s.target.postgres.{key}]\n");
    let mut checked = 0;
    for (before, after) in [
        (String::new(), ""),
        ("[publish]\n".to_owned(), ""),
        ("[groups.g]\n".to_owned(), ""),
        (secret(""), ""),
        (secret("windows = { "), " }"),
        (secret("windows.weekly = [{ "), " }]"),
        (secret("windows.closed = [{ "), " }]"),
        (secret("consumers = [{ "), " }]"),
        (secret("target = { "), " }"),
        (target("postgres"), ""),
        (postgres("tls"), ""),
        (postgres("admin"), ""),
        (postgres("admin.password"), ""),
        (postgres("admin.iam"), ""),
        (postgres("admin.cloud-sql-api"), ""),
        (postgres("payload"), ""),
        (postgres("payload.json"), ""),
        (postgres("password"), ""),
        (postgres("password.password"), ""),
        (postgres("password.hex"), ""),
        (postgres("password.words"), ""),
        (secret("target.postgres.rights = [{ "), " }]"),
        (target("random"), ""),
        (target("key-pair"), ""),
        (target("service-account-key"), ""),
        (target("http-hook"), ""),
    ] {
        for key in known(&before, after) {
            let written = [
                format!("`{key}`"),
                format!("{key} = "),
                format!("{key}]"),
                format!("{key}."),
                format!("\"{key}\""),
            ];
            let is_there = written.iter().any(|form| README.contains(form));
            assert!(is_there, "the README does not name `{key}` of {before:?}");
            checked += 1;
        }
    }
    assert!(checked > 80, "{checked}");
}
