"""The path of a request, and everything that waits: what knows networks, servers and people."""


def version() -> str:
    """The version of the installed distribution, or "source" when nothing is installed."""
    from importlib import metadata  # noqa: PLC0415 - only those who ask for the version pay for its import

    try:
        return metadata.version("penstock")
    except metadata.PackageNotFoundError:
        return "source"
