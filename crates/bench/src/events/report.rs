//! What the part about events says.

use super::{
    contenders::Contender,
    hostile::{self, Siege},
};
use crate::{
    report::median,
    targets::{Bound, Target, ratio, to_f64},
};
use nightshift_runtime::report::{Column, Table, bytes};
use serde::Serialize;

/// The rate at which ours is judged, in pushes a second.
const JUDGED: Option<u32> = Some(1_000);
/// As fast as it goes.
const FULL: Option<u32> = None;

/// Everything that was measured of events.
#[derive(Debug, Default, Serialize)]
pub struct Events {
    /// Every turn, in order.
    pub turns: Vec<Turn>,
    /// Good and bad events at full speed.
    pub siege: Option<Siege>,
}

/// One contender's turn. Times are in seconds, sizes in bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Turn {
    /// Whose.
    pub contender: String,
    /// Which of its turns, from 1.
    pub round: u32,
    /// From each start to the first answer with 2xx.
    pub starts: Vec<f64>,
    /// Resident memory of all its processes after the first answer, added up.
    pub idle_rss: u64,
    /// The same with what they share counted once.
    pub idle_pss: u64,
    /// What it did at each rate.
    pub loads: Vec<Load>,
}

/// Pushes at one rate. Times are in seconds.
#[derive(Debug, Clone, Serialize)]
pub struct Load {
    /// How many were due in a second; `None` for as fast as it goes, over the connections there are.
    pub rate: Option<u32>,
    /// How many were sent.
    pub sent: usize,
    /// How many were not answered with 204.
    pub wrong: usize,
    /// The median, from when a push was due until it was answered.
    pub p50: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The slowest.
    pub most: f64,
    /// Processor time of all its processes for each push.
    pub cpu_per_push: f64,
    /// From the first push to the last answer.
    pub wall: f64,
    /// Cores that everybody else on this machine used meanwhile, but for the load generator.
    pub others: f64,
}

impl Events {
    fn of(&self, contender: Contender) -> impl Iterator<Item = &Turn> {
        let name = contender.name();
        self.turns.iter().filter(move |turn| turn.contender == name)
    }

    fn starts(&self, contender: Contender) -> Option<f64> {
        median(
            self.of(contender)
                .flat_map(|turn| turn.starts.iter().copied()),
        )
    }

    fn memory(&self, contender: Contender, size: impl Fn(&Turn) -> u64) -> Option<f64> {
        median(self.of(contender).map(|turn| to_f64(size(turn))))
    }

    fn at(
        &self,
        contender: Contender,
        rate: Option<u32>,
        figure: impl Fn(&Load) -> f64,
    ) -> Option<f64> {
        let loads = self.of(contender).flat_map(|turn| &turn.loads);
        median(loads.filter(|load| load.rate == rate).map(figure))
    }

    /// The rates that were held, in ascending order, and full speed last.
    fn rates(&self) -> Vec<Option<u32>> {
        let loads = self.turns.iter().flat_map(|turn| &turn.loads);
        let mut rates: Vec<_> = loads.map(|load| load.rate).collect();
        rates.sort_unstable_by_key(|rate| rate.unwrap_or(u32::MAX));
        rates.dedup();
        rates
    }

    /// What ours has to reach.
    pub fn targets(&self) -> Vec<Target> {
        let theirs = self.against_theirs().into_iter();
        theirs.chain(self.under_siege()).collect()
    }

    fn against_theirs(&self) -> [Target; 6] {
        use Contender::{FunctionsFramework as Theirs, Ours};
        let cpu = |contender, rate| self.at(contender, rate, |load| load.cpu_per_push);
        let p99 = |contender, rate| self.at(contender, rate, |load| load.p99);
        let rates = self.rates().into_iter().flatten();
        let best = rates.filter_map(|rate| p99(Theirs, Some(rate)));
        let best = best.min_by(f64::total_cmp);
        let memory =
            |size: fn(&Turn) -> u64| ratio(self.memory(Theirs, size), self.memory(Ours, size));
        [
            target(
                "cold start to the first 2xx, functions-framework ÷ ours",
                Bound::AtLeast(10.0),
                ratio(self.starts(Theirs), self.starts(Ours)),
            ),
            target(
                "idle RSS, functions-framework ÷ ours",
                Bound::AtLeast(6.0),
                memory(|turn| turn.idle_rss),
            ),
            target(
                "idle PSS, functions-framework ÷ ours",
                Bound::AtLeast(6.0),
                memory(|turn| turn.idle_pss),
            ),
            target(
                "CPU per push at full speed, functions-framework ÷ ours",
                Bound::AtLeast(8.0),
                ratio(cpu(Theirs, FULL), cpu(Ours, FULL)),
            ),
            target(
                "CPU per push at 1,000/s, functions-framework ÷ ours",
                Bound::AtLeast(8.0),
                ratio(cpu(Theirs, JUDGED), cpu(Ours, JUDGED)),
            ),
            target(
                "p99 at 1,000/s, ours ÷ functions-framework's at its best rate",
                Bound::AtMost(1.0),
                ratio(p99(Ours, JUDGED), best),
            ),
        ]
    }

