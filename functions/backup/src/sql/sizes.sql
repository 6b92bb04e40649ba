-- Sizes of tables that are locked already: asking for a size takes a lock too, and would wait behind others.
SELECT c.oid,
       pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8 AS pages,
       pg_catalog.pg_table_size(c.oid) AS bytes
FROM pg_catalog.pg_class c
WHERE c.oid = ANY ($1)
