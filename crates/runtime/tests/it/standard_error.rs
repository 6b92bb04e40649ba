//! Each test starts this binary again as the process that [`tell`] describes, and reads what it wrote.

use nightshift_runtime::{
    progress::{Progress, Unit},
    telemetry::{self, Format, Level},
};
use nix::pty::openpty;
use serde_json::Value;
use std::{
    fs::File,
    io::Read,
    process::{Command, Stdio},
    thread,
};

const EVENTS: u64 = 40;

#[test]
#[ignore = "the process that the tests of this file start"]
fn tell() {
    telemetry::init(&telemetry::Options {
        format: Format::Auto,
        level: Level::default(),
    })
    .unwrap();
    let progress = Progress::new("copy", Some(EVENTS), Unit::Items);
    thread::scope(|scope| {
        for worker in 0..2_u64 {
            let progress = progress.clone();
            scope.spawn(move || {
                for chunk in 0..EVENTS / 2 {
                    progress.inc(1);
                    progress.set_message(format!("chunk {chunk}"));
                    tracing::info!(worker, chunk, "copied");
                }
            });
        }
    });
    progress.finish("all copied");
    panic!("the end of the test");
}

fn telling() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "standard_error::tell",
            "--ignored",
            "--nocapture",
        ])
        .env_remove("K_SERVICE")
        .env_remove("CLOUD_RUN_JOB")
        .env_remove("NO_COLOR")
        .env("RUST_BACKTRACE", "0")
        .env("TERM", "xterm")
        .stdout(Stdio::null());
    command
}

fn told(command: &mut Command) -> String {
    String::from_utf8(command.stderr(Stdio::piped()).output().unwrap().stderr).unwrap()
}

/// Runs `command` with a terminal as its standard error, and returns what the terminal was sent.
fn told_on_a_terminal(mut command: Command) -> String {
    let terminal = openpty(None, None).unwrap();
    let mut child = command.stderr(terminal.slave).spawn().unwrap();
    drop(command);
    let mut sent = Vec::new();
    match File::from(terminal.master).read_to_end(&mut sent) {
        // Linux says so when the last process has closed the other end.
        Err(error) if error.raw_os_error() == Some(nix::libc::EIO) => {}
        Err(error) => panic!("read from the terminal: {error}"),
        Ok(_) => {}
    }
    child.wait().unwrap();
    String::from_utf8(sent).unwrap()
}

#[test]
fn on_cloud_run_every_line_is_json_even_of_a_panic() {
    let told = told(
        telling()
            .env("CLOUD_RUN_JOB", "backup")
            .env("CLOUD_RUN_EXECUTION", "backup-x7"),
    );
    let entries: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}")))
        .collect();
    assert_eq!(
        entries
            .iter()
            .filter(|entry| entry["message"] == "copied")
            .count() as u64,
        EVENTS
    );

    let panic = entries.last().unwrap();
    assert_eq!(
        (&panic["severity"], &panic["message"]),
        (&"ERROR".into(), &"panicked".into())
    );
    assert_eq!(panic["panic"], "the end of the test");
    assert!(
        panic["at"]
            .as_str()
            .unwrap()
            .starts_with("crates/runtime/tests/it/standard_error.rs:")
    );
    assert_eq!(panic["serviceContext"]["service"], "backup");
    assert_eq!(panic["serviceContext"]["version"], "backup-x7");
}

#[test]
fn in_a_file_lines_have_no_bars_and_no_colours() {
    let told = told(&mut telling());
    assert!(!told.contains(['\u{1b}', '\r']), "{told}");
    assert_eq!(
        told.lines()
            .filter(|line| line.contains(" INFO copied "))
            .count() as u64,
        EVENTS
    );
    assert!(
        told.contains(" INFO all copied work=copy items=40 "),
        "{told}"
    );
}

#[test]
fn on_a_terminal_bars_are_drawn_and_never_mix_with_lines() {
    let sent = told_on_a_terminal(telling());
    assert!(sent.contains("━"), "no bar was drawn: {sent:?}");
    assert!(sent.contains("\u{1b}[32m INFO"), "no colour: {sent:?}");

    let plain = console::strip_ansi_codes(&sent).into_owned();
    let is_line = |piece: &&str| piece.contains("copied worker=");
    let lines: Vec<&str> = plain.split(['\r', '\n']).filter(is_line).collect();
    assert_eq!(lines.len() as u64, EVENTS);
    for line in lines {
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.len() == 9 && time.ends_with('Z'), "{line:?}");
        let figures = rest
            .strip_prefix(" INFO copied worker=")
            .unwrap_or_else(|| panic!("{line:?}"));
        let (worker, chunk) = figures.split_once(" chunk=").unwrap();
        assert!(
            worker.parse::<u64>().unwrap() < 2 && chunk.parse::<u64>().unwrap() < EVENTS / 2,
            "{line:?}"
        );
    }
}

#[test]
fn no_color_is_respected_on_a_terminal() {
    let mut command = telling();
    command.env("NO_COLOR", "1");
    let sent = told_on_a_terminal(command);
    assert!(!sent.contains("\u{1b}[32m"), "{sent:?}");
}
