-- The indexes of the given tables with their access method and size: what a restore will have to build, and how long
-- that is likely to take.
SELECT i.indrelid AS table,
       c.oid,
       c.relname::text AS name,
       am.amname::text AS method,
       pg_catalog.pg_relation_size(c.oid) AS bytes,
       (SELECT k.oid FROM pg_catalog.pg_constraint k
        WHERE k.conindid = c.oid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')) AS "constraint"
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am am ON am.oid = c.relam
WHERE i.indrelid = ANY ($1)
ORDER BY 1, 3
