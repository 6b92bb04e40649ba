-- Sequences whose position is data: all but those of extensions, unless the extension marked them as configuration.
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       pg_catalog.has_sequence_privilege(c.oid, 'SELECT') AS readable,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS schema_usable,
       c.relpersistence = 'u' AS unlogged,
       owner_schema.nspname::text AS table_schema,
       owner.relname::text AS table_name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_depend d
  ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i') -- OWNED BY, identity
LEFT JOIN pg_catalog.pg_class owner ON owner.oid = d.refobjid
LEFT JOIN pg_catalog.pg_namespace owner_schema ON owner_schema.oid = owner.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence <> 't'
  AND (EXISTS (SELECT 1 FROM pg_catalog.pg_extension e WHERE e.oid >= 16384 AND c.oid = ANY (e.extconfig))
       OR (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND NOT EXISTS (
             SELECT 1 FROM pg_catalog.pg_depend m
             WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid
               AND m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND m.deptype = 'e')))
ORDER BY 1, 2
