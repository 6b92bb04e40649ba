//! Where a template refers to a secret, and how it is brought to another version.

use super::Referred;
use crate::rotation::state::VersionNumber;
use google_cloud_run_v2::model::{
    Container, SecretKeySelector, SecretVolumeSource, Volume, env_var::Values, volume::VolumeType,
};
use std::collections::{BTreeMap, HashMap};

/// The annotation of a template that says for which versions its revision was made: `db=13,key=4`. It forces a revision
/// where the template refers to `latest` or an alias and would not change otherwise.
pub(super) const ANNOTATION: &str = "nightshift/secret-versions";

/// The version that an unset one means.
const LATEST: &str = "latest";

/// What a revision, execution or template says about one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    /// Numbers that it names.
    pub(super) pinned: Vec<VersionNumber>,
    /// Whether it names an alias or `latest` as well.
    pub(super) floating: bool,
    /// For which version it was made, if we made it.
    pub(super) made_for: Option<VersionNumber>,
}

impl Standing {
    pub(super) fn of(
        secret: &Referred,
        project: &str,
        containers: &[Container],
        volumes: &[Volume],
        annotations: &HashMap<String, String>,
    ) -> Self {
        let mut pinned = Vec::new();
        let mut floating = false;
        let mut note = |version: &str| match version.parse() {
            Ok(number) => pinned.push(VersionNumber(number)),
            Err(_) => floating = true,
        };
        for key in containers.iter().flat_map(keys) {
            if secret.is_meant_by(&key.secret, project) {
                note(&key.version);
            }
        }
        for source in volumes.iter().filter_map(mounted) {
            if secret.is_meant_by(&source.secret, project) {
                if source.items.is_empty() {
                    note(LATEST);
                }
                source.items.iter().for_each(|item| note(&item.version));
            }
        }
        Self {
            pinned,
            floating,
            made_for: versions(annotations).get(secret.name.id()).copied(),
        }
    }

    /// Whether it has to do with the secret at all.
    pub(super) fn refers(&self) -> bool {
        self.floating || !self.pinned.is_empty()
    }

    /// Whether whatever is started from it uses `wanted` and nothing else. An alias or `latest` is resolved when an
    /// instance starts, so only one that was made for this version is sure to have it.
    pub(super) fn is_on(&self, wanted: VersionNumber) -> bool {
        let pinned = self.pinned.iter().all(|number| *number == wanted);
        pinned && (!self.floating || self.made_for == Some(wanted))
    }

    /// Whether something that is running from it may use one of `versions`.
    pub(super) fn may_use(&self, versions: &[VersionNumber]) -> bool {
        let unsure = self.made_for.is_none_or(|made| versions.contains(&made));
        self.names(versions) || (self.floating && unsure)
    }

    /// Whether it names one of `versions`, so that nothing new can start from it once they are gone.
    pub(super) fn names(&self, versions: &[VersionNumber]) -> bool {
        self.pinned.iter().any(|number| versions.contains(number))
    }
}

/// Brings a template's references to `version`. Aliases and `latest` stay what they are; the annotation forces the revision.
pub(super) fn repoint(
    secret: &Referred,
    project: &str,
    version: VersionNumber,
    containers: &mut [Container],
    volumes: &mut [Volume],
    annotations: &mut HashMap<String, String>,
) {
    let move_to = |reference: &mut String| {
        if reference.parse::<u64>().is_ok() {
            *reference = version.to_string();
        }
    };
    for variable in containers.iter_mut().flat_map(|c| c.env.iter_mut()) {
        if let Some(Values::ValueSource(source)) = &mut variable.values
            && let Some(key) = &mut source.secret_key_ref
            && secret.is_meant_by(&key.secret, project)
        {
            move_to(&mut key.version);
        }
    }
    for volume in volumes {
        if let Some(VolumeType::Secret(source)) = &mut volume.volume_type
            && secret.is_meant_by(&source.secret, project)
        {
            source
                .items
                .iter_mut()
                .for_each(|item| move_to(&mut item.version));
        }
    }
    let mut made_for = versions(annotations);
    made_for.insert(secret.name.id().to_owned(), version);
    let text: Vec<String> = made_for
        .iter()
        .map(|(id, number)| format!("{id}={number}"))
        .collect();
    annotations.insert(ANNOTATION.to_owned(), text.join(","));
}

