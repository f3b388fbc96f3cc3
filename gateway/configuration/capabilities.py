"""`[capabilities]`, checked and resolved: what models can do, by `provider/model`."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import msgspec

from gateway.configuration.document import Capabilities as RawCapabilities
from gateway.configuration.problems import Problem, dotted, nearest
from gateway.settings import Capabilities


def resolve_capabilities(
    raw: Mapping[str, RawCapabilities], names: AbstractSet[str], problems: list[Problem]
) -> dict[str, Capabilities]:
    """Capabilities by `provider/model`; both may be globs. `names` are the providers there are."""
    for name, entry in raw.items():
        provider, slash, model = name.partition("/")
        path = dotted("capabilities", name)
        if not slash or not model:
            remedy = 'say "provider/model"; either may be a glob'
            problems.append(Problem(path, "names no model", remedy))
        elif provider not in names and not any(mark in provider for mark in "*?["):
            problems.append(Problem(path, "no such provider is configured", nearest(provider, names)))
        problems += [
            Problem(f"{path}.{key}", "must be 1 or more", "leave out what is not known")
            for key, tokens in (("context", entry.context), ("output", entry.output))
            if tokens is not None and tokens < 1
        ]
    return {name: Capabilities(**msgspec.structs.asdict(entry)) for name, entry in raw.items()}
