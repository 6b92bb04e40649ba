//! The chapter of the month: thirty-one days of budget messages pass in seconds, spend climbs, and on the first of November
//! everything is as it was.
//!
//! Messages go through a topic of local-gcp's, which pushes them to `budget-guard serve` with a signed token. What is claimed
//! of services, databases and machines is read from Google's API, before, while they are held and after.

mod memory;
mod world;

use super::{Options, with_crew};
use crate::{
    Error,
    screen::Screen,
    up::{
        Crew, Google, PROJECT,
        budget::{self, AMOUNT, CONFIG},
        open_for_budget,
    },
};
use jiff::{SignedDuration, Timestamp};
use memory::Memory;
use nightshift_runtime::{Shutdown, report::count};
use reqwest::Method;
use serde_json::json;
use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};
use tokio::time::sleep;
use world::World;

const NAME: &str = "budget-guard";

/// Midnight of 1 October 2026 on the Pacific coast, where the months of budgets begin.
const START: Timestamp = Timestamp::constant(1_790_838_000, 0);

/// How often Google sends a message here; in truth it is every twenty minutes or so.
const EVERY: SignedDuration = SignedDuration::from_hours(2);

/// What the project spends in that time, in cents, by how many rungs are climbed: about 42 dollars a day at first, and in the
/// end what disks and Europe cost.
const SPENT: [u32; 4] = [350, 350, 250, 30];

/// For so many messages after a stop the cost goes on as before: billing's data lag.
const LAG: u32 = 6;

/// When a credit arrives, and how much of it, in cents.
const CREDIT: (SignedDuration, u32) = (SignedDuration::from_hours(27 * 24), 6_000);

/// How long a message may be on its way and at work.
const DEADLINE: Duration = Duration::from_secs(30);

const YOURS: &str = "\
budget-guard simulate october.jsonl --config guard.toml --as enforce --chart october.html
touches nothing, and draws what a ladder of yours would have done with a month of your messages";

/// Tells it.
pub(super) async fn run(options: &Options, shutdown: &Shutdown) -> Result<(), Error> {
    let screen = Screen::new(options.quiet);
    screen.title(
        "Nightshift: a ladder between an e-mail and a kill switch, and the way back down",
        "Billing's messages and all resources played by local-gcp; the program is real, and a month takes seconds.",
    )?;
    let play = async |crew: &mut Crew| {
        let programs = options.programs.as_deref();
        let (google, _) = open_for_budget(crew, programs, START).await?;
        let stage = Stage {
            screen,
            google,
            crew,
            programs,
        };
        tell(&stage).await
    };
    let (shown, left) = with_crew(shutdown, play).await?;
    Screen::summary(&[
        ("climbed", shown.climbed),
        ("told", shown.told),
        ("gave back", shown.gave_back),
        ("left", left),
        ("yours", YOURS.to_owned()),
    ])
}

/// What is said in the end.
struct Shown {
    climbed: String,
    told: String,
    gave_back: String,
}

/// Google, and who plays.
struct Stage<'a> {
    screen: Screen,
    google: Google,
    crew: &'a Crew,
    programs: Option<&'a Path>,
}

async fn tell(stage: &Stage<'_>) -> Result<Shown, Error> {
    let screen = stage.screen;
    screen.act(
        1,
        "A ladder",
        "At 50 % somebody is told, at 90 % it goes slower, at 100 % what Europe does not sell by stops.",
    )?;
    stage.show(&["status"]).await?;
    let before = World::read(&stage.google).await?;

    screen.act(
        2,
        "October",
        &format!(
            "A message every two hours, of {AMOUNT} dollars a month; the console has the dial: {}",
            stage.google.url
        ),
    )?;
    let (messages, climbed) = stage.live_through_october().await?;
    let held = World::read(&stage.google).await?;

    screen.act(
        3,
        "Ask it why",
        "What is held, by which step, since when, and what it was before.",
    )?;
    stage.show(&["status"]).await?;

    stage.first_of_november(&before, &held).await?;
    let touched = before.differences(&held).len();
    Ok(Shown {
        climbed: format!("{} messages; {}", count(messages), climbed.join(", ")),
        told: stage.notices().await?,
        gave_back: format!(
            "{touched} of {touched} resources, field for field as Google had them, by the first message of the new month"
        ),
    })
}

