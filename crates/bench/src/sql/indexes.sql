ALTER TABLE events ADD PRIMARY KEY (id);
CREATE INDEX events_occurred_at ON events (occurred_at);
CREATE INDEX events_account ON events (account_id);
CREATE INDEX events_kind ON events (kind, occurred_at);
CREATE INDEX events_payload ON events USING gin (payload);
ALTER TABLE wide ADD PRIMARY KEY (id);
ALTER TABLE docs ADD PRIMARY KEY (id);