fn keys(container: &Container) -> impl Iterator<Item = &SecretKeySelector> {
    container.env.iter().filter_map(|variable| {
        let Some(Values::ValueSource(source)) = &variable.values else {
            return None;
        };
        source.secret_key_ref.as_ref()
    })
}

fn mounted(volume: &Volume) -> Option<&SecretVolumeSource> {
    match &volume.volume_type {
        Some(VolumeType::Secret(source)) => Some(source),
        _ => None,
    }
}

/// What the annotation says; whatever a person has made unreadable of it is left out, and written anew.
fn versions(annotations: &HashMap<String, String>) -> BTreeMap<String, VersionNumber> {
    let text = annotations.get(ANNOTATION).map_or("", String::as_str);
    text.split(',')
        .filter_map(|pair| pair.split_once('='))
        .filter_map(|(id, number)| Some((id.to_owned(), VersionNumber(number.parse().ok()?))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use google_cloud_run_v2::model::{EnvVar, EnvVarSource, VersionToPath};

    const V13: VersionNumber = VersionNumber(13);

    fn secret() -> Referred {
        Referred {
            name: "projects/shop/secrets/db".parse().unwrap(),
            numbered: "projects/82150720798/secrets/db".parse().unwrap(),
        }
    }

    fn variable(secret: &str, version: &str) -> Container {
        let key = SecretKeySelector::new()
            .set_secret(secret)
            .set_version(version);
        let source = EnvVarSource::new().set_secret_key_ref(key);
        Container::new().set_env([EnvVar::new().set_name("DB").set_value_source(source)])
    }

    fn volume(secret: &str, versions: &[&str]) -> Volume {
        let items = versions
            .iter()
            .map(|version| VersionToPath::new().set_path("p").set_version(*version));
        let source = SecretVolumeSource::new()
            .set_secret(secret)
            .set_items(items);
        Volume::new().set_secret(source)
    }

    fn standing(containers: &[Container], volumes: &[Volume]) -> Standing {
        Standing::of(&secret(), "shop", containers, volumes, &HashMap::new())
    }

    #[test]
    fn a_reference_is_found_by_every_name_of_the_secret() {
        for name in [
            "db",
            "projects/shop/secrets/db",
            "projects/82150720798/secrets/db",
        ] {
            let by_variable = standing(&[variable(name, "12")], &[]);
            assert_eq!(by_variable.pinned, [VersionNumber(12)], "{name}");
            assert!(standing(&[], &[volume(name, &[])]).floating, "{name}");
        }
        for other in ["db2", "projects/other/secrets/db", "projects/1/secrets/db"] {
            assert!(!standing(&[variable(other, "12")], &[]).refers(), "{other}");
        }
        let elsewhere = Standing::of(
            &secret(),
            "another-project",
            &[variable("db", "12")],
            &[],
            &HashMap::new(),
        );
        assert!(!elsewhere.refers());
    }

    #[test]
    fn numbers_are_moved_and_aliases_are_kept_but_annotated() {
        let mut containers = [variable("db", "12"), variable("db", "current")];
        let mut volumes = [volume("db", &["12", "latest"]), volume("other", &["12"])];
        let mut annotations = HashMap::from([(ANNOTATION.to_owned(), "key=4,db=12".to_owned())]);
        let before = Standing::of(&secret(), "shop", &containers, &volumes, &annotations);
        assert!(before.refers() && !before.is_on(V13) && before.may_use(&[VersionNumber(12)]));
        repoint(
            &secret(),
            "shop",
            V13,
            &mut containers,
            &mut volumes,
            &mut annotations,
        );
        let after = Standing::of(&secret(), "shop", &containers, &volumes, &annotations);
        assert_eq!(after.pinned, [V13, V13]);
        assert!(after.is_on(V13) && !after.may_use(&[VersionNumber(12)]));
        assert_eq!(annotations[ANNOTATION], "db=13,key=4");
        let other = Referred {
            name: "projects/shop/secrets/other".parse().unwrap(),
            numbered: "projects/1/secrets/other".parse().unwrap(),
        };
        let untouched = Standing::of(&other, "shop", &containers, &volumes, &annotations);
        assert_eq!(untouched.pinned, [VersionNumber(12)]);
    }

    #[test]
    fn a_revision_that_follows_an_alias_may_use_the_old_value_unless_it_was_made_for_the_new() {
        let floating = standing(&[variable("db", "latest")], &[]);
        assert!(!floating.is_on(V13) && floating.may_use(&[VersionNumber(12)]));
        assert!(!floating.names(&[VersionNumber(12)]));
    }
}
