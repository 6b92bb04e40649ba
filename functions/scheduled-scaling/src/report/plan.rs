//! The plan as text: a row a day, a character a half hour. It reads the same without colour.

use crate::{
    plan::{Plan, TargetPlan},
    price::{a_month, cents, two_figures},
    timeline::{Cell, Day},
};
use nightshift_runtime::{
    Report,
    report::{Column, Table},
};
use std::collections::BTreeSet;

/// What stands above the half hours of a day.
const SCALE: &str = "00    03    06    09    12    15    18    21    ";

/// The half hours of a day that repeats one.
const LONGEST_ROW: usize = 50;

impl Report for Plan {
    fn table(&self) -> String {
        let mut text = format!(
            "zone data {} · list prices of {} · nothing will be written\n",
            self.zone_data, self.prices_date
        );
        for target in &self.targets {
            text.push('\n');
            text.push_str(&target_text(target));
        }
        text.push_str(&self.now());
        text.push_str(&changes(&self.targets));
        text.push_str(&notes(&self.targets));
        text.push_str(&self.total());
        text
    }
}

impl Plan {
    /// What a run would do now.
    fn now(&self) -> String {
        let mut text = String::new();
        for unread in &self.unread {
            text.push_str(&format!("\n! {unread}"));
        }
        let Some(pending) = &self.pending else {
            return text;
        };
        if pending.is_empty() {
            text.push_str("\nnow: apply would change nothing\n");
            return text;
        }
        let mut table = Table::new(["TARGET", "NOW", "APPLY", "WHY"].map(Column::text));
        for pending in pending {
            let apply = match &pending.to {
                Some(to) => format!("→ {to}"),
                None => "leaves it".to_owned(),
            };
            table.row([
                pending.target.rsplit('/').next().unwrap_or_default(),
                pending.now.as_deref().unwrap_or("?"),
                &apply,
                pending.why.as_deref().unwrap_or("-"),
            ]);
        }
        text.push_str(&format!("\nnow\n{table}\n"));
        text
    }

    fn total(&self) -> String {
        if self.targets.is_empty() {
            return "\nno targets: add [[targets]] to the configuration\n".to_owned();
        }
        let saves = two_figures(self.saves_a_month_at_most);
        let mut text = format!("\nall targets save at most {saves} a month");
        if !self.unpriced.is_empty() {
            text.push_str(&format!(
                ", excluding {} without a price:",
                self.unpriced.len()
            ));
            for unpriced in &self.unpriced {
                text.push_str(&format!("\n  {}: {}", unpriced.target, unpriced.why));
            }
        }
        text.push('\n');
        text
    }
}

fn target_text(target: &TargetPlan) -> String {
    let place = target
        .region
        .as_deref()
        .map(|region| format!("   {region}"))
        .unwrap_or_default();
    let mut text = format!(
        "{}   {}{place}   schedule {} ({})   begins with {}\n",
        target.title, target.kind, target.schedule, target.time_zone, target.first
    );
    text.push_str(&format!(
        "            {SCALE:LONGEST_ROW$}  min   instance-hours\n"
    ));
    for day in &target.days {
        text.push_str(&row(day, target.peak));
    }
    text.push_str(&money(target));
    text
}

fn row(day: &Day, peak: Option<u32>) -> String {
    let cells: String = day.cells.iter().map(|cell| symbol(*cell, peak)).collect();
    let hours = day
        .instance_hours
        .map_or_else(|| "?".to_owned(), |hours| format!("{}", tenths(hours)));
    let remark = day
        .remark()
        .map(|remark| format!("   {remark}"))
        .unwrap_or_default();
    let date = day.date.strftime("%a %m-%d");
    format!(
        "  {date} {cells:LONGEST_ROW$}  {:5} {hours:>7}{remark}\n",
        extremes(day)
    )
}

/// The smallest and the largest floor of a day.
fn extremes(day: &Day) -> String {
    let floors = day.cells.iter().filter_map(|cell| match cell {
        Cell::Floor(floor) => Some(*floor),
        Cell::Unknown | Cell::Skipped => None,
    });
    let (least, most) = (floors.clone().min(), floors.max());
    match (least, most) {
        (Some(least), Some(most)) if least != most => format!("{least}/{most}"),
        (Some(least), _) => least.to_string(),
        (None, _) => "?".to_owned(),
    }
}

fn symbol(cell: Cell, peak: Option<u32>) -> char {
    match cell {
        Cell::Floor(0) => '·',
        Cell::Floor(floor) if peak.is_none_or(|peak| floor >= peak) => '█',
        Cell::Floor(_) => '▄',
        Cell::Unknown => '?',
        Cell::Skipped => '×',
    }
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

fn money(target: &TargetPlan) -> String {
    let hours = |hours: Option<f64>| {
        hours.map_or_else(|| "?".to_owned(), |hours| tenths(hours).to_string())
    };
    let Some(cost) = &target.cost else {
        return format!(
            "  {} instance-hours · unpriced\n",
            hours(target.instance_hours)
        );
    };
    let seconds: i64 = target.days.iter().map(|day| day.seconds).sum();
    // A sum of days is small.
    let days = f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)) / 86_400.0;
    let at_baseline = f64::from(cost.baseline) * days * 24.0;
    let mut text = format!(
        "  {} of {} instance-hours · {} · {} instead of {} with min {} · saves at most {} ({} a month)",
        hours(target.instance_hours),
        tenths(at_baseline),
        target.made_of.as_deref().unwrap_or("?"),
        cents(cost.scheduled),
        cents(cost.at_baseline),
        cost.baseline,
        two_figures(cost.saves_at_most),
        two_figures(a_month(cost.saves_at_most, days)),
    );
    if cost.adds_at_least > 0.0 {
        text.push_str(&format!(
            " · adds at least {}",
            two_figures(cost.adds_at_least)
        ));
    }
    text.push('\n');
    text
}

fn changes(targets: &[TargetPlan]) -> String {
    let count: usize = targets.iter().map(|target| target.changes.len()).sum();
    if count == 0 {
        return "\nno changes\n".to_owned();
    }
    let headings = ["TARGET", "LOCAL TIME", "UTC", "CHANGE", "RULE", "UNTIL"];
    let mut table = Table::new(headings.map(Column::text));
    for target in targets {
        for change in &target.changes {
            let until = change.until.as_deref().unwrap_or("for good");
            table.row([
                target.title.as_str(),
                &change.local,
                &change.at.strftime("%Y-%m-%dT%H:%MZ").to_string(),
                &format!("{} → {}", change.before, change.after),
                &change.rule,
                until,
            ]);
        }
    }
    format!("\nchanges ({count})\n{table}\n")
}

/// The notes of each schedule, once for all of its targets.
fn notes(targets: &[TargetPlan]) -> String {
    let mut told = BTreeSet::new();
    let mut text = String::new();
    for target in targets {
        if !told.insert(target.schedule.as_str()) {
            continue;
        }
        for note in &target.notes {
            text.push_str(&format!("  ! {}: {note}\n", target.schedule));
        }
    }
    if text.is_empty() {
        return text;
    }
    format!("\nnotes\n{text}")
}
