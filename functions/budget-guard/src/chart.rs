//! A rehearsed budget as a picture: spend, projection, rungs, what fired and what was given back.

mod frame;

use crate::{
    decision::Level,
    explain::explain,
    money::Micros,
    rehearsal::{Scene, Story},
};
use frame::{Frame, HEIGHT, LEFT, RIGHT, TOP, WIDTH};
use std::fmt::Write;

const STYLE: &str = "\
.back{fill:#fff}text{font:12px system-ui,sans-serif;fill:#333}.title{font-size:15px;font-weight:600}.faint{fill:#777}\
.axis{stroke:#999}.grid{stroke:#eee}.cost{fill:none;stroke:#1a56b0;stroke-width:2}.budget{fill:none;stroke:#222;stroke-width:1.5}\
.rung{fill:none;stroke:#b58900;stroke-dasharray:5 4}.projection{fill:none;stroke:#1a56b0;stroke-dasharray:2 3;opacity:.7}\
.fired{fill:#c0392b}.dry{fill:#fff;stroke:#c0392b;stroke-width:2}.released{fill:#fff;stroke:#1e8449;stroke-width:2}\
.normal{fill:#d5e8d4}.notified{fill:#fff2b3}.throttled{fill:#fbc88b}.stopped{fill:#e78a7d}.capped{fill:#7b1f1f}\
@media(prefers-color-scheme:dark){.back{fill:#16181c}text{fill:#ddd}.grid{stroke:#2a2d33}.budget{stroke:#eee}\
.cost,.projection{stroke:#6ea8fe}.dry,.released{fill:#16181c}}";

/// The picture alone.
pub fn svg(story: &Story<'_>) -> String {
    let readings: Vec<&Scene> = story.readings().collect();
    let frame = Frame::around(story, &readings);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Spend of budget {0}\"><style>{STYLE}</style>\
         <rect class=\"back\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\
         <text class=\"title\" x=\"{LEFT}\" y=\"24\">{0}, in {1}</text>",
        escaped(story.title()),
        escaped(&story.policy.currency),
    );
    axes(&mut svg, &frame);
    let budget = |scene: &Scene| scene.decision.budget.map(Micros::wide);
    line(&mut svg, &frame, "budget", &readings, budget);
    rungs(&mut svg, &frame, story, &readings);
    line(&mut svg, &frame, "projection", &readings, |scene| {
        scene
            .decision
            .projection
            .map(|projection| projection.at_period_end)
    });
    line(&mut svg, &frame, "cost", &readings, |scene| {
        scene.decision.cost.map(Micros::wide)
    });
    levels(&mut svg, &frame, story);
    marks(&mut svg, &frame, story);
    legend(&mut svg);
    svg.push_str("</svg>\n");
    svg
}

/// The picture on a page, with every eventful decision below it.
pub fn html(story: &Story<'_>) -> String {
    let title = escaped(story.title());
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Budget {title}</title>\
         <style>:root{{color-scheme:light dark}}body{{font:14px system-ui,sans-serif;max-width:70rem;margin:2rem auto;\
         padding:0 1rem}}td{{padding:.2rem .8rem .2rem 0;vertical-align:top}}td:first-child{{white-space:nowrap}}</style>\n{}\
         <p>Billing data lags by hours: the final figures are higher than those shown.</p>\n<table>\n",
        svg(story)
    );
    for scene in story.scenes.iter().filter(|scene| scene.is_eventful()) {
        let at = scene.at.strftime("%Y-%m-%d %H:%MZ");
        let what = escaped(&explain(&scene.decision, story.policy));
        let notices: Vec<String> = scene
            .decision
            .notify
            .iter()
            .flat_map(|notice| {
                notice
                    .topics
                    .iter()
                    .map(|topic| format!("{}: {topic}", notice.channel))
            })
            .collect();
        let _ = writeln!(
            page,
            "<tr><td>{at}</td><td>{what}</td><td>{}</td></tr>",
            escaped(&notices.join(", "))
        );
    }
    page.push_str("</table></html>\n");
    page
}

fn axes(svg: &mut String, frame: &Frame) {
    for (y, label) in frame.amounts() {
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 8.0,
            y + 4.0
        );
    }
    for (x, label) in frame.days() {
        let (low, text) = (frame::BOTTOM, frame::BOTTOM + 18.0);
        let _ = write!(
            svg,
            "<line class=\"axis\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{low}\" y2=\"{:.1}\"/>\
             <text x=\"{x:.1}\" y=\"{text}\" text-anchor=\"middle\">{label}</text>",
            low + 4.0
        );
    }
}

