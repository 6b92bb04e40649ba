//! What is measured of a script: wall, CPU and memory of everything it started.

use nightshift_bench::measure::Usage;
use std::process::{Command, Output};

fn measure(script: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["measure", script])
        .output()
        .unwrap()
}

fn usage(script: &str) -> Usage {
    let output = measure(script);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_work_of_every_process_of_a_pipeline_counts() {
    let idle = usage("sleep 0.1");
    assert!(idle.wall >= 0.1 && idle.cpu < idle.wall, "{idle:?}");
    let busy = usage("head -c 50000000 /dev/zero | (sha512sum; true) | cat");
    assert!(busy.cpu > idle.cpu + 0.02, "{busy:?} and {idle:?}");
}

#[test]
fn peak_memory_is_that_of_the_largest_process() {
    const HELD: u64 = 200_000_000;
    // `tail` has to keep what may be the end.
    let used = usage(&format!("head -c {HELD} /dev/zero | tail -c {HELD}"));
    assert!((HELD..HELD * 3 / 2).contains(&used.peak_rss), "{used:?}");
}

#[test]
fn a_failure_in_the_middle_of_a_pipeline_is_a_failure() {
    let output = measure("echo hello | (cat >&2; exit 3) | cat");
    assert!(!output.status.success());
    assert!(output.stdout.is_empty(), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("hello"),
        "{output:?}"
    );
}
