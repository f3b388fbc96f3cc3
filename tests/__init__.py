"""What penstock is known to do. Mirrors the three packages; `upstream` is a provider that plays scripts."""
