"""The admin API under /admin/v1: what is kept and configured, looked at and changed while running (G12)."""
