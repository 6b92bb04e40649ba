//! The plan as one page without scripts or anything from elsewhere: the picture, and the changes and notes below it.

use super::svg::{self, escaped};
use crate::plan::{Plan, TargetPlan};
use std::fmt::Write;

/// Writes `plan` as one HTML document.
pub fn page(plan: &Plan) -> String {
    let picture = svg::draw(plan);
    let changes: String = plan.targets.iter().map(rows).collect();
    let notes: String = plan.targets.iter().map(notes).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Scheduled scaling: the plan</title>\n<style>\n\
         body {{ font: 14px/1.5 system-ui, sans-serif; margin: 2rem; max-width: 72rem }}\n\
         svg {{ max-width: 100%; height: auto }}\n\
         table {{ border-collapse: collapse }} th, td {{ text-align: left; padding: .15rem 1.5rem .15rem 0 }}\n\
         th {{ border-bottom: 1px solid #ccc }}\n</style>\n<h1>Scheduled scaling: the plan</h1>\n{picture}\n\
         <h2>Changes</h2>\n<table>\n<tr><th>Target<th>Local time<th>UTC<th>Change<th>Rule<th>Until</tr>\n{changes}</table>\n\
         <h2>Notes</h2>\n<ul>\n{notes}</ul>\n</html>\n"
    )
}

fn rows(target: &TargetPlan) -> String {
    let mut rows = String::new();
    for change in &target.changes {
        // Writing to a string cannot fail.
        let _ = writeln!(
            rows,
            "<tr><td>{}<td>{}<td>{}<td>{} → {}<td>{}<td>{}</tr>",
            escaped(&target.title),
            escaped(&change.local),
            change.at,
            change.before,
            change.after,
            escaped(&change.rule),
            escaped(change.until.as_deref().unwrap_or("for good"))
        );
    }
    rows
}

fn notes(target: &TargetPlan) -> String {
    let notes = target.notes.iter();
    notes
        .map(|note| format!("<li>{}: {}\n", escaped(&target.title), escaped(&note.text)))
        .collect()
}
