-- Every heap whose rows belong into a logical backup: what pg_dump's data section would COPY, one row each.
-- Leaves of partitions and inheritance children are relations of their own; roots, views, foreign tables, indexes and
-- materialized views (refreshed on restore) are not here. Members of an extension are its own business, but for the
-- tables it has marked as configuration, wherever they live. Nothing here takes a lock: sizes are asked for later.
WITH configuration AS (
  SELECT e.extname, marked.relid, coalesce(marked.condition, '') AS condition
  FROM pg_catalog.pg_extension e
  CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(e.extconfig), pg_catalog.unnest(e.extcondition))
    AS marked(relid, condition)
  WHERE e.oid >= 16384 -- FirstNormalObjectId: older ones come with initdb
), member AS (
  SELECT objid AS relid
  FROM pg_catalog.pg_depend
  WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND deptype = 'e' AND objsubid = 0
), rehashed AS (
  -- The hash of an enum value is the hash of its oid, which another database gives anew: rows change their leaf.
  SELECT leaf.relid, pg_catalog.pg_partition_root(p.partrelid)::pg_catalog.oid AS root
  FROM pg_catalog.pg_partitioned_table p
  CROSS JOIN LATERAL pg_catalog.pg_partition_tree(pg_catalog.pg_partition_root(p.partrelid)) leaf
  WHERE leaf.isleaf AND (
    SELECT oc.oid FROM pg_catalog.pg_opclass oc JOIN pg_catalog.pg_am am ON am.oid = oc.opcmethod
    WHERE oc.opcname = 'enum_ops' AND am.amname = 'hash'
      AND oc.opcnamespace = 'pg_catalog'::pg_catalog.regnamespace) = ANY (p.partclass)
)
SELECT c.oid,
       n.nspname::text AS schema,
       c.relname::text AS name,
       c.relpersistence = 'u' AS unlogged,
       coalesce(am.amname = 'heap', true) AS heap,
       -- To plan a query is to simplify the expressions of the table's indexes and statistics, which runs functions.
       EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
               JOIN pg_catalog.pg_proc f ON f.oid = d.refobjid
               JOIN pg_catalog.pg_language l ON l.oid = f.prolang AND l.lanname NOT IN ('internal', 'c')
               WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.oid >= 16384
                 AND (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.objid IN (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid)
                      OR d.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
                      AND d.objid IN (SELECT s.oid FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = c.oid))
              ) AS planning_runs_functions,
       configuration.extname::text AS extension,
       coalesce(configuration.condition, '') AS condition,
       root_schema.nspname::text AS root_schema,
       root.relname::text AS root_name,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
             ORDER BY a.attnum) AS columns,
       c.reltuples::float8 AS estimated_rows,
       -- Of a table that was dropped after the snapshot nothing is known; the comparison of files will find it.
       coalesce(pg_catalog.has_table_privilege(c.oid, 'SELECT'), true) AS readable,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS schema_usable,
       coalesce(pg_catalog.row_security_active(c.oid), false) AS row_security
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
LEFT JOIN configuration ON configuration.relid = c.oid
LEFT JOIN (SELECT DISTINCT relid, root FROM rehashed) rehashed ON rehashed.relid = c.oid
LEFT JOIN pg_catalog.pg_class root ON root.oid = rehashed.root
LEFT JOIN pg_catalog.pg_namespace root_schema ON root_schema.oid = root.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND (configuration.relid IS NOT NULL
       OR (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND c.oid NOT IN (SELECT relid FROM member)))
ORDER BY n.nspname, c.relname
