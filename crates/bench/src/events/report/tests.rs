use super::*;
use std::collections::BTreeMap;

fn turn(contender: Contender, start: f64, rss: u64, p99: [f64; 2], cpu: f64) -> Turn {
    let load = |rate, p99| Load {
        rate,
        sent: 6_000,
        wrong: 0,
        p50: p99 / 4.0,
        p99,
        most: p99 * 2.0,
        cpu_per_push: cpu,
        wall: 6.0,
        others: 0.3,
    };
    Turn {
        contender: contender.name().to_owned(),
        round: 1,
        starts: vec![start, start * 1.5, start * 0.5],
        idle_rss: rss,
        idle_pss: rss / 2,
        loads: vec![
            load(Some(100), p99[0]),
            load(JUDGED, p99[1]),
            load(FULL, 0.001),
        ],
    }
}

fn siege() -> Siege {
    Siege {
        events: 100_000,
        kinds: [5, 28],
        per_second: 8_000.0,
        wrong: 0,
        wrongs: BTreeMap::new(),
        panics: 0,
        rss: vec![10 << 20, 11 << 20, 12 << 20],
    }
}

fn both() -> Events {
    Events {
        turns: vec![
            turn(
                Contender::FunctionsFramework,
                0.5,
                72 << 20,
                [0.004, 0.9],
                400e-6,
            ),
            turn(Contender::Ours, 0.02, 10 << 20, [0.001, 0.005], 40e-6),
        ],
        siege: Some(siege()),
    }
}

#[test]
fn each_target_is_a_ratio_within_the_run() {
    let verdicts: Vec<_> = both()
        .targets()
        .into_iter()
        .map(|target| (target.value.unwrap(), target.met.unwrap()))
        .collect();
    let rounded: Vec<_> = verdicts
        .iter()
        .map(|(value, met)| (format!("{value:.2}"), *met))
        .collect();
    let expected = [
        ("25.00", true),
        ("7.20", true),
        ("7.20", true),
        ("10.00", true),
        ("10.00", true),
        // Theirs at 100 a second, where it is at its best.
        ("1.25", false),
        ("0.00", true),
        ("0.00", true),
        ("1.20", false),
    ];
    assert_eq!(
        rounded,
        expected.map(|(value, met)| (value.to_owned(), met))
    );
}

#[test]
fn what_did_not_run_is_not_judged() {
    let mut alone = both();
    alone.turns.remove(0);
    alone.siege = None;
    assert!(alone.targets().iter().all(|target| target.met.is_none()));
}

#[test]
fn people_get_a_line_for_each_contender_and_each_rate() {
    insta::assert_snapshot!(both().table(), @r"
    EVENTS                         STARTS  COLD START ms  MIN–MAX      IDLE RSS  IDLE PSS
    functions-framework, gunicorn       3         500.00  250.0–750.0   75.5 MB   37.7 MB
    budget-receiver                     3          20.00  10.0–30.0     10.5 MB    5.2 MB

    PUSHES                         PER SECOND  P50 ms  P99 ms  SLOWEST ms  CPU PER PUSH µs  NOT 204  OTHERS
    functions-framework, gunicorn         100    1.00    4.00        8.00              400        0    0.30
    functions-framework, gunicorn        1000  225.00  900.00     1800.00              400        0    0.30
    functions-framework, gunicorn   all: 1000    0.25    1.00        2.00              400        0    0.30
    budget-receiver                       100    0.25    1.00        2.00               40        0    0.30
    budget-receiver                      1000    1.25    5.00       10.00               40        0    0.30
    budget-receiver                 all: 1000    0.25    1.00        2.00               40        0    0.30

    100000 events of 5 good and 28 bad kinds at 8000/s: 0 answered wrongly, 0 panics; RSS after each 20000: 10.5 MB, 11.5 MB, 12.6 MB

    Medians. COLD START is from before the process was made to its first 204. IDLE is after that answer, all its
    processes added up: RSS counts what they share in each, PSS once. Latencies are from when a push was due.
    ");
}
