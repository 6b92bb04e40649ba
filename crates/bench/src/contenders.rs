//! Who is compared: each a line of bash.
//!
//! They find in the environment: `PGHOST`, `PGPORT`, `PGUSER` and `PGDATABASE` of the server; `OUT`, an empty folder
//! to write to (or, restoring, the folder that [`Restore::source`] filled); `PG_BIN` and `ZSTD_PG_BIN`, the folders of the
//! server's own clients and of the newer ones; `BACKUP`, our program; `RESTORED`, an empty database.

/// Somebody who makes a backup.
#[derive(Debug, Clone, Copy)]
pub struct Backup {
    /// For people and for `--contenders`.
    pub name: &'static str,
    /// What bash runs.
    pub script: &'static str,
}

/// Somebody who restores what a [`Backup`] made.
#[derive(Debug, Clone, Copy)]
pub struct Restore {
    /// For people and for `--contenders`.
    pub name: &'static str,
    /// Who makes what it restores.
    pub source: Backup,
    /// What bash runs.
    pub script: &'static str,
}

/// What people run.
pub const GZIP: Backup = Backup {
    name: "pg_dump | gzip",
    script: r#""$PG_BIN/pg_dump" | gzip >"$OUT/dump.sql.gz""#,
};

/// What people run who have a disk and cores.
pub const DIRECTORY: Backup = Backup {
    name: "pg_dump -Fd -j2",
    script: r#""$PG_BIN/pg_dump" -Fd -j2 -f "$OUT/dump""#,
};

/// What people run who know zstd.
pub const ZSTD: Backup = Backup {
    name: "pg_dump | zstd -1 -T2",
    script: r#""$PG_BIN/pg_dump" | zstd -q -1 -T2 >"$OUT/dump.sql.zst""#,
};

/// The best line that PostgreSQL has, of a release that compresses with zstd.
pub const NEWEST: Backup = Backup {
    name: "pg_dump 18 -Fd -j2 zstd:1",
    script: r#""$ZSTD_PG_BIN/pg_dump" -Fd -j2 --compress=zstd:1 -f "$OUT/dump""#,
};

/// Ours. The database is the one of `PGDATABASE`; compression is the default, zstd level 2.
pub const OURS: Backup = Backup {
    name: "backup run, 2 workers",
    script: r#""$BACKUP" run --to "file://$OUT" --pg-bin-dir "$PG_BIN" --workers 2"#,
};

/// Ours with more sessions: for its memory.
pub const OURS_WITH_FOUR: Backup = Backup {
    name: "backup run, 4 workers",
    script: r#""$BACKUP" run --to "file://$OUT" --pg-bin-dir "$PG_BIN" --workers 4"#,
};

/// The way back that people know.
pub const PSQL: Restore = Restore {
    name: "gunzip | psql",
    source: GZIP,
    script: r#"gunzip -c "$OUT/dump.sql.gz" | "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -d "$RESTORED""#,
};

/// The way back in parallel; needs the whole archive on a disk.
pub const PG_RESTORE: Restore = Restore {
    name: "pg_restore -j2",
    source: DIRECTORY,
    script: r#""$PG_BIN/pg_restore" -j2 -d "$RESTORED" "$OUT/dump""#,
};

/// Ours, doing what the others do: not reading the rows again to compare them. It gathers statistics, they do not.
pub const OUR_RESTORE: Restore = Restore {
    name: "backup restore",
    source: OURS,
    script: r#""$BACKUP" restore latest --in "file://$OUT" --pg-bin-dir "$PG_BIN" --jobs 2 --no-compare \
        --into "host=$PGHOST port=$PGPORT user=$PGUSER dbname=$RESTORED""#,
};

/// Ours as it is unless told otherwise: every row is read again and compared with the manifest.
pub const OUR_PROVEN_RESTORE: Restore = Restore {
    name: "backup restore, compared",
    source: OURS,
    script: r#""$BACKUP" restore latest --in "file://$OUT" --pg-bin-dir "$PG_BIN" --jobs 2 \
        --into "host=$PGHOST port=$PGPORT user=$PGUSER dbname=$RESTORED""#,
};

/// The contenders of [`Part::Backup`](crate::cli::Part::Backup), in turn.
pub const BACKUP: [Backup; 5] = [GZIP, DIRECTORY, ZSTD, NEWEST, OURS];
/// The contenders of [`Part::OneTable`](crate::cli::Part::OneTable), in turn.
pub const ONE_TABLE: [Backup; 2] = [NEWEST, OURS];
/// The contenders of [`Part::Restore`](crate::cli::Part::Restore), in turn.
pub const RESTORE: [Restore; 4] = [PSQL, PG_RESTORE, OUR_RESTORE, OUR_PROVEN_RESTORE];
