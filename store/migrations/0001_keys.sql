-- Who may call, who stands above them, and who changed it. Times are milliseconds since 1970, UTC.

CREATE TABLE principals (
    id TEXT PRIMARY KEY CHECK (id <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('organisation', 'team', 'project', 'user')),
    parent TEXT REFERENCES principals (id),
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer', 'service')),
    state TEXT NOT NULL CHECK (state IN ('active', 'blocked')),
    created INTEGER NOT NULL,
    settings TEXT NOT NULL CHECK (json_valid(settings))
) STRICT, WITHOUT ROWID;

CREATE INDEX principals_by_parent ON principals (parent, id);

CREATE TABLE keys (
    id TEXT PRIMARY KEY CHECK (id <> ''),
    digest BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer', 'service')),
    state TEXT NOT NULL CHECK (state IN ('active', 'blocked', 'revoked')),
    owner TEXT REFERENCES principals (id),
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    former_digest BLOB UNIQUE,
    former_until INTEGER NOT NULL,
    settings TEXT NOT NULL CHECK (json_valid(settings))
) STRICT, WITHOUT ROWID;

CREATE INDEX keys_by_owner ON keys (owner, id);
CREATE INDEX keys_by_age ON keys (created, id);

CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT
) STRICT;

CREATE INDEX audit_by_subject ON audit (kind, subject, number);
