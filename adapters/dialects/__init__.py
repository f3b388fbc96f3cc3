"""One folder per dialect, each with the same four files: wire, request, reply, stream."""
