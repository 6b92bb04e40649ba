//! One chunk into its table.

use crate::{
    chunk,
    engine::statement,
    error::Error,
    manifest::{Chunk, RowFormat},
    name::quote_identifier,
};
use bytes::Bytes;
use futures::SinkExt;
use secrecy::SecretString;
use std::io::Read as _;
use tokio::sync::mpsc::{Receiver, channel};
use tokio_postgres::Client;

/// Rows are handed to the server in pieces of this size.
const PIECE: usize = 256 * 1024;

/// Where rows go.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    /// The table as SQL.
    pub(super) table: String,
    /// Its columns, unquoted; none means that the table has no columns to fill.
    pub(super) columns: Vec<String>,
    /// The rows' format.
    pub(super) format: RowFormat,
    /// The rows' encoding.
    pub(super) encoding: String,
}

impl Destination {
    fn sql(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|c| quote_identifier(c)).collect();
        let columns = if columns.is_empty() {
            String::new()
        } else {
            format!(" ({})", columns.join(", "))
        };
        let options = statement::options(self.format, &self.encoding);
        format!("COPY {}{columns} FROM STDIN {options}", self.table)
    }
}

/// Loads the stored bytes of `chunk`, and checks that the server took as many rows as the manifest says.
pub(super) async fn copy_in(
    client: &Client,
    destination: &Destination,
    chunk: &Chunk,
    stored: Bytes,
    encrypted: bool,
    identity: Option<SecretString>,
) -> Result<(), Error> {
    let doing = || format!("load {} into {}", chunk.stored.object, destination.table);
    let (sender, receiver) = channel::<std::io::Result<Bytes>>(4);
    let thread = tokio::task::spawn_blocking(move || {
        if let Err(error) = decode(&stored, encrypted, identity.as_ref(), |piece| {
            sender.blocking_send(Ok(piece)).is_ok()
        }) {
            // Nobody listens any more when the server has refused the rows.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let loaded = feed(client, &destination.sql(), receiver).await;
    thread
        .await
        .map_err(|panic| Error::io(doing())(std::io::Error::other(panic)))?;
    let rows = match loaded {
        Ok(rows) => rows,
        Err(Feed::Server(source)) => {
            return Err(Error::Database {
                doing: doing(),
                source,
            });
        }
        Err(Feed::Bytes(source)) => {
            return Err(Error::Io {
                doing: doing(),
                source,
            });
        }
    };
    if rows != chunk.rows {
        return Err(Error::RowsMissing {
            table: doing(),
            counted: rows,
            said: chunk.rows,
        });
    }
    Ok(())
}

enum Feed {
    Server(tokio_postgres::Error),
    Bytes(std::io::Error),
}

async fn feed(
    client: &Client,
    sql: &str,
    mut pieces: Receiver<std::io::Result<Bytes>>,
) -> Result<u64, Feed> {
    let sink = client
        .copy_in::<_, Bytes>(sql)
        .await
        .map_err(Feed::Server)?;
    futures::pin_mut!(sink);
    while let Some(piece) = pieces.recv().await {
        // Dropping the sink without finishing it aborts the COPY.
        sink.send(piece.map_err(Feed::Bytes)?)
            .await
            .map_err(Feed::Server)?;
    }
    sink.finish().await.map_err(Feed::Server)
}

fn decode(
    stored: &[u8],
    encrypted: bool,
    identity: Option<&SecretString>,
    mut give: impl FnMut(Bytes) -> bool,
) -> std::io::Result<()> {
    let mut plain = chunk::open(stored, encrypted, identity)?;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = plain.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        if read == 0 || !give(piece.into()) {
            return Ok(());
        }
    }
}
