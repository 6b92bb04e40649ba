//! What HCL, programs and documents all say is the same.

use crate::terraform::repository;
use anyhow::Result;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

pub(crate) fn read(path: &str) -> Result<String> {
    Ok(fs::read_to_string(repository().join(path))?)
}

/// The texts in quotation marks of the constants in a file of Rust.
fn constants(source: &str) -> impl Iterator<Item = &str> {
    source
        .lines()
        .filter(|line| line.starts_with("pub const ") && line.contains(": &str = \""))
        .filter_map(|line| line.split('"').nth(1))
}

/// The events in `infra/modules/monitoring/events.tf`, with the alert that hears each.
fn events_of_monitoring() -> Result<BTreeMap<String, String>> {
    let hcl = read("infra/modules/monitoring/events.tf")?;
    let map = hcl
        .split("events = {")
        .nth(1)
        .and_then(|rest| rest.split('}').next());
    let lines = map
        .unwrap_or_default()
        .lines()
        .filter(|line| line.contains(" = "));
    Ok(lines
        .map(|line| {
            let (event, alert) = line.split_once('=').unwrap();
            let alert = alert.split('#').next().unwrap_or_default();
            let bare = |text: &str| text.trim().trim_matches('"').to_owned();
            (bare(event), bare(alert))
        })
        .collect())
}

/// Events that are no constants: `event = "publish.failed"` in any file of a folder.
fn said_in_passing(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for source in sources(folder)? {
        let said = source.lines().filter_map(|line| {
            let name = line.trim().strip_prefix("event = \"")?;
            Some(name.split('"').next()?.to_owned())
        });
        found.extend(said);
    }
    Ok(found)
}

/// Every file of Rust below a folder.
pub(crate) fn sources(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(path)?);
        }
    }
    Ok(found)
}

#[test]
fn monitoring_knows_every_event_that_a_program_logs() -> Result<()> {
    let known = events_of_monitoring()?;
    let mut logged = BTreeSet::new();
    for function in fs::read_dir(repository().join("functions"))? {
        let folder = function?.path();
        let source = fs::read_to_string(folder.join("src/event.rs"))?;
        let names = constants(&source).filter(|name| name.contains('.'));
        logged.extend(names.map(str::to_owned));
        logged.extend(said_in_passing(&folder.join("src"))?);
    }
    assert!(logged.len() >= 6, "{logged:?}");
    let unknown: Vec<_> = logged
        .iter()
        .filter(|event| !known.contains_key(*event))
        .collect();
    assert!(unknown.is_empty(), "events.tf does not know {unknown:?}");
    let functions: BTreeSet<_> = logged
        .iter()
        .filter_map(|event| event.split('.').next())
        .collect();
    let gone: Vec<_> = known
        .keys()
        .filter(|event| {
            event
                .split('.')
                .next()
                .is_some_and(|of| functions.contains(of))
        })
        .filter(|event| !logged.contains(*event))
        .collect();
    assert!(
        gone.is_empty(),
        "events.tf listens for {gone:?}, which no program logs"
    );
    Ok(())
}

#[test]
fn every_failure_is_heard() -> Result<()> {
    for (event, alert) in events_of_monitoring()? {
        // Tried again; told to the log all the same.
        let harmless = ["rotation.step_failed", "publish.failed"].contains(&event.as_str());
        if event.ends_with("failed") && !harmless {
            assert_ne!(alert, "null", "nobody hears {event}");
        }
    }
    Ok(())
}

#[test]
fn probes_ask_for_paths_that_the_programs_answer() -> Result<()> {
    let serve = read("crates/runtime/src/serve.rs")?;
    let hcl = read("infra/modules/function-service/main.tf")?;
    for path in ["/health", "/ready"] {
        assert!(
            serve.contains(&format!("\"{path}\"")),
            "runtime does not serve {path}"
        );
        assert!(
            hcl.contains(&format!("path = \"{path}\"")),
            "no probe asks for {path}"
        );
    }
    Ok(())
}

#[test]
fn the_port_is_the_one_that_programs_listen_on_by_themselves() -> Result<()> {
    assert!(read("crates/runtime/src/serve.rs")?.contains("const PORT: u16 = 8080;"));
    let hcl = read("infra/modules/function-service/main.tf")?;
    assert!(hcl.contains("container_port = 8080"));
    Ok(())
}

#[test]
fn variables_of_the_environment_are_ones_that_the_programs_read() -> Result<()> {
    let mut read_by_programs = String::new();
    for file in ["auth.rs", "config.rs", "serve.rs", "telemetry.rs"] {
        read_by_programs += &read(&format!("crates/runtime/src/{file}"))?;
    }
    read_by_programs += &read("functions/backup/src/main.rs")?;
    for module in ["function-service", "function-job"] {
        let hcl = read(&format!("infra/modules/{module}/main.tf"))?;
        // Blanks before the sign of equality are terraform fmt's.
        let names = hcl.lines().filter_map(|line| {
            let (key, value) = line.trim().split_once('=')?;
            let name = value.trim().strip_prefix('"')?.strip_suffix('"')?;
            let variable = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            (key.trim() == "name" && variable).then_some(name)
        });
        for name in names {
            assert!(
                read_by_programs.contains(name),
                "{module} sets {name}, which no program reads"
            );
        }
    }
    Ok(())
}

#[test]
fn every_runbook_is_one_of_an_alert() -> Result<()> {
    let mut hcl = String::new();
    for file in ["events.tf", "silence.tf", "symptoms.tf"] {
        hcl += &read(&format!("infra/modules/monitoring/{file}"))?;
    }
    hcl += &read("infra/live/main.tf")?;
    for entry in fs::read_dir(repository().join("docs/runbooks"))? {
        let path = entry?.path();
        let name = Path::new(&path)
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        if name != "README" {
            assert!(hcl.contains(&name), "no alert leads to {}", path.display());
        }
    }
    Ok(())
}

/// A person who follows the short way comes to the same place.
#[test]
fn the_readme_deploys_with_the_commands_of_the_long_way() -> Result<()> {
    let (readme, long) = (read("README.md")?, read("docs/deploy.md")?);
    let section = readme.split("## Deploy to Google Cloud").nth(1);
    let block = section.and_then(|section| section.split("```").nth(1));
    let commands: Vec<&str> = block
        .unwrap_or_default()
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert!(commands.len() > 20, "only {} lines", commands.len());
    let mut rest = long.as_str();
    for command in commands {
        let place = rest.find(command);
        let place = place.unwrap_or_else(|| panic!("not there, or not in this order: {command}"));
        rest = &rest[place..];
    }
    Ok(())
}

/// `**/target` would leave out the modules of that name, too, and the image's build alone would find that out.
#[test]
fn images_are_built_of_all_sources() -> Result<()> {
    let ignored = read(".dockerignore")?;
    let left_out = ignored
        .lines()
        .filter(|line| !line.is_empty() && *line != "*" && !line.starts_with(['#', '!']));
    for pattern in left_out {
        let parts: Vec<&str> = pattern.split('/').collect();
        let beside_the_sources = matches!(parts[..], ["crates" | "functions", "*", name] if name != "src" && !name.contains('*'));
        assert!(beside_the_sources, "{pattern} may leave sources out");
    }
    Ok(())
}
