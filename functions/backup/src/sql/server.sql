-- Who and what the server is. Everything here is readable by every role, but for the system identifier.
SELECT pg_catalog.current_setting('server_version_num')::int4 AS version_num,
       pg_catalog.current_setting('server_version') AS version,
       d.oid AS database_oid,
       pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding,
       d.datcollate::text AS collate,
       d.datctype::text AS ctype,
       -- By way of JSON: the provider is a column since 15, the version too.
       coalesce(pg_catalog.to_jsonb(d) ->> 'datlocprovider', 'c') AS locale_provider,
       coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') AS locale,
       pg_catalog.to_jsonb(d) ->> 'datcollversion' AS collation_version,
       pg_catalog.current_setting('lc_monetary') AS lc_monetary,
       pg_catalog.pg_is_in_recovery() AS standby,
       pg_catalog.pg_postmaster_start_time()::text AS started,
       CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
            THEN (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) END AS system_identifier,
       pg_catalog.clock_timestamp() AS clock,
       -- A standby that has replayed all it was sent is not behind, however long ago the primary's last transaction was.
       CASE WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn()
                 AND EXISTS (SELECT 1 FROM pg_catalog.pg_stat_wal_receiver)
            THEN pg_catalog.clock_timestamp()
            ELSE pg_catalog.pg_last_xact_replay_timestamp() END AS replayed,
       pg_catalog.pg_backend_pid() AS pid,
       ARRAY(SELECT extname::text FROM pg_catalog.pg_extension WHERE oid >= 16384 ORDER BY 1) AS extensions,
       ARRAY(SELECT extversion FROM pg_catalog.pg_extension WHERE oid >= 16384 ORDER BY extname::text) AS extension_versions
FROM pg_catalog.pg_database d
WHERE d.datname = pg_catalog.current_database()
