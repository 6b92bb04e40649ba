//! The database that is filled: made when asked for, empty unless told otherwise, and able to take the rows.

use super::RestoreOptions;
use crate::{
    error::Error,
    manifest::{Manifest, Source},
    name::quote_identifier,
    pg_tools::PgTools,
    source::{catalog, params::ConnectParams, session::Server},
};
use tokio_postgres::Client;

/// What a role's or a database's own settings may not do to a restore: forbid it, or cut it short. Given with the log-in,
/// they hold for `pg_restore` and `vacuumdb` as well.
const WRITING: &str = "-c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=0 \
                       -c idle_in_transaction_session_timeout=0";

/// The same connection for sessions that write, for as long as it takes.
pub(crate) fn for_writing(params: &ConnectParams) -> ConnectParams {
    let own = params.options.as_deref().unwrap_or_default();
    ConnectParams {
        options: Some(format!("{own} {WRITING}").trim_start().to_owned()),
        ..params.clone()
    }
}

/// Opens the target database.
pub(super) async fn open(manifest: &Manifest, options: &RestoreOptions) -> Result<Server, Error> {
    if options.create {
        create(manifest, options).await?;
    }
    let (server, client) = Server::find(&options.into).await?;
    let facts = catalog::server(&client, &options.into.database).await;
    let facts = facts.map_err(Error::database("ask the server who it is"))?;
    if facts.source.standby {
        return Err(Error::Usage(format!(
            "{} is a standby: nothing can be restored into it",
            options.into
        )));
    }
    compare_encoding(&manifest.source, &facts.source)?;
    if !options.into_used {
        refuse_used(&client, options).await?;
    }
    Ok(server)
}

/// The tools of the release that wrote the schema, or of the target's if that is newer; `pg_restore` reads older archives
/// but no newer ones.
pub(super) async fn tools(manifest: &Manifest, options: &RestoreOptions) -> Result<PgTools, Error> {
    let (_, client) = Server::find(&options.into).await?;
    let facts = catalog::server(&client, &options.into.database).await;
    let target = facts
        .map_err(Error::database("ask the server who it is"))?
        .source
        .major();
    let source = manifest.source.major();
    let folder = options.pg_bin_dir.as_deref();
    let first = PgTools::find(source, folder).await;
    match first {
        Ok(tools) => Ok(tools),
        Err(_) if target > source => Ok(PgTools::find(target, folder).await?),
        Err(error) => Err(error.into()),
    }
}

/// Makes the database as the source's was, from `template0`, so that nothing of `template1` is in it.
async fn create(manifest: &Manifest, options: &RestoreOptions) -> Result<(), Error> {
    let source = &manifest.source;
    let (_, client) = Server::find(&options.into.with_database("postgres")).await?;
    let mut sql = format!(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING {}",
        quote_identifier(&options.into.database),
        literal(&source.encoding)
    );
    sql.push_str(&locale(source));
    let doing = format!("create database {}", options.into.database);
    client
        .batch_execute(&sql)
        .await
        .map_err(Error::database(doing))
}

/// The locale that the source sorts by. ICU and built-in ones have names of their own, and are the same everywhere; what
/// libc's names mean is up to the operating system.
fn locale(source: &Source) -> String {
    let libc = format!(
        " LC_COLLATE {} LC_CTYPE {}",
        literal(&source.collate),
        literal(&source.ctype)
    );
    let (provider, key) = match source.locale_provider.as_str() {
        "i" => ("icu", "ICU_LOCALE"),
        "b" => ("builtin", "BUILTIN_LOCALE"),
        _ => return libc,
    };
    let name = source.locale.as_deref().unwrap_or_default();
    format!("{libc} LOCALE_PROVIDER {provider} {key} {}", literal(name))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn compare_encoding(source: &Source, target: &Source) -> Result<(), Error> {
    if source.encoding != target.encoding {
        return Err(Error::Usage(format!(
            "the backup's rows are {} and database {} is {}: create it with ENCODING '{}' (or let --create do so)",
            source.encoding, target.database, target.encoding, source.encoding
        )));
    }
    if source.lc_monetary != target.lc_monetary {
        tracing::warn!(
            source = source.lc_monetary,
            target = target.lc_monetary,
            "lc_monetary differs: values of type money may be read differently"
        );
    }
    Ok(())
}

async fn refuse_used(client: &Client, options: &RestoreOptions) -> Result<(), Error> {
    let relations = catalog::relations(client)
        .await
        .map_err(Error::database("list the tables"))?;
    let own = relations
        .iter()
        .filter(|relation| relation.extension.is_none());
    let names: Vec<_> = own.map(|relation| relation.name.to_string()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "database {} is not empty ({} tables, {} among them): restore into an empty one (--create makes it), or say \
         --into-used",
        options.into.database,
        names.len(),
        names[0]
    )))
}
