"""How a provider or a model strays from its dialect: looked up once for a plan."""

from adapters.conversation import PLAIN, Quirks


def quirks_for(provider: str, dialect: str, model: str) -> Quirks:  # noqa: ARG001 - rows say it
    """Return the quirks of a model at a provider, by the name of its row; plain where nothing is known."""
    return PLAIN
