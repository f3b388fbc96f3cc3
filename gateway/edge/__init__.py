"""What is not the path of a request: metrics, readiness, the log's level. Starlette lives only here."""
