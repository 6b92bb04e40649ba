//! The parts of a backup that `pg_dump` writes: the schema, and the roles beside it.

use super::Run;
use crate::{
    chunk::Sealed, engine, error::Error, manifest::StoredObject, pg_tools::ToolError,
    repository::Repository, snapshot::Snapshot,
};

/// What was stored, and what a person should know about it.
pub(super) struct StoredSchema {
    pub(super) schema: StoredObject,
    pub(super) globals: Option<StoredObject>,
    pub(super) remarks: Vec<String>,
}

impl Run<'_> {
    /// Stores what `pg_dump` said of the schema, and the roles.
    pub(super) async fn store_schema(&self, snapshot: &Snapshot) -> Result<StoredSchema, Error> {
        let (schema, globals) = tokio::join!(
            self.store_small("schema.dump", &snapshot.schema),
            self.roles(snapshot)
        );
        let schema = schema?;
        let (globals, remarks) = match globals {
            None => (None, Vec::new()),
            Some(Ok(text)) => (
                Some(self.store_small("globals.sql", &text).await?),
                Vec::new(),
            ),
            Some(Err(error)) => (None, vec![format!("roles are not in this backup: {error}")]),
        };
        Ok(StoredSchema {
            schema,
            globals,
            remarks,
        })
    }

    async fn roles(&self, snapshot: &Snapshot) -> Option<Result<Vec<u8>, ToolError>> {
        if !self.options.globals {
            return None;
        }
        let arguments = [
            "--globals-only",
            "--no-role-passwords",
            "--database",
            &self.options.params.database,
        ];
        let dumped = self
            .tools
            .run("pg_dumpall", &snapshot.server, &arguments, None)
            .await;
        Some(dumped.map(|output| output.stdout))
    }

    async fn store_small(&self, name: &str, plain: &[u8]) -> Result<StoredObject, Error> {
        let object = format!("{name}{}", self.options.codec.suffix());
        let sealed: Sealed = self
            .options
            .codec
            .seal(plain)
            .map_err(Error::io(format!("compress {name}")))?;
        let folder = Repository::folder(self.id);
        self.repository
            .store()
            .create(&format!("{folder}/{object}"), &sealed)
            .await?;
        Ok(engine::describe(&object, &sealed))
    }
}
