//! The same pushes from Google's emulator and from local-gcp.
//!
//! `push_matrix.json` says of each behaviour what local-gcp does (`ours`) and, where Google's emulator does something else
//! (`emulator`), why ours is meant to differ (`why`). Whatever differs beyond that fails: here the one list, there the other.

mod behaviours;
mod refusals;
mod server;

use crate::support::{Context as _, Result, ensure};
use futures::{FutureExt as _, future::LocalBoxFuture};
use local_gcp::{LocalGcp, Options};
use pubsub_emulator::Emulator;
use serde::Deserialize;
use serde_json::Value;
use server::Server;
use std::collections::BTreeMap;

/// What a behaviour comes to, without what differs from run to run.
type Observed<'a> = LocalBoxFuture<'a, Result<Value>>;
type Behaviour = fn(&Server) -> Observed<'_>;

macro_rules! behaviours {
    ($($module:ident::$name:ident),* $(,)?) => {
        [$((stringify!($name), (|server| $module::$name(server).boxed_local()) as Behaviour)),*]
    };
}

const BEHAVIOURS: [(&str, Behaviour); 24] = behaviours![
    behaviours::wrapped,
    behaviours::wrapped_of_an_ordered_subscription,
    behaviours::wrapped_with_a_dead_letter_policy,
    behaviours::attributes_alone,
    behaviours::data_alone,
    behaviours::unwrapped,
    behaviours::unwrapped_with_metadata,
    behaviours::unwrapped_with_a_content_type,
    behaviours::oidc_token,
    behaviours::filter,
    behaviours::answers,
    behaviours::informational_answer,
    behaviours::no_retry_policy,
    behaviours::retry_policy,
    behaviours::ack_deadline,
    behaviours::ordering,
    behaviours::backlog,
    behaviours::dead_letter_of_refusals,
    behaviours::dead_letter_of_a_receiver_that_is_gone,
    refusals::dead_letter_policies,
    refusals::ids,
    refusals::publishing,
    refusals::administration,
    refusals::subscriptions,
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    ours: Value,
    emulator: Option<Value>,
    why: Option<String>,
}

fn expected() -> Result<BTreeMap<String, Expected>> {
    let text = include_str!("push_matrix/push_matrix.json");
    serde_json::from_str(text).context("read push_matrix.json")
}

/// How what was observed differs from what is expected, if it does.
fn difference(name: &str, observed: Result<Value>, expected: &Value) -> Option<String> {
    match observed {
        Ok(observed) if observed == *expected => None,
        Ok(observed) => Some(format!(
            "\n\"{name}\": observed {observed:#}\nexpected {expected:#}\n"
        )),
        Err(error) => Some(format!("\n\"{name}\": {error:#}\n")),
    }
}

#[test]
fn every_row_is_of_a_behaviour_and_every_difference_has_a_reason() -> Result<()> {
    let expected = expected()?;
    let rows: Vec<_> = expected.keys().map(String::as_str).collect();
    let mut names: Vec<_> = BEHAVIOURS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(rows, names);
    for (name, row) in &expected {
        assert_eq!(row.emulator.is_some(), row.why.is_some(), "{name}");
        assert_ne!(
            row.emulator.as_ref(),
            Some(&row.ours),
            "{name}: no difference"
        );
    }
    Ok(())
}

#[tokio::test]
async fn local_gcp_pushes_as_the_matrix_says() -> Result<()> {
    let expected = expected()?;
    let mut differences = String::new();
    for (name, behaviour) in BEHAVIOURS {
        let options = Options::stopped_at("2026-11-01T12:00:00Z".parse()?);
        let server = Server::local(LocalGcp::start(options).await?);
        let row = expected.get(name).context(name)?;
        let observed = behaviour(&server).await;
        differences += &difference(name, observed, &row.ours).unwrap_or_default();
    }
    ensure!(differences.is_empty(), "{differences}");
    Ok(())
}

/// How often a behaviour is looked at before a difference counts. The emulator's time is real, and a busy machine can
/// stretch the pauses that are measured; what is truly different is so each time.
const LOOKS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn googles_emulator_pushes_as_the_matrix_says() -> Result<()> {
    let expected = expected()?;
    let mut looked_at: Vec<(&str, Behaviour)> = BEHAVIOURS.to_vec();
    let mut differences = vec![];
    for _ in 0..LOOKS {
        // One of its own each time: topics are named after what they are for.
        let Some(emulator) = tokio::task::spawn_blocking(Emulator::start).await?? else {
            eprintln!("skipped: gcloud's Pub/Sub emulator is not on this machine");
            return Ok(());
        };
        let server = Server::emulator(emulator.url());
        // At once: most of the waiting is for its clock.
        let observing = looked_at.iter().map(|(_, behaviour)| behaviour(&server));
        let observed = futures::future::join_all(observing).await;
        let mut different = vec![];
        differences.clear();
        for ((name, behaviour), observed) in looked_at.into_iter().zip(observed) {
            let row = expected.get(name).context(name)?;
            let expected = row.emulator.as_ref().unwrap_or(&row.ours);
            if let Some(difference) = difference(name, observed, expected) {
                eprintln!("{difference}");
                differences.push(difference);
                different.push((name, behaviour));
            }
        }
        if different.is_empty() {
            return Ok(());
        }
        looked_at = different;
    }
    anyhow::bail!("{}", differences.concat())
}
