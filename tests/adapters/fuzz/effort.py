"""How long the fuzzers look: a little and always alike in the tests, long and at random with `just fuzz`."""

import os

from hypothesis import HealthCheck, settings

# What `just fuzz` sets: how many times as many examples are tried.
FACTOR = int(os.environ.get("FUZZ_FACTOR", "1"))


def tries(examples: int) -> settings:
    """Settings with this many examples, or many times as many."""
    return settings(
        max_examples=examples * FACTOR,
        derandomize=FACTOR == 1,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
