"""What is known of a provider before anybody configures it: one row of the table."""

import msgspec


class ProviderRow(msgspec.Struct, frozen=True):
    """A firm or a box that speaks one dialect or several.

    `base_urls` maps a dialect's name to the address it is spoken at; `key_variable` is the
    environment variable its key is usually kept in; `families` are globs of model names that can
    only mean this provider; `passthrough` says that a client's own credential may go to it;
    `counts_tokens` that it answers count_tokens.
    """

    name: str
    title: str
    base_urls: dict[str, str]
    key_variable: str | None = None
    families: tuple[str, ...] = ()
    passthrough: bool = False
    counts_tokens: bool = False
