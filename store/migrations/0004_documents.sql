-- What is set while running, and what was learned. Bodies are JSON whose shape is the gateway's.

CREATE TABLE documents (
    name TEXT NOT NULL CHECK (name <> ''),
    version INTEGER NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (name, version)
) STRICT;

CREATE TABLE prices (
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    updated INTEGER NOT NULL,
    PRIMARY KEY (provider, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE lessons (
    id TEXT PRIMARY KEY CHECK (id <> ''),
    body TEXT NOT NULL CHECK (json_valid(body)),
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE estimates (
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    ratio REAL NOT NULL CHECK (ratio > 0),
    reported INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (provider, model)
) STRICT, WITHOUT ROWID;
