//! What the bench says: a line per contender, the targets, the machine.

use crate::{
    budget::report::Budget,
    cli::Part,
    events::report::Events,
    rotation::report::Rotation,
    scaling::report::Scaling,
    targets::{Bound, Target, judge},
};
use anyhow::Context as _;
use nightshift_runtime::report::{self, Column, Table, bytes};
use procfs::Current as _;
use serde::Serialize;
use std::thread;

/// One contender's turn. Times are in seconds, sizes in bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// In answer to which question.
    pub part: Part,
    /// Whose turn.
    pub contender: String,
    /// The size of the database, in percent of the usual.
    pub percent: u32,
    /// Which of its turns, from 1.
    pub round: u32,
    /// From start to end.
    pub wall: f64,
    /// Processor time of the client's processes.
    pub client_cpu: f64,
    /// Processor time of the server's processes.
    pub server_cpu: f64,
    /// Cores that everybody else on this machine used meanwhile.
    pub others: f64,
    /// Of the largest process of the client.
    pub peak_rss: u64,
    /// What a backup stored.
    pub stored: Option<u64>,
}

/// Where it ran.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Cores this process may use.
    pub cores: usize,
    /// What the processor calls itself.
    pub processor: String,
    /// All of it, in bytes.
    pub memory: u64,
    /// The version of PostgreSQL's server, where one ran.
    pub server: Option<String>,
}

impl Machine {
    /// The one this runs on, with a server of this version.
    pub fn this(server: Option<String>) -> anyhow::Result<Self> {
        let processors = procfs::CpuInfo::current().context("read /proc/cpuinfo")?;
        Ok(Self {
            cores: thread::available_parallelism()
                .context("count cores")?
                .get(),
            processor: processors
                .model_name(0)
                .unwrap_or("unnamed processor")
                .to_owned(),
            memory: procfs::Meminfo::current()
                .context("read /proc/meminfo")?
                .mem_total,
            server,
        })
    }
}

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Where.
    pub machine: Machine,
    /// The size of the database, in percent of the usual.
    pub percent: u32,
    /// What was to be reached.
    pub targets: Vec<Target>,
    /// Every turn with a database, in order.
    pub runs: Vec<Run>,
    /// The part about events.
    pub events: Option<Events>,
    /// The part about rotations.
    pub rotation: Option<Rotation>,
    /// The part about scaling by the clock.
    pub scaling: Option<Scaling>,
    /// The part about budget messages.
    pub budget: Option<Budget>,
}

impl Report {
    /// Judges what ran with a database.
    pub fn new(machine: Machine, percent: u32, runs: Vec<Run>) -> Self {
        let mut targets = Vec::new();
        if machine.server.is_some() {
            targets.extend(judge(&runs, &machine, percent));
        }
        Self {
            machine,
            percent,
            targets,
            runs,
            events: None,
            rotation: None,
            scaling: None,
            budget: None,
        }
    }

    /// Judges the other parts that ran.
    #[must_use]
    pub fn with(
        mut self,
        events: Option<Events>,
        rotation: Option<Rotation>,
        scaling: Option<Scaling>,
        budget: Option<Budget>,
    ) -> Self {
        self.targets.extend(events.iter().flat_map(Events::targets));
        self.targets
            .extend(rotation.iter().flat_map(Rotation::targets));
        self.targets
            .extend(scaling.iter().flat_map(Scaling::targets));
        self.targets.extend(budget.iter().flat_map(Budget::targets));
        Self {
            events,
            rotation,
            scaling,
            budget,
            ..self
        }
    }

    /// The runs of each contender in each part, in the order of their first.
    fn groups(&self) -> Vec<Vec<&Run>> {
        let mut groups: Vec<Vec<&Run>> = Vec::new();
        let key = |run: &Run| (run.part, run.percent, run.contender.clone());
        for run in &self.runs {
            match groups.iter_mut().find(|group| key(group[0]) == key(run)) {
                Some(group) => group.push(run),
                None => groups.push(vec![run]),
            }
        }
        groups
    }

