use super::*;

const WHOLE: &str = r#"
project = "shop"
project_number = 82150720798

[groups.database]
distance = "1d"

[secrets.db-password]
id = "db"
location = "europe-west1"
group = "database"
grace = "2h"
max_age = "95d"
target.random = {}
consumers = [{ name = "projects/shop/locations/europe-west1/services/api", pinned_traffic = "move" }]

[secrets.db-password.windows]
zone = "Europe/Berlin"
weekly = [{ days = ["sat", "sun"], from = "22:00", to = "04:00" }]
closed = [{ from = "2026-12-20", to = "2027-01-04" }]

[secrets.session-key]
target.random = {}
"#;

fn read(text: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rotate.toml");
    std::fs::write(&path, text).unwrap();
    let config: Config =
        nightshift_runtime::config::load(Some(&path)).map_err(|error| error.to_string())?;
    match config.validate() {
        Ok(()) => Ok(config),
        Err(error) => Err(format!("{:#}", anyhow::Error::from(error))),
    }
}

#[test]
fn a_whole_configuration_is_read() {
    let config = read(WHOLE).unwrap();
    let name = |key| config.secret_name(key).unwrap().to_string();
    assert_eq!(
        name("db-password"),
        "projects/shop/locations/europe-west1/secrets/db"
    );
    assert_eq!(name("session-key"), "projects/shop/secrets/session-key");
    assert_eq!(
        config.numbered_name("session-key").unwrap().to_string(),
        "projects/82150720798/secrets/session-key"
    );
}

#[test]
fn each_mistake_names_its_key_and_what_would_be_right() {
    for (from, to, said) in [
        ("grace =", "grase =", "grase"),
        ("2h", "soon", "secrets.db-password.grace"),
        (
            "group = \"database\"",
            "group = \"databases\"",
            "`secrets.db-password.group` is \"databases\", expected one that has its distance in [groups.databases]",
        ),
        (
            "Europe/Berlin",
            "Europe/Berlim",
            "`secrets.db-password.windows.zone` is \"Europe/Berlim\"",
        ),
        (
            "\"sat\"",
            "\"samedi\"",
            "`secrets.db-password.windows.weekly[0].days` is \"samedi\", expected mon",
        ),
        (
            "2027-01-04",
            "2026-01-04",
            "`secrets.db-password.windows.closed[0].to` is 2026-01-04, expected a day from 2026-12-20 on",
        ),
        (
            "22:00",
            "25:00",
            "`secrets.db-password.windows.weekly[0].from` is \"25:00\", expected a time of day",
        ),
        (
            "max_age = \"95d\"",
            "max_age = \"1m\"",
            "`secrets.db-password.max_age` is 1m, expected longer than min_gap",
        ),
        (
            "grace = \"2h\"",
            "lease = \"1m\"",
            "`secrets.db-password.lease` is 1m, expected at least 2m",
        ),
        ("id = \"db\"", "id = \"d/b\"", "`secrets.db-password`"),
        (
            "[secrets.session-key]",
            "[secrets.session-key]\nid = \"db\"\nlocation = \"europe-west1\"",
            "as secrets.db-password is",
        ),
    ] {
        let error = read(&WHOLE.replace(from, to)).map(drop).unwrap_err();
        assert!(error.contains(said), "{from} → {to}: {error}");
    }
}
