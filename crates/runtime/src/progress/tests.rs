use super::*;
use crate::telemetry::tests::told;
use std::thread;

const NEVER: Duration = Duration::from_hours(1);

#[test]
fn threads_advance_the_same_work() {
    let progress = Progress::in_lines(NEVER, "copy", None, Unit::Items);
    thread::scope(|scope| {
        for _ in 0..4 {
            let progress = progress.clone();
            scope.spawn(move || (0..1000).for_each(|_| progress.inc(2)));
        }
    });
    assert_eq!(progress.done(), 8000);
}

#[test]
fn a_log_has_a_line_of_progress_when_it_is_due() {
    let entries = told(|| {
        let progress = Progress::in_lines(Duration::ZERO, "copy", Some(2000), Unit::Bytes);
        progress.set_message("public.orders");
        progress.inc(500);
    });
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!(
        (&entry["message"], &entry["severity"]),
        (&"in progress".into(), &"INFO".into())
    );
    assert_eq!(
        (&entry["work"], &entry["now"]),
        (&"copy".into(), &"public.orders".into())
    );
    assert_eq!(
        (&entry["bytes"], &entry["total"], &entry["percent"]),
        (&500.into(), &2000.into(), &25.into())
    );
    assert_eq!(entry.get("items"), None);
}

#[test]
fn a_log_has_no_line_of_progress_before_it_is_due() {
    let entries = told(|| {
        let progress = Progress::in_lines(NEVER, "copy", None, Unit::Items);
        (0..1000).for_each(|_| progress.inc(1));
    });
    assert!(entries.is_empty());
}

#[test]
fn an_unknown_or_empty_total_has_no_percentage() {
    assert_eq!(lines::percent(0, 0), None);
    assert_eq!(lines::percent(999, 1000), Some(99));
    assert_eq!(lines::percent(u64::MAX, u64::MAX), Some(100));
    let entries = told(|| Progress::in_lines(Duration::ZERO, "copy", None, Unit::Items).inc(1));
    assert_eq!(
        (entries[0].get("total"), entries[0].get("percent")),
        (None, None)
    );
}

#[test]
fn the_end_is_told_once_with_what_was_done() {
    let entries = told(|| {
        let progress = Progress::in_lines(NEVER, "copy", Some(3), Unit::Items);
        progress.inc(3);
        progress.finish("tables copied");
    });
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0]["message"], &entries[0]["items"]),
        (&"tables copied".into(), &3.into())
    );
    assert!(entries[0]["seconds"].is_f64());
}

#[test]
fn work_that_is_given_up_says_nothing() {
    assert!(told(|| drop(Progress::in_lines(NEVER, "copy", Some(3), Unit::Items))).is_empty());
}
