//! The chapter of the week: seven days pass in seconds, and what is scaled follows the clock, the holidays and the people.
//!
//! local-gcp's clock is moved half an hour at a time; its Scheduler wakes `scheduled-scaling serve` every five minutes of that,
//! by Pub/Sub and with a signed token. What is claimed is read from Google's API and held against the plan of the beginning.

mod levels;
mod stage;

use super::{Options, with_crew};
use crate::{Error, screen::Screen, up::Crew};
use jiff::{SignedDuration, Timestamp};
use levels::Levels;
use nightshift_runtime::{Shutdown, report::count};
use stage::Stage;

/// Midnight of Monday, 21 December 2026, in the zone of the schedules.
const MONDAY: Timestamp = Timestamp::constant(1_797_807_600, 0);
/// The same, as `plan` takes it.
const FIRST_DAY: &str = "2026-12-21";

const YOURS: &str = "\
scheduled-scaling plan --offline --config scaling.toml
needs no account, and shows the week of your own services, the changes and the money";

/// Tells it.
pub(super) async fn run(options: &Options, shutdown: &Shutdown) -> Result<(), Error> {
    let screen = Screen::new(options.quiet);
    screen.title(
        "Nightshift: the right number of instances at every hour",
        "Cloud Run, Cloud SQL, Scheduler and Pub/Sub played by local-gcp; the program is real, and a week takes seconds.",
    )?;
    let play = async |crew: &mut Crew| {
        let programs = options.programs.as_deref();
        let stage = Stage::open(crew, programs, screen, MONDAY).await?;
        tell(&stage, crew).await
    };
    let (shown, left) = with_crew(shutdown, play).await?;
    Screen::summary(&[
        ("kept", shown.kept),
        ("asked", shown.asked),
        ("people", shown.people),
        ("rested", shown.rested),
        ("left", left),
        ("yours", YOURS.to_owned()),
    ])
}

/// What is said in the end.
struct Shown {
    kept: String,
    asked: String,
    people: String,
    rested: String,
}

/// A time of the week on the clock of the schedules; Monday is day 0.
fn at(day: i64, hour: i64, minute: i64) -> Timestamp {
    MONDAY + SignedDuration::from_mins((day * 24 + hour) * 60 + minute)
}

async fn tell(stage: &Stage<'_>, crew: &Crew) -> Result<Shown, Error> {
    let screen = stage.screen;
    screen.act(
        1,
        "The week to come",
        "Schedules for three services, a worker pool and a database; Friday and Saturday are Christmas.",
    )?;
    let revisions = stage.revisions().await?;
    stage.show_plan(crew, FIRST_DAY).await?;
    let plan = stage.plan(crew, FIRST_DAY).await?;

    screen.act(
        2,
        "The week passes",
        &format!(
            "Every five minutes a tick; what changes is told. It fills in the console, too: {}",
            stage.google.url
        ),
    )?;
    let mut levels = Levels::read(&stage.google).await?;
    let people = live(stage, crew, &mut levels).await?;

    screen.act(3, "Ask it why", "On Friday nobody needed the checkout.")?;
    let friday = at(4, 10, 0).to_string();
    stage
        .show(crew, &["explain", "checkout", "--at", &friday])
        .await?;
    stage.show(crew, &["status"]).await?;

    let held = levels.hold(&plan, (at(2, 6, 0), at(2, 8, 30)))?;
    let figures = stage.figures().await?;
    if stage.revisions().await? != revisions {
        let made = "a service has another revision than when the week began";
        return Err(Error::Unproven(made.to_owned()));
    }
    Ok(Shown {
        kept: format!("{held} changes of the plan, each found at Google by the next tick"),
        asked: format!(
            "{} ticks made {} writes, of which none made a revision",
            count(figures.runs),
            count(figures.writes)
        ),
        people,
        rested: levels.rested(MONDAY, at(7, 0, 0)),
    })
}

/// Moves the clock through the week; on the way people and Scheduler do what they do.
async fn live(stage: &Stage<'_>, crew: &Crew, levels: &mut Levels) -> Result<String, Error> {
    stage.until(at(1, 20, 30), levels).await?;
    stage
        .show(
            crew,
            &[
                "override",
                "checkout",
                "--min",
                "5",
                "--for",
                "2h",
                "--reason",
                "late sale",
            ],
        )
        .await?;
    stage.until(at(1, 22, 0), levels).await?;
    levels.expect("checkout", "min 5")?;
    stage.until(at(1, 22, 35), levels).await?;
    levels.expect("checkout", "min 0")?;

    stage.until(at(2, 6, 0), levels).await?;
    stage
        .screen
        .seen("the trigger fails from 06:00 to 08:30: no tick comes")?;
    stage.trigger("pause").await?;
    stage.until(at(2, 8, 30), levels).await?;
    levels.expect("checkout", "min 0")?;
    stage.trigger("resume").await?;
    stage.until(at(2, 8, 40), levels).await?;
    levels.expect("checkout", "min 3")?;
    stage.screen.seen("the next tick puts everything right")?;

    stage.until(at(3, 14, 0), levels).await?;
    stage
        .screen
        .seen("an incident: somebody raises the storefront to 9 by hand")?;
    stage.raise("storefront", 9).await?;
    stage.until(at(3, 22, 30), levels).await?;
    levels.expect("storefront", "min 9")?;
    stage.until(at(3, 23, 5), levels).await?;
    levels.expect("storefront", "min 1")?;
    stage
        .screen
        .seen("kept until the schedule's own next change, not a tick less")?;

    stage.until(at(7, 0, 0), levels).await?;
    Ok("an override for two hours ended by itself; a raise by hand stayed until the boundary;\na trigger that was silent for two and a half hours cost nothing but the time".to_owned())
}
