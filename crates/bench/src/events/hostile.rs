//! Many events at full speed, half of them hostile: is each answered as it should be, and does memory stay?

use super::{
    load::{self, Answers, Prepared},
    server::Server,
};
use crate::targets::to_f64;
use anyhow::Context as _;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// How many are sent.
pub const EVENTS: usize = 100_000;
/// After every so many memory is measured; the first time, everything has happened often.
pub const WARM: usize = 20_000;

/// What came of it. Sizes are in bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Siege {
    /// How many were sent.
    pub events: usize,
    /// How many kinds of good events and of bad ones there are.
    pub kinds: [usize; 2],
    /// In a second, with the load generator on the same cores.
    pub per_second: f64,
    /// How many were answered with another status than the one that is right.
    pub wrong: usize,
    /// How many of which.
    pub wrongs: BTreeMap<String, usize>,
    /// Lines of the log that tell of a panic.
    pub panics: usize,
    /// Resident memory after each [`WARM`] events.
    pub rss: Vec<u64>,
}

impl Siege {
    /// How many times what it held after the first [`WARM`] events it holds in the end.
    pub fn growth(&self) -> f64 {
        let at = |rss: Option<&u64>| rss.copied().map_or(f64::NAN, to_f64);
        at(self.rss.last()) / at(self.rss.first())
    }
}

/// Sends [`EVENTS`], good and bad in a mixture that is the same each time.
pub fn besiege(
    server: &Server,
    valid: &[Prepared],
    hostile: &[Prepared],
    log: &Path,
) -> anyhow::Result<Siege> {
    let (mut answers, mut took, mut rss) = (Answers::default(), Duration::ZERO, Vec::new());
    for first in (0..EVENTS).step_by(WARM) {
        let begun = Instant::now();
        let choose = |number| chosen(first + number, valid, hostile);
        let answered = load::at_full_speed(server.address, WARM, choose)?;
        took += begun.elapsed();
        answers.add_wrong(answered.wrong);
        rss.push(server.idle_memory().context("it did not survive")?.rss);
    }
    let told = fs::read_to_string(log).context("read the log")?;
    Ok(Siege {
        events: EVENTS,
        kinds: [valid.len(), hostile.len()],
        per_second: f64::from(u32::try_from(EVENTS)?) / took.as_secs_f64(),
        wrong: answers.wrong.values().sum(),
        wrongs: answers.wrong,
        panics: told
            .lines()
            .filter(|line| line.contains("panicked"))
            .count(),
        rss,
    })
}

/// Scatters the kinds over the numbers: each number has its kind, and neighbours have different ones.
fn chosen<'a>(number: usize, valid: &'a [Prepared], hostile: &'a [Prepared]) -> &'a Prepared {
    // Knuth's multiplicative hash: the high bits of a product with 2^32 divided by the golden ratio.
    let scattered = (number as u64).wrapping_mul(2_654_435_769) >> 7 & 0xffff;
    let kinds = if scattered.is_multiple_of(2) {
        valid
    } else {
        hostile
    };
    &kinds[usize::try_from(scattered / 2).unwrap_or_default() % kinds.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_sent_and_half_are_hostile() {
        let kinds = |expected, names: &'static [&'static str]| -> Vec<Prepared> {
            let prepared = |name: &&'static str| Prepared {
                name,
                bytes: vec![],
                expected,
            };
            names.iter().map(prepared).collect()
        };
        let valid = kinds(204, &["a", "b", "c", "d", "e"]);
        let hostile = kinds(400, &["f", "g", "h", "i", "j", "k", "l"]);
        let mut sent: BTreeMap<&str, usize> = BTreeMap::new();
        for number in 0..WARM {
            *sent
                .entry(chosen(number, &valid, &hostile).name)
                .or_default() += 1;
        }
        assert_eq!(sent.len(), 12, "{sent:?}");
        let good: usize = valid.iter().map(|kind| sent[kind.name]).sum();
        assert!((WARM * 4 / 10..WARM * 6 / 10).contains(&good), "{sent:?}");
    }
}
