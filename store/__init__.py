"""What penstock keeps on disk: SQLite, one file a table. Knows no network, gateway or adapters."""
