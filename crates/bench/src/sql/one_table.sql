-- A copy of the database in which one table is everything.
CREATE DATABASE one_table TEMPLATE bench;
\connect one_table
DROP TABLE events, wide, docs, pgbench_branches, pgbench_history, pgbench_tellers;
VACUUM (FREEZE, ANALYZE);