impl Stage<'_> {
    /// Spends for a month, and says when the ladder was climbed: how many messages it took, and which steps fired at what.
    async fn live_through_october(&self) -> Result<(u64, Vec<String>), Error> {
        let (mut messages, mut cents, mut unseen) = (0, 0, 0_u32);
        let mut climbed: Vec<String> = vec![];
        let mut at = START;
        let mut credit = Some(CREDIT);
        let end = START + SignedDuration::from_hours(31 * 24);
        while at + EVERY < end {
            at += EVERY;
            cents += SPENT[climbed.len() - usize::from(unseen > 0)];
            unseen = unseen.saturating_sub(1);
            let credited = credit.take_if(|(after, _)| at.duration_since(START) >= *after);
            cents -= credited.map_or(0, |(_, credit)| credit);
            let memory = self.spend(at, cents).await?;
            messages += 1;
            let steps = memory.steps();
            if steps.len() < climbed.len() {
                let flapped = format!("of {climbed:?} only {steps:?} are in force");
                return Err(Error::Unproven(flapped));
            }
            for step in &steps[climbed.len()..] {
                climbed.push(format!("`{step}` at {}", memory.share()));
                self.screen.block(&memory.line(at))?;
                unseen = LAG;
                match climbed.len() {
                    2 => self.make_trouble().await?,
                    3 => self.was_there_trouble().await?,
                    _ => {}
                }
            }
            if credited.is_some() {
                self.screen.block(&memory.line(at))?;
                self.screen
                    .seen("a credit: the cost falls below the last rung, and nothing flaps")?;
            }
        }
        if climbed.len() != 3 || cents > AMOUNT * 100 {
            let other = format!("the ladder was climbed {climbed:?}, and {cents} cents were spent");
            return Err(Error::Unproven(other));
        }
        Ok((messages, climbed))
    }

    /// The answer to the stop of the database will be lost: it is done, and nobody hears of it.
    async fn make_trouble(&self) -> Result<(), Error> {
        let fault = json!({ "method": "sql.instances.patch", "loseAnswer": true });
        let asked = self
            .google
            .ask(Method::POST, "/_local/faults", Some(&fault));
        asked.await.map(drop)
    }

    async fn was_there_trouble(&self) -> Result<(), Error> {
        let planned = self.google.look("/_local/faults").await?;
        if planned[0]["hit"].as_u64().unwrap_or_default() == 0 {
            let unhurt = "the answer to the stop of the database was not lost";
            return Err(Error::Unproven(unhurt.to_owned()));
        }
        self.screen.seen(
            "Cloud SQL's answer was lost on the way: the guard looked again, and found its database stopped",
        )
    }

    /// Lets Cloud Billing say at `at` that so much is spent, and waits until the guard has done what it does about it.
    async fn spend(&self, at: Timestamp, cents: u32) -> Result<Memory, Error> {
        let google = &self.google;
        let set = json!({ "set": at });
        google
            .ask(Method::POST, "/_local/clock", Some(&set))
            .await?;
        let path = format!("/v1/projects/{PROJECT}/topics/{}:publish", budget::ALERTS);
        let message = budget::message(at, cents, AMOUNT);
        let published = google.ask(Method::POST, &path, Some(&message)).await?;
        let id = published["messageIds"][0].as_str().unwrap_or_default();
        let began = Instant::now();
        loop {
            if let Some(memory) = Memory::read(google).await?
                && memory.has_settled(id)
            {
                return Ok(memory);
            }
            if began.elapsed() > DEADLINE {
                return Err(Error::Unproven(format!(
                    "the message of {at} is not done with after {} s",
                    DEADLINE.as_secs()
                )));
            }
            sleep(Duration::from_millis(3)).await;
        }
    }

    /// Sends the first message of the new month, and compares with what was there before the old one.
    async fn first_of_november(&self, before: &World, held: &World) -> Result<(), Error> {
        self.screen.act(
            4,
            "The first of November",
            "The next message is of a new month. Nobody presses anything.",
        )?;
        let november = START + SignedDuration::from_hours(31 * 24 + 1);
        let memory = self.spend(november, 40).await?;
        self.screen.block(&memory.line(november))?;
        let after = World::read(&self.google).await?;
        self.screen.block(&World::table(before, held, &after))?;
        let unlike = before.differences(&after);
        if !unlike.is_empty() {
            let unlike = format!("not as it was: {}", unlike.join(", "));
            return Err(Error::Unproven(unlike));
        }
        self.screen.seen(
            "field for field as it was before the month began, and no service has a new revision",
        )
    }

    /// What the topic of the notices was told.
    async fn notices(&self) -> Result<String, Error> {
        let path = format!("/v1/projects/{PROJECT}/subscriptions/budget-notices-pull:pull");
        let all = json!({ "maxMessages": 100 });
        let pulled = self.google.ask(Method::POST, &path, Some(&all)).await?;
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        for one in pulled["receivedMessages"].as_array().into_iter().flatten() {
            let kind = one["message"]["attributes"]["kind"].as_str();
            *kinds.entry(kind.unwrap_or_default()).or_default() += 1;
        }
        let words: Vec<String> = kinds
            .iter()
            .map(|(kind, times)| format!("{times} {kind}"))
            .collect();
        Ok(format!(
            "{}; what changes nothing says nothing",
            words.join(", ")
        ))
    }

    /// Shows a command as a person would type it, and what it printed.
    async fn show(&self, arguments: &[&str]) -> Result<(), Error> {
        let typed = format!("{NAME} {} --config {CONFIG}", arguments.join(" "));
        self.screen.command(&typed)?;
        let arguments = [arguments, &["--config", CONFIG]].concat();
        let ran = self.crew.run(NAME, self.programs, &arguments, &self.google);
        // A table has a line for each row where no terminal reads it; one that is too long goes on below.
        self.screen.block(
            ran.await?
                .trim_end()
                .replace("; does ", ";\n       does ")
                .as_str(),
        )
    }
}
