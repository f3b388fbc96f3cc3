-- What was used: one row an attempt. `number` only ever grows, which is what the rollups go by.

CREATE TABLE ledger (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (id <> ''),
    exchange TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    began INTEGER NOT NULL,
    first_byte INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    organisation_id TEXT NOT NULL,
    session TEXT NOT NULL,
    agent TEXT NOT NULL,
    parent_agent TEXT NOT NULL,
    dialect TEXT NOT NULL,
    provider TEXT NOT NULL,
    credential INTEGER NOT NULL,
    asked TEXT NOT NULL,
    model TEXT NOT NULL,
    cause TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER NOT NULL,
    streamed INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    input INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    price TEXT NOT NULL
) STRICT;

CREATE INDEX ledger_by_time ON ledger (began, number);
CREATE INDEX ledger_by_exchange ON ledger (exchange);
CREATE INDEX ledger_by_session ON ledger (session, number) WHERE session <> '';
CREATE INDEX ledger_by_key ON ledger (key_id, number);

-- What has been spent, in micro-dollars: in one period of one window of one scope. The scope is the gateway's
-- word for who spends ("key:…", "team:…"), the period the time at which it began.
CREATE TABLE budgets (
    scope TEXT NOT NULL,
    "window" TEXT NOT NULL,
    period INTEGER NOT NULL,
    spent INTEGER NOT NULL,
    PRIMARY KEY (scope, "window", period)
) STRICT, WITHOUT ROWID;

CREATE INDEX budgets_by_period ON budgets (period);
