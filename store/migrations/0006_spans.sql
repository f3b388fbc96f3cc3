-- Rows of the ledger are found by where they stand: between which numbers those of an hour, and those of a
-- session on a day, are. An index by time, by session and by key took longer to keep up with than the rows did.

DROP INDEX ledger_by_time;
DROP INDEX ledger_by_session;
DROP INDEX ledger_by_key;

CREATE TABLE ledger_hours (
    hour INTEGER PRIMARY KEY,
    first_row INTEGER NOT NULL,
    last_row INTEGER NOT NULL
) STRICT;

INSERT INTO ledger_hours
SELECT began / 3600000, min(number), max(number) FROM ledger
WHERE number <= (SELECT number FROM marks WHERE name = 'rolled') GROUP BY 1;

-- Where nobody says between which numbers, it is anywhere.
ALTER TABLE usage_sessions ADD COLUMN first_row INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_sessions ADD COLUMN last_row INTEGER NOT NULL DEFAULT 9223372036854775807;

UPDATE usage_sessions SET first_row = found.first_row, last_row = found.last_row FROM (
    SELECT began / 86400000 AS day, key_id, session, agent, parent_agent, model, cause,
        min(number) AS first_row, max(number) AS last_row
    FROM ledger WHERE number <= (SELECT number FROM marks WHERE name = 'rolled') GROUP BY 1, 2, 3, 4, 5, 6, 7
) AS found
WHERE (
    usage_sessions.day, usage_sessions.key_id, usage_sessions.session, usage_sessions.agent,
    usage_sessions.parent_agent, usage_sessions.model, usage_sessions.cause
) = (
    found.day, found.key_id, found.session, found.agent, found.parent_agent, found.model, found.cause
);

-- The dearest of a day.
CREATE INDEX usage_sessions_by_cost ON usage_sessions (day, cost);
