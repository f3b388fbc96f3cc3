"""What penstock keeps on disk: SQLite through apsw, one file a table. Knows no network, gateway or adapters."""