/// A line through the readings that have a value; it breaks where they have none, and where a period ends.
fn line(
    svg: &mut String,
    frame: &Frame,
    class: &str,
    readings: &[&Scene],
    value: impl Fn(&Scene) -> Option<i128>,
) {
    let mut points = String::new();
    let mut end = |points: &mut String| {
        if !points.is_empty() {
            let _ = write!(
                svg,
                "<polyline class=\"{class}\" points=\"{}\"/>",
                points.trim_end()
            );
            points.clear();
        }
    };
    for scene in readings {
        if scene.decision.rolled {
            end(&mut points);
        }
        match value(scene) {
            Some(value) => {
                let _ = write!(points, "{:.1},{:.1} ", frame.x(scene.at), frame.y(value));
            }
            None => end(&mut points),
        }
    }
    end(&mut points);
}

fn rungs(svg: &mut String, frame: &Frame, story: &Story<'_>, readings: &[&Scene]) {
    for step in &story.policy.steps {
        line(svg, frame, "rung", readings, |scene| {
            step.when.cost_in(scene.decision.budget).map(Micros::wide)
        });
        if let Some(amount) = step.when.cost_in(story.state.budget) {
            let y = frame.y(amount.wide()) + 4.0;
            let name = escaped(&step.id);
            let _ = write!(
                svg,
                "<text class=\"faint\" x=\"{:.1}\" y=\"{y:.1}\">{name}</text>",
                RIGHT + 6.0
            );
        }
    }
}

/// A band below the picture: which level was in force when.
fn levels(svg: &mut String, frame: &Frame, story: &Story<'_>) {
    let mut scenes = story.scenes.iter().peekable();
    while let Some(scene) = scenes.next() {
        let level = scene.decision.level;
        let mut until = scene.at;
        while let Some(next) = scenes.peek() {
            until = next.at;
            if next.decision.level != level {
                break;
            }
            scenes.next();
        }
        let (from, to) = (frame.x(scene.at), frame.x(until));
        let _ = write!(
            svg,
            "<rect class=\"{level}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"12\"><title>{level}</title></rect>",
            frame::BAND,
            (to - from).max(0.5)
        );
    }
}

/// What fired and what was given back, each with its explanation.
fn marks(svg: &mut String, frame: &Frame, story: &Story<'_>) {
    for scene in &story.scenes {
        let decision = &scene.decision;
        let real = decision
            .fired
            .iter()
            .any(|firing| firing.mode == crate::policy::Mode::Enforce);
        let class = if !decision.released.is_empty() {
            "released"
        } else if real {
            "fired"
        } else if !decision.fired.is_empty() {
            "dry"
        } else {
            continue;
        };
        let (x, y) = (
            frame.x(scene.at),
            decision.cost.map_or(TOP, |cost| frame.y(cost.wide())),
        );
        let what = escaped(&explain(decision, story.policy));
        let _ = write!(
            svg,
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"><title>{what}</title></circle>"
        );
    }
}

fn legend(svg: &mut String) {
    let levels = [
        Level::Normal,
        Level::Notified,
        Level::Throttled,
        Level::Stopped,
        Level::Capped,
    ];
    let mut x = LEFT;
    let y = HEIGHT - 14.0;
    for level in levels {
        let _ = write!(
            svg,
            "<rect class=\"{level}\" x=\"{x}\" y=\"{:.1}\" width=\"12\" height=\"12\"/><text x=\"{:.1}\" y=\"{y}\">{level}</text>",
            y - 10.0,
            x + 17.0
        );
        x += 95.0;
    }
    for (class, label) in [
        ("fired", "fired"),
        ("dry", "dry run"),
        ("released", "given back"),
    ] {
        let _ = write!(
            svg,
            "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\"/><text x=\"{:.1}\" y=\"{y}\">{label}</text>",
            x + 6.0,
            y - 4.0,
            x + 17.0
        );
        x += 95.0;
    }
    x = LEFT;
    for (class, label) in [
        ("cost", "spend"),
        ("projection", "projected"),
        ("budget", "budget"),
        ("rung", "rungs"),
    ] {
        let (y, text) = (TOP - 16.0, TOP - 12.0);
        let _ = write!(
            svg,
            "<line class=\"{class}\" x1=\"{x}\" x2=\"{:.1}\" y1=\"{y}\" y2=\"{y}\"/><text x=\"{:.1}\" y=\"{text}\">{label}</text>",
            x + 24.0,
            x + 30.0
        );
        x += 110.0;
    }
}

/// Names come from outside.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
