"""The configuration as people write it, in a file, the environment and flags, and how it becomes settings."""
