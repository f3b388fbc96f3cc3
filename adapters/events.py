"""The events of a reply and the whole they add up to: the middle every dialect is read into and written from.

Events are facts, named in the past tense, block-structured because a block can always be flattened
into a chunk and never guessed back from one.
"""

import msgspec


class Usage(msgspec.Struct, gc=False):
    """Tokens in one form (feature A10): `input` is uncached input, cache reads and writes stand apart."""

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