    fn measured(&self) -> Table {
        let mut table = Table::new([
            Column::text("PART"),
            Column::text("CONTENDER"),
            Column::number("WALL s"),
            Column::text("MIN–MAX"),
            Column::number("FASTER"),
            Column::number("CLIENT CPU s"),
            Column::number("SERVER CPU s"),
            Column::number("PEAK RSS"),
            Column::number("STORED"),
            Column::number("OTHERS"),
        ]);
        let groups = self.groups();
        let wall = |group: &[&Run]| median(group.iter().map(|run| run.wall));
        for group in &groups {
            let first = groups
                .iter()
                .find(|other| other[0].part == group[0].part)
                .and_then(|first| wall(first));
            table.row(row(group, first));
        }
        table
    }

    fn judged(&self) -> Table {
        let mut table = Table::new([
            Column::text("TARGET"),
            Column::number("BOUND"),
            Column::number("MEASURED"),
            Column::text("VERDICT"),
        ]);
        for target in &self.targets {
            let bound = match target.bound {
                Bound::AtLeast(least) => format!("≥ {least}"),
                Bound::AtMost(most) => format!("≤ {most}"),
            };
            let verdict = match (target.value, target.met) {
                (None, _) => "not measured",
                (_, None) => "not meant for this run",
                (_, Some(true)) => "met",
                (_, Some(false)) => "MISSED",
            };
            let value = target
                .value
                .map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
            table.row([target.what.to_owned(), bound, value, verdict.to_owned()]);
        }
        table
    }
}

/// One contender in one part: medians of its runs.
fn row(group: &[&Run], first: Option<f64>) -> [String; 10] {
    let of = |figure: fn(&Run) -> f64| group.iter().map(move |run| figure(run));
    let middle = |figure| median(of(figure)).unwrap_or(f64::NAN);
    let wall = middle(|run| run.wall);
    let (least, most) = of(|run| run.wall).fold((f64::MAX, f64::MIN), |(least, most), wall| {
        (least.min(wall), most.max(wall))
    });
    let part = match group[0].percent {
        100 => group[0].part.title().to_owned(),
        percent => format!("{} ({percent} %)", group[0].part.title()),
    };
    let peak = group
        .iter()
        .map(|run| run.peak_rss)
        .max()
        .unwrap_or_default();
    let stored = group[0].stored.map_or_else(|| "–".to_owned(), bytes);
    let others = of(|run| run.others).fold(0.0, f64::max);
    [
        part,
        group[0].contender.clone(),
        format!("{wall:.2}"),
        format!("{least:.2}–{most:.2}"),
        first.map_or_else(String::new, |first| format!("{:.2} ×", first / wall)),
        format!("{:.2}", middle(|run| run.client_cpu)),
        format!("{:.2}", middle(|run| run.server_cpu)),
        bytes(peak),
        stored,
        format!("{others:.2}"),
    ]
}

impl report::Report for Report {
    fn table(&self) -> String {
        let Machine {
            cores,
            processor,
            memory,
            server,
        } = &self.machine;
        let mut said = format!(
            "{cores} cores of {processor}, {} of memory\n\n",
            bytes(*memory)
        );
        if let Some(server) = server {
            said += &format!(
                "PostgreSQL {server}, database at {} %\n\n{}\n\n\
                 WALL and CPU are medians. FASTER is against the first of the part. PEAK RSS is of the largest process of the\n\
                 client. OTHERS are the cores that everything else on this machine used meanwhile, at worst.\n\n",
                self.percent,
                self.measured(),
            );
        }
        if let Some(events) = &self.events {
            said += &format!("{}\n", events.table());
        }
        if let Some(rotation) = &self.rotation {
            said += &format!("{}\n", rotation.table());
        }
        if let Some(scaling) = &self.scaling {
            said += &format!("{}\n", scaling.table());
        }
        if let Some(budget) = &self.budget {
            said += &format!("{}\n", budget.table());
        }
        said + &format!("{}\n", self.judged())
    }
}

/// The middle of some figures; of an even number, the mean of the two in the middle.
pub fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(figures[middle]),
        _ => Some(f64::midpoint(figures[middle - 1], figures[middle])),
    }
}

#[cfg(test)]
mod tests;
