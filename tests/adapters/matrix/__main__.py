"""Writes the goldens of the matrix anew: `python -m tests.adapters.matrix`, then read what has changed."""

from tests.adapters.matrix import replies, requests

requests.write()
replies.write()
