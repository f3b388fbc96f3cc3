"""Providers that need more than a row of the table: one small file each."""
