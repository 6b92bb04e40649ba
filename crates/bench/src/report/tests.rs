use super::*;
use crate::contenders;
use nightshift_runtime::Report as _;

fn run(part: Part, contender: &str, percent: u32, wall: f64) -> Run {
    Run {
        part,
        contender: contender.to_owned(),
        percent,
        round: 1,
        wall,
        client_cpu: wall,
        server_cpu: wall * 0.9,
        others: 0.05,
        peak_rss: 48 << 20,
        stored: Some(300_000_000),
    }
}

fn machine(cores: usize) -> Machine {
    Machine {
        cores,
        processor: "Some processor".to_owned(),
        memory: 16_000_000_000,
        server: Some("15.18".to_owned()),
    }
}

fn met(report: &Report, what: &str) -> Option<bool> {
    let target = report.targets.iter().find(|target| target.what == what);
    target.expect("a target of this name").met
}

#[test]
fn a_median_does_not_follow_one_bad_run() {
    assert_eq!(median([9.0, 1.0, 2.0].into_iter()), Some(2.0));
    assert_eq!(median([4.0, 1.0].into_iter()), Some(2.5));
    assert_eq!(median([].into_iter()), None);
}

#[test]
fn ratios_are_of_medians_and_held_against_their_bounds() {
    let mut runs = vec![
        run(Part::Backup, contenders::GZIP.name, 100, 36.0),
        run(Part::Backup, contenders::DIRECTORY.name, 100, 20.0),
        run(Part::Memory, contenders::OURS_WITH_FOUR.name, 100, 5.0),
        run(Part::Memory, contenders::OURS_WITH_FOUR.name, 300, 15.0),
    ];
    for wall in [5.0, 5.5, 50.0] {
        runs.push(run(Part::Backup, contenders::OURS.name, 100, wall));
    }
    let report = Report::new(machine(2), 100, runs);
    assert_eq!(met(&report, "pg_dump | gzip ÷ ours"), Some(true));
    assert_eq!(met(&report, "pg_dump -Fd -j2 ÷ ours"), Some(false));
    assert_eq!(
        met(&report, "peak RSS at three times the data ÷ at once"),
        Some(true)
    );
    assert_eq!(met(&report, "gunzip | psql ÷ our restore"), None);
    // 1 ÷ ((0.9 + 1) / 2) = 1.05
    assert_eq!(
        met(&report, "wall ÷ half of (server CPU + client CPU)"),
        Some(true)
    );
}

#[test]
fn a_smaller_database_or_another_machine_is_measured_but_not_judged() {
    let ours = run(Part::Backup, contenders::OURS.name, 5, 1.0);
    let gzip = run(Part::Backup, contenders::GZIP.name, 5, 2.0);
    let report = Report::new(machine(8), 5, vec![gzip, ours]);
    let speed = &report.targets[0];
    assert_eq!((speed.value, speed.met), (Some(2.0), None));

    let full = run(Part::Backup, contenders::OURS.name, 100, 1.0);
    let report = Report::new(machine(8), 100, vec![full]);
    assert_eq!(
        met(&report, "wall ÷ half of (server CPU + client CPU)"),
        None
    );
}

#[test]
fn people_get_a_table_with_a_line_for_each_contender() {
    let runs = vec![
        run(Part::Backup, contenders::GZIP.name, 100, 36.0),
        run(Part::Backup, contenders::OURS.name, 100, 5.0),
    ];
    let shown = Report::new(machine(2), 100, runs).table();
    let lines: Vec<_> = shown.lines().collect();
    assert!(
        lines[0].starts_with("2 cores of Some processor, 16.0 GB"),
        "{shown}"
    );
    insta::assert_snapshot!(lines[2..13].join("\n"), @r"
    PostgreSQL 15.18, database at 100 %

    PART    CONTENDER              WALL s  MIN–MAX      FASTER  CLIENT CPU s  SERVER CPU s  PEAK RSS  STORED  OTHERS
    backup  pg_dump | gzip          36.00  36.00–36.00  1.00 ×         36.00         32.40   50.3 MB  300 MB    0.05
    backup  backup run, 2 workers    5.00  5.00–5.00    7.20 ×          5.00          4.50   50.3 MB  300 MB    0.05

    WALL and CPU are medians. FASTER is against the first of the part. PEAK RSS is of the largest process of the
    client. OTHERS are the cores that everything else on this machine used meanwhile, at worst.

    TARGET                                       BOUND  MEASURED  VERDICT
    pg_dump | gzip ÷ ours                        ≥ 6.5      7.20  met
    ");
}
