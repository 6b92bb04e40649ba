-- What pgbench's tables lack: text, JSON, many columns, values out of line. The same rows each time.
-- Takes :events, :wide and :docs, the numbers of rows.

SELECT setseed(0.15);

-- A word of a made-up language, and many of them. Common syllables are far more common than rare ones, so that
-- text compresses about as text does.
CREATE FUNCTION pg_temp.syllable() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT ('{ka,lo,mi,ter,an,sol,ve,ri,do,nu,shi,pra,el,tos,ber,gan,o,fe,lin,cu,ma,ste,vor,ita,zu,neb,qua,dy,rho,ix,yl,wex}'
          ::text[])[1 + floor(32 * random() * random())]
$$;
CREATE FUNCTION pg_temp.word() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT pg_temp.syllable() || pg_temp.syllable() || pg_temp.syllable()
$$;

CREATE TABLE events (
  id          bigint NOT NULL,
  occurred_at timestamptz NOT NULL,
  account_id  integer NOT NULL,
  kind        text NOT NULL,
  message     text NOT NULL,
  payload     jsonb NOT NULL
);

INSERT INTO events
SELECT n,
       timestamptz '2025-01-01 00:00:00+00' + n * interval '47 seconds' + random() * interval '30 seconds',
       1 + floor(100000 * random()),
       ('{order.placed,order.paid,order.shipped,login,logout,search,cart.changed,page.viewed}'::text[])[1 + n % 8],
       (SELECT string_agg(pg_temp.word(), ' ') FROM generate_series(1, 26 + n % 13)),
       jsonb_build_object(
         'request', jsonb_build_object(
           'id', md5(n::text),
           'path', '/' || pg_temp.word() || '/' || floor(5000 * random()),
           'milliseconds', round((900 * random())::numeric, 2),
           'agent', ('{Mozilla/5.0 (X11; Linux x86_64),curl/8.5.0,okhttp/4.12.0,Dalvik/2.1.0 (Linux; U; Android 14)}'
                     ::text[])[1 + n % 4]),
         'user', jsonb_build_object('id', floor(100000 * random()), 'name', pg_temp.word() || ' ' || pg_temp.word()),
         'tags', jsonb_build_array(pg_temp.word(), pg_temp.word(), pg_temp.syllable()),
         'amount', round((500 * random())::numeric, 2),
         'retried', n % 17 = 0)
FROM generate_series(1, :events) AS n;

-- Eighty columns of ten kinds.
SELECT format(
         'CREATE TABLE wide (id integer NOT NULL, %s)',
         string_agg(format('c%s %s', i, (array['integer', 'smallint', 'double precision', 'numeric(10,2)', 'date',
           'timestamptz', 'boolean', 'text', 'bigint', 'real'])[1 + i % 10]), ', ' ORDER BY i))
FROM generate_series(1, 79) AS i
\gexec
SELECT format(
         'INSERT INTO wide SELECT n, %s FROM generate_series(1, %s) AS n',
         string_agg((array['floor(1000000 * random())', 'floor(300 * random())', 'random()', '1000 * random()',
           'date ''2020-01-01'' + floor(2000 * random())::integer',
           'timestamptz ''2025-01-01 00:00:00+00'' + floor(40000000 * random()) * interval ''1 second''',
           'random() < 0.3', 'nullif(pg_temp.syllable(), ''ka'')', 'n * 7 + floor(50 * random())',
           'random()'])[1 + i % 10], ', ' ORDER BY i), :wide)
FROM generate_series(1, 79) AS i
\gexec

CREATE TABLE docs (
  id         integer NOT NULL,
  title      text NOT NULL,
  body       text NOT NULL,
  attachment bytea NOT NULL
);

INSERT INTO docs
SELECT n,
       pg_temp.word() || ' ' || pg_temp.word(),
       (SELECT string_agg(pg_temp.word(), ' ') FROM generate_series(1, 1000 + n % 600)),
       (SELECT decode(string_agg(md5(n || '/' || i), ''), 'hex') FROM generate_series(1, 512) AS i)
FROM generate_series(1, :docs) AS n;
