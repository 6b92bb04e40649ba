//! The chapter of the rotation: a password changes, twice, while a client logs in with it all the time.
//!
//! What plays is the project of `nightshift up`: local-gcp, a PostgreSQL with two accounts, `rotate-secrets serve` behind a
//! push subscription. What is claimed is read from Google's API and asked of PostgreSQL, not told by the rotator.

mod watch;

use super::{Options, with_crew};
use crate::{
    Error,
    screen::Screen,
    up::{
        self, Crew, Open, PROJECT, SHOP_PASSWORD,
        client::{self, Client, Counts},
        rotation::CONFIG,
    },
};
use nightshift_runtime::{
    Shutdown,
    report::{count, duration},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tokio::time::sleep;
use watch::{DEADLINE, Secret};

/// How long the old password stays good here.
const GRACE: &str = "2s";

/// Fifty logins a second.
const PACE: Duration = Duration::from_millis(20);

/// What ticks in the project.
const TICK: &str = "locations/europe-west1/jobs/rotation-tick";

const YOURS: &str = "\
rotate-secrets check --config rotate.toml
changes nothing, and says what a rotation of your own secret would need";

/// Tells it. Whatever becomes of it, nothing is left running.
pub(super) async fn run(options: &Options, shutdown: &Shutdown) -> Result<(), Error> {
    let screen = Screen::new(options.quiet);
    screen.title(
        "Nightshift: a password that changes and nobody notices",
        "Secret Manager and Cloud Run played by local-gcp; the PostgreSQL, the program and the logins are real.",
    )?;
    let play = async |crew: &mut Crew| tell(options, crew, screen).await;
    let (shown, left) = with_crew(shutdown, play).await?;
    Screen::summary(&[
        ("rotated", shown.rotated),
        ("served", shown.served),
        ("revoked", shown.revoked),
        ("left", left),
        ("yours", YOURS.to_owned()),
    ])
}

/// What is said in the end.
struct Shown {
    rotated: String,
    served: String,
    revoked: String,
}

/// Everything that the acts use.
struct Play<'a> {
    screen: Screen,
    crew: &'a Crew,
    programs: Option<&'a Path>,
    open: Open,
    client: Client,
}

async fn tell(options: &Options, crew: &mut Crew, screen: Screen) -> Result<Shown, Error> {
    let up = up::Options {
        port: 0,
        programs: options.programs.clone(),
        stopped: false,
    };
    let open = up::open(&up, crew, GRACE).await?;
    let play = Play {
        screen,
        crew,
        programs: options.programs.as_deref(),
        client: Client::start(&open.google, PACE)?,
        open,
    };
    let first = play.somebody_uses_it().await?;
    play.ask_first().await?;
    let by_schedule = play.the_schedule_rotates().await?;
    let refusal = play.the_old_one_goes(&first).await?;
    let by_hand = play.somebody_rotates().await?;
    let counts = play.client.counts();
    if counts.failed > 0 {
        return Err(Error::Unproven(format!(
            "{} of the client's logins failed, the last with `{}`",
            counts.failed,
            counts.why.unwrap_or_default()
        )));
    }
    Ok(Shown {
        rotated: format!(
            "twice: by the schedule in {}, by a person in {}, each until the service had its new revision",
            duration(by_schedule),
            duration(by_hand)
        ),
        served: format!(
            "{} logins with what was published ({}), none failed",
            count(counts.logins()),
            counts.by_user()
        ),
        revoked: format!("the first password is refused: {refusal}"),
    })
}

