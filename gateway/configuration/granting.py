"""What `[keys]` grants, checked: which models and providers a key is for."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from fnmatch import fnmatchcase

from gateway.configuration.document_server import Key
from gateway.configuration.problems import Problem, dotted, nearest


def check_grants(keys: Mapping[str, Key], names: AbstractSet[str], problems: list[Problem]) -> None:
    """Find what shuts out whom it is to let in. `names` are the providers there are."""
    for name, key in keys.items():
        for field in ("models", "providers"):
            path = dotted("keys", name, field)
            globs: list[str] | None = getattr(key, field)
            if globs == []:
                problems.append(Problem(path, "there is nothing in it", "leave it out for any"))
            if "" in (globs or ()):
                problems.append(Problem(path, "expected names and globs, got an empty one"))
        for place, glob in enumerate(key.providers or ()):
            if glob and not any(fnmatchcase(one, glob) for one in names):
                path = dotted("keys", name, "providers", str(place))
                problems.append(Problem(path, "no such provider is configured", nearest(glob, names)))
