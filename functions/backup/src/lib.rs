//! Streams a consistent `PostgreSQL` backup to Cloud Storage, and proves that it restores.