impl Play<'_> {
    /// Act 1: a client that would notice.
    async fn somebody_uses_it(&self) -> Result<Value, Error> {
        self.screen.act(
            1,
            "A password that is in use",
            "A client reads it from Secret Manager and logs in, fifty times a second, from now to the end.",
        )?;
        let first = client::published(&self.open.google).await?;
        self.has_logged_in_as(&first).await?;
        self.screen
            .block(&Secret::read(&self.open.google).await?.table())?;
        Ok(first)
    }

    /// Act 2: what would happen.
    async fn ask_first(&self) -> Result<(), Error> {
        self.screen.act(
            2,
            "Ask first",
            "Rights, reachability, the two accounts, who reads the secret: looked at without changing anything.",
        )?;
        self.show(&["plan", SHOP_PASSWORD]).await
    }

    /// Act 3: Secret Manager's schedule, which pushes with a signed token.
    async fn the_schedule_rotates(&self) -> Result<Duration, Error> {
        self.screen.act(
            3,
            "The schedule comes due",
            "Secret Manager publishes SECRET_ROTATE, Pub/Sub pushes it with a signed token, and rotate-secrets begins.",
        )?;
        let google = &self.open.google;
        let began = Instant::now();
        let secret = Secret::read(google).await?;
        let due = json!({ "api": "secretmanager", "key": format!("rotate {}", secret.name) });
        google
            .ask(Method::POST, "/_local/timers:fire", Some(&due))
            .await?;
        let rolled = watch::phases(google, self.screen, &self.client, secret.newest()).await?;
        self.screen.block(&rolled.table())?;
        let second = client::published(google).await?;
        self.has_logged_in_as(&second).await?;
        let took = began.elapsed();
        self.screen.seen(&format!(
            "the service `checkout` runs a new revision for it: {}",
            watch::revision(google).await?
        ))?;
        Ok(took)
    }

    /// Act 4: after the grace a tick makes the old password useless, then its version.
    async fn the_old_one_goes(&self, first: &Value) -> Result<String, Error> {
        self.screen.act(
            4,
            "The old one goes",
            "It was good until now, for whoever still held it. After its grace the scheduler's tick revokes it.",
        )?;
        if let Err(why) = client::log_in(first).await {
            let early = format!("the old password was refused before its grace was over: {why}");
            return Err(Error::Unproven(early));
        }
        self.screen.seen("the first password still logs in")?;
        let began = Instant::now();
        let google = &self.open.google;
        let tick = format!("/v1/projects/{PROJECT}/{TICK}:run");
        while Secret::read(google).await?.phase() != "idle" {
            if began.elapsed() > DEADLINE {
                let late = "the old version is not retired after many ticks";
                return Err(Error::Unproven(late.to_owned()));
            }
            google.ask(Method::POST, &tick, Some(&json!({}))).await?;
            sleep(Duration::from_secs(1)).await;
        }
        self.screen.block(&Secret::read(google).await?.table())?;
        let refused = client::log_in(first).await;
        let Err(why) = refused else {
            let still = "the first password logs in after its version was retired";
            return Err(Error::Unproven(still.to_owned()));
        };
        self.screen
            .seen(&format!("the first password is refused: {why}"))?;
        Ok(why)
    }

    /// Act 5: the same by hand.
    async fn somebody_rotates(&self) -> Result<Duration, Error> {
        self.screen.act(
            5,
            "Once more, by hand",
            "Somebody leaves the company: the same steps, now, and the other account's turn.",
        )?;
        let began = Instant::now();
        self.show(&["rotate", SHOP_PASSWORD]).await?;
        let took = began.elapsed();
        let third = client::published(&self.open.google).await?;
        self.has_logged_in_as(&third).await?;
        self.show(&["status", SHOP_PASSWORD]).await?;
        Ok(took)
    }

    /// Shows a command as a person would type it, and what it printed.
    async fn show(&self, arguments: &[&str]) -> Result<(), Error> {
        let typed = format!("rotate-secrets {} --config {CONFIG}", arguments.join(" "));
        self.screen.command(&typed)?;
        let arguments = [arguments, &["--config", CONFIG]].concat();
        let ran = self.crew.run(
            "rotate-secrets",
            self.programs,
            &arguments,
            &self.open.google,
        );
        self.screen.block(ran.await?.trim_end())
    }

    /// Waits until the client has logged in as whom this value names, after now, and shows its counter.
    async fn has_logged_in_as(&self, value: &Value) -> Result<(), Error> {
        let user = value["username"].as_str().unwrap_or_default();
        let logins = |counts: &Counts| counts.by_user.get(user).copied().unwrap_or_default();
        let before = logins(&self.client.counts());
        let began = Instant::now();
        loop {
            let counts = self.client.counts();
            if logins(&counts) > before {
                return self.screen.seen(&format!(
                    "the client logs in as {user}: {} logins, {} failed",
                    count(counts.logins()),
                    counts.failed
                ));
            }
            if began.elapsed() > DEADLINE {
                let why = counts.why.unwrap_or_default();
                return Err(Error::Unproven(format!(
                    "the client does not log in as {user}: {why}"
                )));
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}
