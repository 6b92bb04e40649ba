//! Large objects: made first, filled page by page, then given their owners, rights and comments.

use super::{
    Restore,
    copy_in::{self, Destination},
    rows::loading_session,
};
use crate::{
    error::Error,
    manifest::{Chunk, RowFormat},
};
use tokio_postgres::Client;

/// Objects made in one transaction: each takes a lock, and the lock table has room for a few thousand.
const BATCH: i64 = 100;

pub(super) async fn restore(restore: &Restore<'_>) -> Result<(), Error> {
    let Some(large) = &restore.manifest.large_objects else {
        return Ok(());
    };
    if !restore.chosen.whole {
        return Ok(());
    }
    let client = loading_session(restore).await?;
    let step = |sql: &'static str, doing: &'static str| {
        let client = &client;
        async move {
            client
                .batch_execute(sql)
                .await
                .map_err(Error::database(doing))
        }
    };
    step(METADATA_TABLE, "make room for large objects").await?;
    load(
        restore,
        &client,
        "pg_temp.nightshift_large_object",
        &METADATA_COLUMNS,
        &large.metadata,
    )
    .await?;
    in_batches(&client, CREATE, "create large objects").await?;
    step(PAGES_TABLE, "make room for large objects").await?;
    for chunk in &large.pages {
        let chunk = std::slice::from_ref(chunk);
        load(
            restore,
            &client,
            "pg_temp.nightshift_large_object_page",
            &PAGE_COLUMNS,
            chunk,
        )
        .await?;
        step(FILL, "fill large objects").await?;
    }
    in_batches(&client, COMMENT, "comment large objects").await?;
    if !restore.options.no_owner {
        in_batches(&client, OWN, "give large objects to their owners").await?;
    }
    Ok(())
}

const METADATA_COLUMNS: [&str; 4] = ["oid", "owner", "acl", "comment"];
const PAGE_COLUMNS: [&str; 3] = ["loid", "pageno", "data"];

const METADATA_TABLE: &str = "CREATE TEMPORARY TABLE nightshift_large_object
    (oid oid PRIMARY KEY, owner name, acl text, comment text)";
const PAGES_TABLE: &str = "CREATE TEMPORARY TABLE nightshift_large_object_page
    (loid oid, pageno int4, data bytea)";
/// A page holds a quarter of a block; a sparse object keeps its length since each page is put where it was.
const FILL: &str = "
    SELECT count(pg_catalog.lo_put(loid, pageno::int8 * (pg_catalog.current_setting('block_size')::int8 / 4), data))
    FROM pg_temp.nightshift_large_object_page;
    TRUNCATE pg_temp.nightshift_large_object_page";
const CREATE: &str = "SELECT count(pg_catalog.lo_create(oid)) FROM pg_temp.nightshift_large_object
    WHERE oid = ANY ($1)";
const COMMENT: &str = "DO $do$ DECLARE o record; BEGIN
    FOR o IN SELECT oid, comment FROM pg_temp.nightshift_large_object
             WHERE oid = ANY ('$1'::oid[]) AND comment IS NOT NULL LOOP
      EXECUTE pg_catalog.format('COMMENT ON LARGE OBJECT %s IS %L', o.oid, o.comment);
    END LOOP; END $do$";
/// Rights first, while the object is ours; `aclexplode` reads what the source wrote, so its roles must exist.
const OWN: &str = "DO $do$ DECLARE o record; g record; BEGIN
    FOR o IN SELECT oid, owner, acl FROM pg_temp.nightshift_large_object WHERE oid = ANY ('$1'::oid[]) LOOP
      EXECUTE pg_catalog.format('ALTER LARGE OBJECT %s OWNER TO %I', o.oid, o.owner);
      IF o.acl IS NOT NULL THEN
        EXECUTE pg_catalog.format('REVOKE ALL ON LARGE OBJECT %s FROM %I', o.oid, o.owner);
        FOR g IN SELECT a.privilege_type, a.is_grantable, coalesce(r.rolname, 'public') AS grantee, a.grantee = 0 AS everybody
                 FROM pg_catalog.aclexplode(o.acl::aclitem[]) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee LOOP
          EXECUTE pg_catalog.format('GRANT %s ON LARGE OBJECT %s TO %s%s', g.privilege_type, o.oid,
            CASE WHEN g.everybody THEN 'PUBLIC' ELSE pg_catalog.quote_ident(g.grantee) END,
            CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
        END LOOP;
      END IF;
    END LOOP; END $do$";

async fn load(
    restore: &Restore<'_>,
    client: &Client,
    table: &str,
    columns: &[&str],
    chunks: &[Chunk],
) -> Result<(), Error> {
    let destination = Destination {
        table: table.to_owned(),
        columns: columns.iter().map(ToString::to_string).collect(),
        format: RowFormat::Text,
        encoding: restore.manifest.source.encoding.clone(),
    };
    for chunk in chunks {
        let stored = restore
            .store
            .read_verified(&restore.folder(), &chunk.stored)
            .await?;
        let encrypted = restore.manifest.codec.encrypted();
        let identity = restore.options.identity.clone();
        copy_in::copy_in(client, &destination, chunk, stored, encrypted, identity).await?;
    }
    Ok(())
}

/// Runs `sql` over a hundred objects at a time, each time in a transaction of its own. `DO` takes no parameters, so there the
/// oids are written into the text; they are numbers.
async fn in_batches(client: &Client, sql: &str, doing: &str) -> Result<(), Error> {
    let mut after: i64 = -1;
    loop {
        let next = "SELECT oid FROM pg_temp.nightshift_large_object
                    WHERE oid::int8 > $1 ORDER BY oid::int8 LIMIT $2";
        let rows = client
            .query(next, &[&after, &BATCH])
            .await
            .map_err(Error::database(doing))?;
        let oids: Vec<u32> = rows.iter().map(|row| row.get(0)).collect();
        let Some(last) = oids.last() else {
            return Ok(());
        };
        after = i64::from(*last);
        let done = if sql.starts_with("DO") {
            let list = oids
                .iter()
                .map(u32::to_string)
                .collect::<Vec<_>>()
                .join(",");
            client
                .batch_execute(&sql.replace("$1", &format!("{{{list}}}")))
                .await
        } else {
            client.query(sql, &[&oids]).await.map(drop)
        };
        done.map_err(Error::database(doing))?;
    }
}
