"""Bytes <-> facts: dialects and providers, without I/O. Imports msgspec and the standard library only."""