    fn under_siege(&self) -> [Target; 3] {
        let of = |figure: fn(&Siege) -> f64| self.siege.as_ref().map(figure);
        [
            target(
                "events of 100,000, half hostile, answered wrongly",
                Bound::AtMost(0.0),
                of(|siege| to_f64(siege.wrong as u64)),
            ),
            target(
                "panics among them",
                Bound::AtMost(0.0),
                of(|siege| to_f64(siege.panics as u64)),
            ),
            target(
                "RSS after 100,000 events ÷ after 20,000",
                Bound::AtMost(1.1),
                of(Siege::growth),
            ),
        ]
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut said = format!("{}\n\n{}\n", self.held(), self.loaded());
        if let Some(siege) = &self.siege {
            said += &format!(
                "\n{} events of {} good and {} bad kinds at {:.0}/s: {} answered wrongly, {} panics; RSS after each \
                 {}: {}\n",
                siege.events,
                siege.kinds[0],
                siege.kinds[1],
                siege.per_second,
                siege.wrong,
                siege.panics,
                hostile::WARM,
                siege
                    .rss
                    .iter()
                    .copied()
                    .map(bytes)
                    .collect::<Vec<_>>()
                    .join(", "),
            );
            for (wrong, count) in &siege.wrongs {
                said += &format!("{count} × {wrong}\n");
            }
        }
        said + "\nMedians. COLD START is from before the process was made to its first 204. IDLE is after that answer, all its\n\
                processes added up: RSS counts what they share in each, PSS once. Latencies are from when a push was due.\n"
    }

    fn held(&self) -> Table {
        let mut table = Table::new([
            Column::text("EVENTS"),
            Column::number("STARTS"),
            Column::number("COLD START ms"),
            Column::text("MIN–MAX"),
            Column::number("IDLE RSS"),
            Column::number("IDLE PSS"),
        ]);
        for contender in self.contenders() {
            let starts: Vec<f64> = self
                .of(contender)
                .flat_map(|turn| turn.starts.iter().copied())
                .collect();
            let least = starts.iter().copied().fold(f64::MAX, f64::min);
            let most = starts.iter().copied().fold(f64::MIN, f64::max);
            let memory = |size: fn(&Turn) -> u64| {
                let mut sizes: Vec<u64> = self.of(contender).map(size).collect();
                sizes.sort_unstable();
                sizes
                    .get(sizes.len() / 2)
                    .copied()
                    .map_or_else(String::new, bytes)
            };
            table.row([
                contender.name().to_owned(),
                starts.len().to_string(),
                milliseconds(self.starts(contender)),
                format!("{:.1}–{:.1}", least * 1e3, most * 1e3),
                memory(|turn| turn.idle_rss),
                memory(|turn| turn.idle_pss),
            ]);
        }
        table
    }

    fn loaded(&self) -> Table {
        let mut table = Table::new([
            Column::text("PUSHES"),
            Column::number("PER SECOND"),
            Column::number("P50 ms"),
            Column::number("P99 ms"),
            Column::number("SLOWEST ms"),
            Column::number("CPU PER PUSH µs"),
            Column::number("NOT 204"),
            Column::number("OTHERS"),
        ]);
        for contender in self.contenders() {
            for rate in self.rates() {
                let at = |figure: fn(&Load) -> f64| self.at(contender, rate, figure);
                let loads = || {
                    let all = self.of(contender).flat_map(|turn| &turn.loads);
                    all.filter(|load| load.rate == rate)
                };
                let wrong: usize = loads().map(|load| load.wrong).sum();
                let others = loads().map(|load| load.others).fold(0.0, f64::max);
                table.row([
                    contender.name().to_owned(),
                    self.per_second(contender, rate),
                    milliseconds(at(|load| load.p50)),
                    milliseconds(at(|load| load.p99)),
                    milliseconds(at(|load| load.most)),
                    at(|load| load.cpu_per_push)
                        .map_or_else(String::new, |cpu| format!("{:.0}", cpu * 1e6)),
                    wrong.to_string(),
                    format!("{others:.2}"),
                ]);
            }
        }
        table
    }

    fn per_second(&self, contender: Contender, rate: Option<u32>) -> String {
        let reached = || self.at(contender, rate, |load| to_f64(load.sent as u64) / load.wall);
        match rate {
            Some(rate) => rate.to_string(),
            None => reached().map_or_else(String::new, |reached| format!("all: {reached:.0}")),
        }
    }

    fn contenders(&self) -> impl Iterator<Item = Contender> {
        Contender::ALL
            .into_iter()
            .filter(|contender| self.of(*contender).next().is_some())
    }
}

fn target(what: &'static str, bound: Bound, value: Option<f64>) -> Target {
    Target {
        what,
        bound,
        value,
        met: value.map(|value| bound.holds(value)),
    }
}

fn milliseconds(seconds: Option<f64>) -> String {
    seconds.map_or_else(String::new, |seconds| format!("{:.2}", seconds * 1e3))
}

#[cfg(test)]
mod tests;
