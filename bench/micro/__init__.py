"""The micro layer: pytest-benchmark files, run by `python -m bench micro`."""
