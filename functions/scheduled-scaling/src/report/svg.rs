//! The plan as a picture: a row a day, a column a half hour, darker where more is kept.

use super::share;
use crate::{
    plan::{Plan, TargetPlan},
    price::two_figures,
    timeline::{Cell, Day},
};
use std::fmt::Write;

const CELL: usize = 14;
const LEFT: usize = 90;
const HEAD: usize = 46;
const WIDTH: usize = LEFT + 50 * CELL + 260;

/// Draws `plan` as one SVG document.
pub fn draw(plan: &Plan) -> String {
    let height: usize = plan.targets.iter().map(height_of).sum::<usize>() + HEAD + 40;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" role=\"img\">\n<title>Instances kept by schedule</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let heading = format!(
        "Saves at most {} a month · list prices of {} · zone data {}",
        two_figures(plan.saves_a_month_at_most),
        plan.prices_date,
        plan.zone_data
    );
    svg.push_str(&text(
        16,
        28,
        "font-size=\"16\" font-weight=\"600\"",
        &heading,
    ));
    let mut top = HEAD;
    for target in &plan.targets {
        svg.push_str(&target_svg(target, top));
        top += height_of(target);
    }
    let unpriced: Vec<&str> = plan
        .unpriced
        .iter()
        .map(|unpriced| unpriced.target.as_str())
        .collect();
    if !unpriced.is_empty() {
        let line = format!("Without a price: {}", unpriced.join(", "));
        svg.push_str(&text(16, top + 20, "fill=\"#666\"", &line));
    }
    svg.push_str("</svg>\n");
    svg
}

fn height_of(target: &TargetPlan) -> usize {
    60 + target.days.len() * (CELL + 4)
}

fn target_svg(target: &TargetPlan, top: usize) -> String {
    let title = format!(
        "{} · {} · schedule {} ({})",
        target.title, target.kind, target.schedule, target.time_zone
    );
    let mut svg = text(16, top + 20, "font-weight=\"600\"", &title);
    for hour in (0..24).step_by(3) {
        let x = LEFT + hour * 2 * CELL;
        svg.push_str(&text(
            x,
            top + 36,
            "fill=\"#666\" font-size=\"10\"",
            &format!("{hour:02}"),
        ));
    }
    for (index, day) in target.days.iter().enumerate() {
        let y = top + 42 + index * (CELL + 4);
        svg.push_str(&row(day, target.peak, y));
    }
    svg
}

fn row(day: &Day, peak: Option<u32>, y: usize) -> String {
    let label = day.date.strftime("%a %m-%d").to_string();
    let mut svg = text(16, y + 11, "", &label);
    for (index, cell) in day.cells.iter().enumerate() {
        let (fill, opacity) = match share(*cell, peak) {
            Some(share) if share > 0.0 => ("#1a56db", 0.25 + 0.75 * share),
            Some(_) => ("#e5e7eb", 1.0),
            None if *cell == Cell::Skipped => ("#fca5a5", 1.0),
            None => ("#fde68a", 1.0),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<rect x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{CELL}\" fill=\"{fill}\" fill-opacity=\"{opacity:.2}\">\
             <title>{}</title></rect>",
            LEFT + index * CELL,
            CELL - 1,
            meaning(*cell)
        );
    }
    if let Some(remark) = day.remark() {
        svg.push_str(&text(
            LEFT + 50 * CELL + 12,
            y + 11,
            "fill=\"#b45309\"",
            &remark,
        ));
    }
    svg
}

fn meaning(cell: Cell) -> String {
    match cell {
        Cell::Floor(floor) => format!("min {floor}"),
        Cell::Unknown => "as found".to_owned(),
        Cell::Skipped => "skipped by the clock".to_owned(),
    }
}

fn text(x: usize, y: usize, attributes: &str, content: &str) -> String {
    format!(
        "<text x=\"{x}\" y=\"{y}\" {attributes}>{}</text>\n",
        escaped(content)
    )
}

/// Text that a name cannot break out of.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
