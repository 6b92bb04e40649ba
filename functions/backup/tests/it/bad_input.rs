//! What is wrong with a command line or a configuration is said in one line, with what would be right, before anything is
//! touched.

use crate::program::{backup, command, run};
use std::fs;

const CODE: i32 = 2;

#[test]
fn a_host_that_does_not_answer_is_an_error_of_one_line_that_says_what_to_check() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("file://{}", folder.path().display());
    // Port 1 of this machine: nobody listens there.
    let from = "postgres://nobody@127.0.0.1:1/app?connect_timeout=2";
    backup(&["run", "--from", from, "--to", &target]).failed(
        1,
        &["connect to", "127.0.0.1:1", "refused", "next: check host"],
    );
    let nowhere = "host=/nonexistent dbname=app user=nobody";
    backup(&["run", "--from", nowhere, "--to", &target]).failed(1, &["/nonexistent", "next:"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    for arguments in [
        &["run", "--from", "postgres://nobody@127.0.0.1:1/app"][..],
        &["list"],
        &[
            "restore",
            "latest",
            "--into",
            "postgres://nobody@127.0.0.1:1/app",
        ],
        &["prune"],
    ] {
        let all = [arguments, &["--to", "file:///nonexistent/backups"]].concat();
        backup(&all).failed(
            1,
            &["/nonexistent/backups does not exist", "next: create it"],
        );
    }
}

#[test]
fn a_target_is_asked_for_and_its_form_is_told() {
    backup(&["list"]).failed(CODE, &["no target", "gs://BUCKET/PREFIX", "file:///FOLDER"]);
    for wrong in ["s3://bucket", "/srv/backups", "file://srv/backups", "gs://"] {
        backup(&["list", "--in", wrong]).failed(CODE, &[wrong, "gs://"]);
    }
}

#[test]
fn flags_that_contradict_each_other_are_both_named() {
    let into = [
        "restore",
        "latest",
        "--into",
        "postgres://h/d",
        "--in",
        "file:///tmp",
    ];
    let with = |flags: &[&str]| backup(&[&into[..], flags].concat());
    with(&["--create", "--into-used"]).failed(CODE, &["--create", "--into-used", "next:"]);
    with(&["--role", "app"]).failed(CODE, &["--no-owner", "next:"]);
    backup(&[
        "drill",
        "--in",
        "file:///tmp",
        "--scratch-password-file",
        "/x",
    ])
    .failed(CODE, &["--scratch", "next:"]);
}

#[test]
fn unknown_words_are_answered_with_the_known_ones() {
    backup(&["rum"]).failed(CODE, &["rum", "run", "next:"]);
    backup(&["run", "--worker", "3"]).failed(CODE, &["--worker", "--workers", "next:"]);
    backup(&["verify", "--level", "deep"]).failed(CODE, &["deep", "objects, bytes, restore"]);
    backup(&["restore", "latest"]).failed(CODE, &["--into", "next:"]);
    backup(&["run", "--workers", "many"]).failed(CODE, &["--workers", "many", "next:"]);
    backup(&["status", "--rpo", "soon"]).failed(CODE, &["--rpo", "soon", "next:"]);
}

#[test]
fn a_password_in_a_url_is_refused_and_not_repeated() {
    let url = "postgres://ann:hunter2@127.0.0.1:1/app";
    for arguments in [
        ["run", "--from", url, "--to", "file:///tmp"].as_slice(),
        &["check", "--from", url, "--to", "file:///tmp"],
        &["restore", "latest", "--into", url, "--in", "file:///tmp"],
        &["drill", "--scratch", url, "--in", "file:///tmp"],
    ] {
        let ran = backup(arguments);
        assert!([Some(1), Some(2)].contains(&ran.code), "{}", ran.stderr);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("hunter2"));
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains("PGPASSFILE"));
    }
}

#[test]
fn a_connection_string_that_cannot_be_read_is_refused_with_the_right_form() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("file://{}", folder.path().display());
    for (from, part) in [
        ("postgres://h/d?sslmode=yes", "sslmode"),
        ("postgres://h:http/d", "port"),
        ("postgres://h/d?sslmod=require", "sslmod"),
        ("shop", "postgres://USER@HOST:PORT/DATABASE"),
        ("host=h dbname='shop", "quote"),
    ] {
        backup(&["run", "--from", from, "--to", &target]).failed(CODE, &[part]);
    }
}

/// The program with a configuration file of this text.
fn configured(text: &str) -> crate::program::Ran {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.toml");
    fs::write(&file, text).unwrap();
    backup(&["list", "--config", file.to_str().unwrap()])
}

#[test]
fn a_mistake_in_the_configuration_is_told_with_its_place_and_what_would_be_right() {
    configured("[target]\nurl = \"file:///tmp\"\n[run]\nworker = 2\n").failed(
        CODE,
        &["backup.toml:4:1", "`run.worker`", "`workers`", "next:"],
    );
    configured("[run]\nworkers = \"two\"\n")
        .failed(CODE, &["backup.toml:2:11", "run.workers", "two"]);
    configured("[objectives]\nrpo = \"26\"\n")
        .failed(CODE, &["backup.toml:2:", "objectives.rpo", "26"]);
    configured("[run]\nchunk_size = \"4 MX\"\n").failed(CODE, &["run.chunk_size", "4 MX"]);
    configured("[run\n").failed(CODE, &["backup.toml:1:"]);
}

#[test]
fn values_out_of_range_name_their_key_and_the_range() {
    configured("[run]\ncompression_level = 20\n")
        .failed(CODE, &["run.compression_level", "20", "1 to 19"]);
    configured("[run]\nworkers = 0\n").failed(CODE, &["run.workers", "1 to 64"]);
    configured("[restore]\njobs = 1000\n").failed(CODE, &["restore.jobs", "1 to 64"]);
    configured("[run]\nchunk_size = \"1 KiB\"\n").failed(CODE, &["run.chunk_size", "64 KiB"]);
    configured("[encryption]\nrecipients = [\"ssh-rsa AAAA\"]\n")
        .failed(CODE, &["encryption.recipients", "age1"]);
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    backup(&["list", "--config", "/nonexistent/backup.toml"])
        .failed(CODE, &["/nonexistent/backup.toml"]);
    let mut by_variable = command(&["list"]);
    by_variable.env("NIGHTSHIFT_CONFIG", "[target]\nurl = 7\n");
    run(&mut by_variable).failed(CODE, &["NIGHTSHIFT_CONFIG", "target.url"]);
}

#[test]
fn a_backup_that_does_not_exist_is_asked_back() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("file://{}", folder.path().display());
    let list = "`backup list`";
    backup(&["show", "20200101T000000Z-aaaaaa", "--in", &target])
        .failed(1, &["20200101T000000Z-aaaaaa", &target, list]);
    backup(&["verify", "2020", "--in", &target]).failed(1, &["2020", list]);
    backup(&[
        "restore",
        "latest",
        "--in",
        &target,
        "--into",
        "postgres://h/d",
    ])
    .failed(1, &["no complete backup", "`backup run`"]);
    backup(&["show", "", "--in", &target]).failed(CODE, &["id is empty", "`latest`"]);
    backup(&["drill", "--in", &target]).failed(1, &["no complete backup", "`backup run`"]);
}
