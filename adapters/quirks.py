"""How a provider or a model strays from its dialect: asked of the table once for a plan."""

from fnmatch import fnmatchcase

from adapters.conversation import PLAIN, Quirks
from adapters.table import PROVIDERS


def quirks_for(provider: str, dialect: str, model: str) -> Quirks:
    """Return the quirks of a model at a provider, by the name of its row; plain where nothing is known."""
    row = PROVIDERS.get(provider)
    families = row.quirks.get(dialect, ()) if row else ()
    return next((quirks for glob, quirks in families if fnmatchcase(model, glob)), PLAIN)
