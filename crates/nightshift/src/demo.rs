//! `nightshift demo`: what becomes of a shop at night, told by the real programs.
//!
//! There are four chapters: a database that is lost and comes back, a password that changes while somebody uses it, a week
//! of scaling by the clock, and a month in which a budget is spent.

mod acts;
mod children;
mod inventory;
mod month;
mod rotation;
mod stage;
mod summary;
mod week;

use crate::{Error, screen::Screen, up::Crew};
use acts::Story;
use nightshift_runtime::{Shutdown, report::duration};
use stage::Stage;
use std::{path::PathBuf, time::Instant};

/// Options of `demo`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// The chapter to tell [default: all]
    #[arg(value_enum, value_name = "CHAPTER")]
    pub chapter: Option<Chapter>,
    /// Size of the web shop: about 8 MB on disk for each step
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub scale: u32,
    /// New or empty folder for the backups, which then stay when all else is removed
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
    /// Say nothing but the summary
    #[arg(long, short)]
    pub quiet: bool,
    /// The program `backup` [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub backup_program: Option<PathBuf>,
    /// Folder of the programs that the chapters `rotation`, `week` and `month` start [default: the one of this program]
    #[arg(long, value_name = "FOLDER")]
    pub programs: Option<PathBuf>,
}

/// A part of the story that stands by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Chapter {
    /// Back up a web shop, break it, restore it, prove it, prune, and catch a flipped bit
    Backup,
    /// Change the password of a database while somebody logs in with it all the time
    Rotation,
    /// Let a week pass in seconds, and see services, workers and a database scaled by the clock
    Week,
    /// Spend a budget in seconds, see what is throttled and stopped, and have all of it back on the first of the next month
    Month,
}

/// Tells the story. Whatever becomes of it, nothing is left running and nothing lying about.
pub async fn run(options: &Options, shutdown: &Shutdown) -> Result<(), Error> {
    let told = |chapter| options.chapter.is_none_or(|one| one == chapter);
    if told(Chapter::Backup) {
        backup(options, shutdown).await?;
    }
    if told(Chapter::Rotation) {
        rotation::run(options, shutdown).await?;
    }
    if told(Chapter::Week) {
        week::run(options, shutdown).await?;
    }
    if told(Chapter::Month) {
        month::run(options, shutdown).await?;
    }
    Ok(())
}

/// Plays a chapter with programs that listen. Whatever becomes of it, nothing is left running; that is said beside what it
/// has shown.
async fn with_crew<T>(
    shutdown: &Shutdown,
    play: impl AsyncFnOnce(&mut Crew) -> Result<T, Error>,
) -> Result<(T, String), Error> {
    let began = Instant::now();
    // What the story shows is the story.
    let mut crew = Crew::new()?.quietly();
    let played = tokio::select! {
        () = shutdown.wait() => Err(Error::Interrupted),
        played = play(&mut crew) => played,
    };
    let folder = crew.folder().display().to_string();
    let shown = match (played, crew.stop().await) {
        (Ok(shown), Ok(())) => shown,
        (Ok(_), Err(error)) | (Err(error), Ok(())) => return Err(error),
        (Err(first), Err(then)) => return Err(Error::and_then(first, then)),
    };
    let left = format!(
        "nothing running, {folder} is removed\n{} in all",
        duration(began.elapsed())
    );
    Ok((shown, left))
}

/// The chapter of the backup.
async fn backup(options: &Options, shutdown: &Shutdown) -> Result<(), Error> {
    let began = Instant::now();
    let screen = Screen::new(options.quiet);
    screen.title(
        "Nightshift: a backup that proves it restores",
        "Real commands against a real PostgreSQL. Nothing outside a temporary folder is touched.",
    )?;
    let stage = Stage::set(options, screen, shutdown).await?;
    let told = match tell(&stage).await {
        Err(error) => Err(stage.children.or_interrupted(error).await),
        story => story,
    };
    let (story, struck) = match (told, stage.strike().await) {
        (Ok(story), struck) => (story, struck?),
        (Err(error), Ok(_)) => return Err(error),
        (Err(first), Err(then)) => return Err(Error::and_then(first, then)),
    };
    Screen::summary(&summary::lines(&story, &struck, began.elapsed()))
}

async fn tell(stage: &Stage) -> Result<Story, Error> {
    let shop = acts::open_shop(stage).await?;
    let backed_up = acts::back_up(stage).await?;
    let lost = acts::damage(stage, &shop).await?;
    let restored = acts::restore(stage, &shop, &backed_up).await?;
    let drilled = acts::drill(stage).await?;
    let pruned = acts::prune(stage).await?;
    let caught = acts::flip_a_bit(stage).await?;
    acts::ask_status(stage).await?;
    Ok(Story {
        shop,
        backed_up,
        lost,
        restored,
        drilled,
        pruned,
        caught,
    })
}
