//! What a secret is called.

use std::{fmt, str::FromStr};

/// `projects/P/secrets/S`, or `projects/P/locations/L/secrets/S` for a regional one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName {
    project: String,
    location: Option<String>,
    id: String,
}

/// Not the full name of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is not the name of a secret, expected projects/PROJECT/secrets/ID or projects/PROJECT/locations/LOCATION/secrets/ID"
)]
pub struct BadSecretName {
    found: String,
}

impl SecretName {
    /// A global secret.
    pub fn global(project: &str, id: &str) -> Result<Self, BadSecretName> {
        format!("projects/{project}/secrets/{id}").parse()
    }

    /// The project's id, or its number where the name came from an event.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The region of a regional secret.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The last part.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The companion in which candidates wait.
    #[must_use]
    pub fn side(&self) -> Self {
        Self {
            id: format!("{}-next", self.id),
            ..self.clone()
        }
    }

    /// The same secret by another name of its project.
    #[must_use]
    pub fn in_project(&self, project: &str) -> Self {
        Self {
            project: project.to_owned(),
            ..self.clone()
        }
    }

    /// The full name of one of its versions.
    pub fn version(&self, version: impl fmt::Display) -> String {
        format!("{self}/versions/{version}")
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "projects/{}", self.project)?;
        if let Some(location) = &self.location {
            write!(f, "/locations/{location}")?;
        }
        write!(f, "/secrets/{}", self.id)
    }
}

impl FromStr for SecretName {
    type Err = BadSecretName;

    fn from_str(name: &str) -> Result<Self, BadSecretName> {
        let parts: Vec<&str> = name.split('/').collect();
        let (project, location, id) = match parts[..] {
            ["projects", project, "secrets", id] => (project, None, id),
            ["projects", project, "locations", location, "secrets", id] => {
                (project, Some(location), id)
            }
            _ => return Err(bad(name)),
        };
        let plain = |part: &str, also: &str, max: usize| {
            (1..=max).contains(&part.len())
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || also.contains(c))
        };
        if plain(project, "-.:", 100)
            && location.is_none_or(|location| plain(location, "-", 40))
            && plain(id, "-_", 255)
        {
            return Ok(Self {
                project: project.to_owned(),
                location: location.map(ToOwned::to_owned),
                id: id.to_owned(),
            });
        }
        Err(bad(name))
    }
}

fn bad(name: &str) -> BadSecretName {
    BadSecretName {
        found: name.chars().take(200).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn global_and_regional_names_are_read_and_written_alike() {
        for name in [
            "projects/shop/secrets/db",
            "projects/82150720798/secrets/db",
            "projects/example.com:shop/secrets/DB_password-1",
            "projects/shop/locations/europe-west1/secrets/db",
        ] {
            assert_eq!(name.parse::<SecretName>().unwrap().to_string(), name);
        }
        let regional: SecretName = "projects/shop/locations/europe-west1/secrets/db"
            .parse()
            .unwrap();
        assert_eq!(regional.side().id(), "db-next");
        assert_eq!(
            regional.version(7),
            "projects/shop/locations/europe-west1/secrets/db/versions/7"
        );
    }

    #[test]
    fn whatever_else_is_refused() {
        for name in [
            "",
            "db",
            "projects/shop/secrets/",
            "projects//secrets/db",
            "projects/shop/secrets/db/versions/1",
            "projects/shop/secrets/d b",
            "projects/shop/secrets/../x",
            "projects/shop/locations//secrets/db",
        ] {
            assert!(name.parse::<SecretName>().is_err(), "{name}");
        }
    }
}
