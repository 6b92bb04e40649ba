#!/usr/bin/env bash
# Restores a whole backup with PostgreSQL's own programs, zstd, jq and (for encrypted backups) age: for the day on which
# `backup restore` is not at hand. docs/backup-format.md explains every step.
#
#   docs/restore.sh FOLDER DATABASE [AGE_IDENTITY_FILE]
#
# FOLDER holds one backup, manifest.json and the objects it names:
#   gcloud storage cp -r gs://BUCKET/PREFIX/backups/ID .
# DATABASE is made, so it must not exist. The server and the role are those of the PG* variables, the programs those of the
# PATH: of the major version that the manifest's `client` names, or newer. The roles that own things must exist
# (globals.sql.zst has them); the role needs the rights of a superuser or of a managed server's administrator.
# shellcheck disable=SC2016  # the dollars in single quotes are variables of jq
set -euo pipefail

if (($# < 2 || $# > 3)); then
    echo "usage: $0 FOLDER DATABASE [AGE_IDENTITY_FILE]" >&2
    exit 2
fi
cd "$1"
database=$2 identity=${3:-}
[[ $identity == /* || -z $identity ]] || identity=$OLDPWD/$identity
jobs=$(nproc)
archive=$(mktemp)
trap 'rm -f "$archive"' EXIT

# What a role's or a database's own settings could spoil. Rows are loaded with these; pg_restore sets its own.
export PGOPTIONS="-c search_path= -c datestyle=ISO -c intervalstyle=postgres -c xmloption=content
 -c statement_timeout=0 -c lock_timeout=0 -c row_security=off -c default_transaction_read_only=off"
# Manifest and statements are UTF-8 whatever the database is; COPY names the encoding of its rows.
export PGCLIENTENCODING=UTF8

say() { printf '%s\n' "$*" >&2; }

# Values of the manifest.
of_manifest() { jq -r "$@" manifest.json; }

# Statements from standard input, all or nothing.
sql() { psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --dbname="$database" "$@"; }

# An object's plain bytes.
open() {
    case $1 in
    *.zst.age) age --decrypt --identity "$identity" "$1" | zstd --decompress --stdout --quiet ;;
    *.zst) zstd --decompress --stdout --quiet "$1" ;;
    esac
}

# Runs a statement `COPY … FROM STDIN` over an object; the server must count as many rows as the manifest does.
load() {
    local statement=$1 object=$2 rows=$3 said
    said=$(open "$object" | psql --no-psqlrc --set=ON_ERROR_STOP=1 --dbname="$database" --command="$statement")
    if [[ $said != "COPY $rows" ]]; then
        say "$object: loaded \`$said\`, the manifest says $rows rows"
        exit 1
    fi
}

# SQL for what the manifest says, as functions of jq.
readonly JQ='
    def identifier: "\"" + gsub("\""; "\"\"") + "\"";
    def literal: "\u0027" + gsub("\u0027"; "\u0027\u0027") + "\u0027";
    def relation: (.schema | identifier) + "." + (.name | identifier);
    def columns: if length == 0 then "" else " (" + (map(identifier) | join(", ")) + ")" end;
    def copy($relation; $columns; $format; $encoding):
        "COPY \($relation)\($columns) FROM STDIN (FORMAT \($format), ENCODING \($encoding | literal))";'

check_manifest() {
    local said found
    # The hash of everything before the line feed that begins the second last line.
    said=$(of_manifest .sha256)
    found=$(head --lines=-2 manifest.json | head --bytes=-1 | sha256sum | cut -d' ' -f1)
    if [[ $said != "$found" ]]; then
        say "manifest.json was cut short or changed: its sha256 is $found, its closing line says $said"
        exit 1
    fi
    if [[ $(of_manifest '"\(.format) \(.version)"') != "nightshift-backup 1" ]]; then
        say "manifest.json is of a format that this script does not know"
        exit 1
    fi
}

check_objects() {
    of_manifest '
        [.schema, .globals, .tables[].chunks[], (.large_objects | select(.) | .metadata[], .pages[])][]
        | select(.) | "\(.sha256)  \(.object)"' | sha256sum --check --quiet >&2
}

make_database() {
    of_manifest --arg name "$database" "$JQ"'
        .source.locale as $locale |
        "CREATE DATABASE \($name | identifier) TEMPLATE template0 ENCODING \(.source.encoding | literal)"
        + " LC_COLLATE \(.source.collate | literal) LC_CTYPE \(.source.ctype | literal)"
        + ({i: " LOCALE_PROVIDER icu ICU_LOCALE ", b: " LOCALE_PROVIDER builtin BUILTIN_LOCALE "}[.source.locale_provider]
           | if . then . + ($locale | literal) else "" end)' |
        psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname=postgres
}

# Numbers of tables in the order of loading: the configuration of extensions first, since its foreign keys are there
# already; of these, those that others point to before the others.
load_order() {
    local depth
    depth=$(sql <<'SQL'
        WITH RECURSIVE points_to (from_oid, to_oid) AS (
            SELECT conrelid, confrelid FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid
            UNION
            SELECT p.from_oid, k.confrelid FROM points_to p
            JOIN pg_constraint k ON k.conrelid = p.to_oid AND k.contype = 'f' AND k.confrelid <> p.from_oid)
        SELECT coalesce(json_object_agg(name, depth), '{}') FROM (
            SELECT format('%s.%s', n.nspname, c.relname) AS name, count(*) AS depth
            FROM points_to p JOIN pg_class c ON c.oid = p.from_oid
            JOIN pg_namespace n ON n.oid = c.relnamespace GROUP BY 1) d
SQL
    )
    of_manifest --argjson depth "$depth" '
        .tables | to_entries | sort_by(.value.extension == null, $depth["\(.value.schema).\(.value.name)"] // 0) | .[].key'
}

# For each chunk of each table a line: the statement in base64 (names may hold anything), the object, the rows.
table_chunks() {
    local order
    order=$(load_order | jq --slurp --compact-output .)
    of_manifest --argjson order "$order" "$JQ"'
        .source.encoding as $encoding | .tables as $tables | $order[] | $tables[.]
        | copy(.load_through // . | relation; .columns | columns; .format; $encoding) as $statement
        | .chunks[] | "\($statement | @base64) \(.object) \(.rows)"'
}

load_tables() {
    local statement object rows
    while read -r statement object rows; do
        load "$(base64 --decode <<<"$statement")" "$object" "$rows"
    done < <(table_chunks)
}

set_sequences() {
    of_manifest "$JQ"'
        .sequences[]
        | "SELECT setval(\(relation | literal), \(.last_value), \(.is_called));"' | sql >/dev/null
}

load_large_objects() {
    local statement object rows
    [[ $(of_manifest '.large_objects != null') == true ]] || return 0
    sql <<'SQL'
        CREATE SCHEMA restore_sh;
        CREATE TABLE restore_sh.metadata (oid oid PRIMARY KEY, owner name, acl text, comment text);
        CREATE TABLE restore_sh.pages (loid oid, pageno int4, data bytea);
SQL
    while read -r statement object rows; do
        load "$(base64 --decode <<<"$statement")" "$object" "$rows"
    done < <(of_manifest "$JQ"'
        .source.encoding as $encoding | .large_objects | to_entries[] | select(.value | type == "array")
        | copy("restore_sh.\(.key)"; ""; "text"; $encoding) as $statement
        | .value[] | "\($statement | @base64) \(.object) \(.rows)"')
    # A page holds a quarter of a block.
    sql >/dev/null <<'SQL'
        SELECT lo_create(oid) FROM restore_sh.metadata;
        SELECT lo_put(loid, pageno::int8 * (current_setting('block_size')::int8 / 4), data)
        FROM restore_sh.pages;
        SELECT format('COMMENT ON LARGE OBJECT %s IS %L', oid, comment)
        FROM restore_sh.metadata WHERE comment IS NOT NULL \gexec
        SELECT format('ALTER LARGE OBJECT %s OWNER TO %I', oid, owner) FROM restore_sh.metadata \gexec
        SELECT format('REVOKE ALL ON LARGE OBJECT %s FROM %I', oid, owner)
        FROM restore_sh.metadata WHERE acl IS NOT NULL \gexec
        SELECT format('GRANT %s ON LARGE OBJECT %s TO %s%s', a.privilege_type, m.oid,
            CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)
        FROM restore_sh.metadata m, aclexplode(m.acl::aclitem[]) a \gexec
        DROP SCHEMA restore_sh CASCADE;
SQL
}

say "checking manifest and objects"
check_manifest
check_objects
say "making database $database and its schema"
make_database
open "$(of_manifest .schema.object)" >"$archive"
pg_restore --exit-on-error --section=pre-data --dbname="$database" "$archive"
say "loading rows"
load_tables
set_sequences
load_large_objects
say "making indexes, constraints and the rest"
pg_restore --exit-on-error --section=post-data --jobs="$jobs" --dbname="$database" "$archive"
sql --command='ANALYZE'
say "restored $(of_manifest '"\(.totals.rows) rows of \(.totals.tables) tables"') into $database"
