//! The password is nowhere: not in what a run prints, stores, or hands to the programs it starts.

use crate::{
    bed::Bed,
    process::{Ended, Running, until},
};
use local_postgres::{Auth, Installation, LocalPostgres};
use std::{collections::BTreeSet, fs, process::Command};

const PASSWORD: &str = "Xq7-nowhere/to be%found";

/// The command lines of a process and of all that descend from it.
fn command_lines(process: u32, into: &mut BTreeSet<String>) {
    let folder = format!("/proc/{process}");
    if let Ok(line) = fs::read(format!("{folder}/cmdline")) {
        into.insert(String::from_utf8_lossy(&line).replace('\0', " "));
    }
    for task in fs::read_dir(format!("{folder}/task"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace() {
            command_lines(child.parse().unwrap(), into);
        }
    }
}

fn watched(command: Command) -> (Ended, BTreeSet<String>) {
    let (mut running, mut lines) = (Running::start(command), BTreeSet::new());
    until("it ends", || {
        command_lines(running.id(), &mut lines);
        running.has_ended().then_some(())
    });
    (running.end(), lines)
}

/// What a file of the target holds, in clear.
fn in_clear(bytes: &[u8]) -> Vec<u8> {
    zstd::decode_all(bytes).unwrap_or_else(|_| bytes.to_vec())
}

/// A server that asks for passwords, with a role `reader` that has [`PASSWORD`].
fn bed_with_passwords() -> Bed {
    let installation = Installation::for_tests(15).unwrap();
    let server = LocalPostgres::builder(installation)
        .auth(Auth::Password)
        .without_durability()
        .start()
        .unwrap();
    server.create_database("app").unwrap();
    let sql = format!(
        "CREATE TABLE t AS SELECT 1 AS a;
         CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'; GRANT pg_read_all_data TO reader"
    );
    server.psql("app", &sql).unwrap();
    Bed::new(server)
}

#[test]
fn the_password_is_in_nothing_that_a_run_prints_stores_or_starts() {
    let bed = bed_with_passwords();
    let url = bed.server.socket_url("app");
    let url = url.replacen("://postgres@", "://reader@", 1);
    let file = bed.server.data_folder().with_file_name("secret");
    fs::write(&file, PASSWORD).unwrap();
    let by = |variable: (&str, &str), arguments: &[&str]| {
        let mut command = bed.backup("", &["run", "--from", &url]);
        command.env(variable.0, variable.1).args(arguments);
        watched(command)
    };

    let by_variable = by(("PGPASSWORD", PASSWORD), &[]);
    let by_file = by(("TZ", "UTC"), &["--password-file", file.to_str().unwrap()]);
    let refused = by(("PGPASSWORD", &format!("{PASSWORD}, wrong")), &[]);
    refused.0.refused(1);
    let mut started = BTreeSet::new();
    for (ended, lines) in [by_variable, by_file] {
        started.extend(lines);
        let ended = ended.well();
        assert!(!(ended.stdout + &ended.stderr).contains(PASSWORD));
    }
    assert!(!(refused.0.stdout + &refused.0.stderr).contains(PASSWORD));
    started.extend(refused.1);
    assert!(
        started.iter().any(|line| line.contains("pg_dump")),
        "{started:?}"
    );
    assert!(
        !started.iter().any(|line| line.contains(PASSWORD)),
        "{started:?}"
    );

    assert_eq!(bed.manifests().len(), 2);
    for object in bed.objects("") {
        let bytes = in_clear(&fs::read(bed.folder.path().join(&object)).unwrap());
        for secret in [PASSWORD, "SCRAM-SHA-256$"] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{object} holds {secret}");
        }
    }
}
